"""Two cron workers, and the one that leads is killed, stopped, cut off, or loses PostgreSQL in the middle of its jobs: each
job's effects are there once, none is missed, and what a former leader still wanted to do is undone."""
import datetime
import json
import signal
import time

import pytest

from harness.waiting import eventually
from jobs.cron_runs import add_holds, add_offers, changes, count_changes, leader, leads, reaches, run_of, runs, slow, worker_id
from jobs.cron_shop import CronShop

OFFERS = 2_600     # six steps of the job
HOLDS = 40


class Pair:
    """A shop with two workers, whose jobs take some seconds."""

    def __init__(self, postgres, redis_server, template, counts):
        self.shop = CronShop(postgres, redis_server, template, gates=True)
        self.database = self.shop.database
        count_changes(self.shop)
        slow(self.shop, "offers", 0.4)
        slow(self.shop, "ledger_holds", 0.05, each="ROW")
        self.offers, self.users = [], []
        self.counts = counts
        self.workers = [self.start(), self.start()]
        leads(self.shop)

    def start(self, **environment):
        """One worker, not through the gate unless it is told so."""
        worker = self.shop.start_cron(DATABASE_URL=environment.pop("url", self.database.url), **environment)
        assert worker_id(self.shop, worker)
        return worker

    def leader(self):
        """The process that leads, and the others."""
        found = eventually(lambda: next((worker for worker in self.workers if worker.running and worker_id(self.shop, worker) == leader(self.shop)),
                                        None), "one of them leads", 40)
        return found, [worker for worker in self.workers if worker is not found]

    def ask(self):
        """More offers and holds, and runs of both jobs, which have begun their steps; their numbers."""
        self.offers += add_offers(self.shop, OFFERS)
        self.users.append(add_holds(self.shop, HOLDS))
        done = len(changes(self.shop))
        numbers = [self.shop.ask_for("expire_offers"), self.shop.ask_for("release_holds")]
        eventually(lambda: len(changes(self.shop)) > done, "the first step is done", 40)
        return numbers

    def all_done(self, numbers, within_s=60):
        return [reaches(self.shop, number, "completed", within_s) for number in numbers]

    def settle(self, faults):
        made = changes(self.shop)
        balances = self.database.run("SELECT user_id, available, held FROM wallet_balances")
        wrong = [row for row in balances if (row["available"], row["held"]) != (HOLDS, 0)]
        ended = self.database.row("SELECT count(*) AS all, count(DISTINCT closes) AS different FROM ledger_transactions"
                                  " WHERE closes IS NOT NULL")
        self.counts.add(faults=faults, accepted=len(self.offers), stored=len(made), missing=len(set(self.offers) - set(made)),
                        twice=len(made) - len(set(made)))
        assert made == sorted(self.offers), "each offer once"
        steps = [row["pid"] for row in self.database.run("SELECT pid FROM offer_changes GROUP BY pid, at ORDER BY at")]
        turns = [pid for place, pid in enumerate(steps) if place == 0 or steps[place - 1] != pid]
        assert len(turns) == len(set(turns)), "somebody went on after another had taken the run over"
        assert not wrong and ended == {"all": HOLDS * len(self.users), "different": HOLDS * len(self.users)}
        assert self.database.run("SELECT problem FROM ledger_problems()") == []
        assert runs(self.shop, status="running") == [] and runs(self.shop, status="failed") == []

    def lines(self, message):
        return [line for line in map(json.loads, filter(lambda text: text.startswith("{"), self.shop.log().splitlines()))
                if line["message"] == message]

    def close(self):
        for worker in self.workers:
            if worker.running:
                worker.send(signal.SIGCONT)
        self.shop.close()


@pytest.fixture
def pair(postgres, redis_server, template, counts):
    made = Pair(postgres, redis_server, template, counts)
    yield made
    made.close()


LOST = "another worker has this run by now; what it had not committed is undone"


@pytest.mark.deadline(400)
def test_the_leader_is_killed_in_the_middle_of_its_jobs(pair):
    kills = 0
    for _ in range(4):
        numbers = pair.ask()
        for _ in range(2):
            worker, (other,) = pair.leader()
            done = len(changes(pair.shop))
            worker.kill()
            kills += 1
            leads(pair.shop, other)
            pair.workers = [other, pair.start()]
            eventually(lambda: len(changes(pair.shop)) > done or run_of(pair.shop, numbers[0])["finished_at"],
                       "the other goes on", 60)
        rows = pair.all_done(numbers)
        assert rows[0]["takeovers"] >= 1, "it was not killed in the middle"
    pair.settle(faults=kills)


@pytest.mark.deadline(300)
def test_a_run_that_is_due_while_the_leader_dies_is_not_missed(pair):
    for worker in pair.workers:
        assert worker.stop() == 0
    pair.workers = [pair.start(CRON_RELEASE_HOLDS="every 15s") for _ in range(2)]
    pair.users.append(add_holds(pair.shop, HOLDS))
    for _ in range(2):
        worker, (other,) = pair.leader()
        now = time.time()
        time.sleep(15 - now % 15 - 0.2)   # the next one is due at once
        due = datetime.datetime.fromtimestamp((now // 15 + 1) * 15, datetime.timezone.utc)
        worker.kill()
        row = eventually(lambda: next(iter(runs(pair.shop, "release_holds", due_at=due, status="completed")), None),
                         f"the run of {due}", 40)
        assert row["worker"] == worker_id(pair.shop, other)
        pair.workers = [other, pair.start(CRON_RELEASE_HOLDS="every 15s")]
    rows = runs(pair.shop, "release_holds")
    assert len({row["due_at"] for row in rows}) == len(rows)
    pair.settle(faults=2)


@pytest.mark.deadline(300)
def test_the_leader_is_stopped_for_longer_than_its_session_lives(pair):
    """SIGSTOP between two steps or within one, by chance; its late effects are fenced off."""
    for _ in range(2):
        numbers = pair.ask()
        worker, (other,) = pair.leader()
        worker.send(signal.SIGSTOP)
        leads(pair.shop, other, within_s=60)
        # PostgreSQL ends an open transaction of the stopped one within half a minute.
        eventually(lambda: run_of(pair.shop, numbers[0])["worker"] == worker_id(pair.shop, other), "it is taken over", 60)
        lost = len(pair.lines(LOST))
        worker.send(signal.SIGCONT)
        eventually(lambda: len(pair.lines(LOST)) > lost, "the first one learns of it", 40)
        # The holds may be in a transaction that was open all the time; then they stay with the first.
        assert pair.all_done(numbers)[0]["worker"] == worker_id(pair.shop, other)
        assert leader(pair.shop) == worker_id(pair.shop, other)
    pair.settle(faults=2)


@pytest.mark.deadline(300)
def test_the_leaders_session_is_ended(pair):
    """By an operator, or by whatever stands in between: its jobs still have their connections."""
    for _ in range(3):
        numbers = pair.ask()
        worker, (other,) = pair.leader()
        worker.send(signal.SIGSTOP)   # or it might have the lock again before the other looks
        assert pair.database.value("SELECT count(pg_terminate_backend(pid)) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                                   " WHERE locktype = 'advisory' AND granted AND application_name LIKE '%%cron leader'") == 1
        leads(pair.shop, other, within_s=20)
        worker.send(signal.SIGCONT)
        pair.all_done(numbers)
    pair.settle(faults=3)


@pytest.mark.deadline(300)
def test_a_run_is_taken_from_a_worker_that_goes_on(pair):
    """Whatever leads to it: from then on nothing of it stays but what the new one does."""
    for _ in range(3):
        number, _ = pair.ask()
        lost = len(pair.lines(LOST))
        _, (other,) = pair.leader()
        # After the step that is open just now.
        at = pair.database.value("UPDATE cron_runs SET worker = %s, takeovers = takeovers + 1 WHERE id = %s AND status = 'running'"
                                 " RETURNING clock_timestamp()", [worker_id(pair.shop, other), number])
        eventually(lambda: len(pair.lines(LOST)) > lost, "the first one learns of it", 40)
        assert pair.all_done([number])[0]["takeovers"] == 2
        assert pair.database.run("SELECT pid FROM offer_changes GROUP BY pid HAVING min(at) < %s AND max(at) > %s", [at, at]) == []
    eventually(lambda: not runs(pair.shop, status="running"), "the holds are done", 60)
    pair.settle(faults=3)


@pytest.mark.deadline(300)
def test_the_leader_is_cut_off(pair):
    """Bytes stop flowing between it and PostgreSQL, and flow again later."""
    for worker in pair.workers:
        assert worker.stop() == 0
    first = pair.start(url=pair.shop.environment["DATABASE_URL"])
    leads(pair.shop, first)
    pair.workers = [first, pair.start()]
    numbers = pair.ask()
    pair.shop.postgres_gate.stall()
    leads(pair.shop, pair.workers[1], within_s=60)
    eventually(lambda: run_of(pair.shop, numbers[0])["worker"] == worker_id(pair.shop, pair.workers[1]), "it is taken over", 60)
    pair.shop.postgres_gate.open()
    assert pair.all_done(numbers)[0]["worker"] == worker_id(pair.shop, pair.workers[1])
    pair.settle(faults=1)


@pytest.mark.deadline(300)
def test_postgres_is_killed_in_the_middle_of_jobs(pair):
    for _ in range(2):
        numbers = pair.ask()
        pair.shop.postgres.kill()
        pair.shop.postgres.start()
        pair.all_done(numbers, within_s=90)
    pair.settle(faults=2)
