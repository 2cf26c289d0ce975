"""When cron's jobs run, and what becomes of those that fail, hang or were missed."""
import datetime
import json
import time

import pytest

from harness.waiting import eventually, stays

from .cron_runs import UTC, add_holds, add_offers, jobs, leads, reaches, run_of, runs, slow, worker_id
from .test_job_lifecycle import metrics_of



@pytest.fixture
def shop(new_cron_shop):
    return new_cron_shop(settings={"COUPON_TZ": "UTC"})


def time_of_day(**offset):
    return f"daily {datetime.datetime.now(UTC) + datetime.timedelta(**offset):%H:%M}"


def lines(shop, message):
    return [line for line in map(json.loads, filter(lambda line: line.startswith("{"), shop.log().splitlines()))
            if line["message"] == message]


# --- when


def test_a_job_runs_at_its_times(shop):
    shop.start_cron(CRON_RELEASE_HOLDS="every 2s")
    rows = eventually(lambda: (found := runs(shop, "release_holds", status="completed")) and len(found) >= 3 and found,
                      "three runs", 30)
    assert {row["cause"] for row in rows} <= {"schedule", "missed"}
    assert all(row["due_at"].timestamp() % 2 == 0 for row in rows)
    assert all(row["started_at"] >= row["due_at"] for row in rows)
    assert rows[0]["result"] == {"released": 0} and rows[0]["takeovers"] == 0
    assert len({row["due_at"] for row in rows}) == len(rows)


def test_what_was_due_before_there_was_a_worker_is_not_owed(shop):
    shop.start_cron(CRON_EXPIRE_OFFERS=time_of_day(hours=-2))
    leads(shop)
    shop.run("wallet_check")  # it works
    assert runs(shop, "expire_offers") == []
    next_at = jobs(shop)["expire_offers"]["next_at"]
    assert next_at > datetime.datetime.now(UTC) + datetime.timedelta(hours=20)


def test_a_missed_run_is_caught_up_once(shop):
    schedule = time_of_day(hours=-2)
    worker = shop.start_cron(CRON_EXPIRE_OFFERS=schedule)
    leads(shop)
    assert worker.stop() == 0
    # As if nobody had been there for ten days.
    shop.database.run("UPDATE cron_jobs SET since = since - interval '10 days'")
    worker = shop.start_cron(CRON_EXPIRE_OFFERS=schedule)
    row = eventually(lambda: runs(shop, "expire_offers", status="completed"), "it is caught up", 20)[0]
    assert row["cause"] == "missed"
    assert f"daily {row['due_at'].astimezone(UTC):%H:%M}" == schedule
    assert row["due_at"] > datetime.datetime.now(UTC) - datetime.timedelta(hours=3)
    assert worker.stop() == 0
    shop.start_cron(CRON_EXPIRE_OFFERS=schedule)
    shop.run("wallet_check")
    assert len(runs(shop, "expire_offers")) == 1


def test_a_new_schedule_owes_nothing(shop):
    worker = shop.start_cron(CRON_EXPIRE_OFFERS="weekly mon 00:00")
    leads(shop)
    shop.database.run("UPDATE cron_jobs SET since = since - interval '1 hour'")
    assert worker.stop() == 0
    shop.start_cron(CRON_EXPIRE_OFFERS=time_of_day(minutes=-30))
    shop.run("wallet_check")
    assert runs(shop, "expire_offers") == []


def test_a_job_that_is_off_runs_when_it_is_asked_for(shop):
    add_offers(shop, 3)
    shop.start_cron()
    assert leads(shop)
    assert jobs(shop)["expire_offers"]["next_at"] is None
    assert shop.run("expire_offers") == {"expired": 3, "left": 0}
    assert [row["cause"] for row in runs(shop)] == ["manual"]


# --- one run of a job at a time, and none that stops others


@pytest.fixture
def hanging(shop):
    """A worker whose wallet_check waits for a lock: (the worker, its run, what lets it go on)."""
    connection = shop.database.connect()
    connection.cursor().execute("LOCK TABLE ledger_seals IN ACCESS EXCLUSIVE MODE")
    worker = shop.start_cron("--grace", "2", METRICS_LISTEN=f"127.0.0.1:{shop.metrics_port}")
    leads(shop)
    number = shop.ask_for("wallet_check")
    reaches(shop, number, "running")
    yield worker, number, connection.rollback
    connection.close()


def test_a_job_that_hangs_keeps_no_other_from_its_turn(shop, hanging):
    _, number, release = hanging
    add_offers(shop, 1)
    assert shop.run("expire_offers") == {"expired": 1, "left": 0}
    assert shop.run("release_holds") == {"released": 0}
    again = shop.ask_for("wallet_check")
    stays(lambda: run_of(shop, again)["status"] == "requested", "one run at a time", 2.5)
    assert run_of(shop, number)["status"] == "running"
    assert metrics_of(shop.metrics_port)['coupon_cron_running_seconds{job="wallet_check"}'] > 2
    release()
    first, second = reaches(shop, number, "completed"), reaches(shop, again, "completed")
    assert second["started_at"] >= first["finished_at"]


def test_a_job_that_outlasts_the_grace_time_is_done_by_the_next_worker(shop, hanging):
    worker, number, release = hanging
    assert worker.stop() == 0
    row = run_of(shop, number)
    assert (row["status"], row["worker"], row["takeovers"]) == ("requested", None, 0)
    assert jobs(shop)["wallet_check"]["leader"] is None
    release()
    other = shop.start_cron()
    assert reaches(shop, number, "completed")["worker"] == worker_id(shop, other)


def test_a_worker_that_is_stopped_gives_its_job_back_between_two_steps(shop):
    ids = add_offers(shop, 1500)
    slow(shop, "offers", 1)
    worker = shop.start_cron()
    leads(shop)
    number = shop.ask_for("expire_offers")
    eventually(lambda: shop.database.value("SELECT count(*) FROM offers WHERE NOT is_active"), "the first step is done", 20)
    assert worker.stop() == 0
    left = shop.database.value("SELECT count(*) FROM offers WHERE is_active")
    row = run_of(shop, number)
    assert 0 < left < len(ids) and (row["status"], row["takeovers"]) == ("requested", 0)
    shop.start_cron()
    assert reaches(shop, number, "completed")["result"] == {"expired": left, "left": 0}


# --- failures


def test_a_job_that_fails_says_why_and_runs_again_when_it_is_due(shop):
    shop.database.run("ALTER FUNCTION wallet_expire(integer) RENAME TO wallet_expire_")
    shop.start_cron(CRON_RELEASE_HOLDS="every 2s", METRICS_LISTEN=f"127.0.0.1:{shop.metrics_port}")
    rows = eventually(lambda: (found := runs(shop, "release_holds", status="failed")) and len(found) >= 2 and found,
                      "two runs fail", 20)
    assert "wallet_expire" in rows[0]["error"] and rows[0]["finished_at"] and rows[0]["result"] is None
    logged = lines(shop, "a job failed; it runs again when it is due")[0]
    assert logged["level"] == "error" and logged["job"] == "release_holds" and logged["error"] == rows[0]["error"]
    samples = metrics_of(shop.metrics_port)
    assert samples['coupon_cron_last_failed{job="release_holds"}'] == 1 and samples["coupon_cron_leader"] == 1
    shop.database.run("ALTER FUNCTION wallet_expire_(integer) RENAME TO wallet_expire")
    eventually(lambda: runs(shop, "release_holds", status="completed"), "it works again", 20)
    samples = metrics_of(shop.metrics_port)
    assert samples['coupon_cron_last_failed{job="release_holds"}'] == 0
    assert samples['coupon_cron_last_success_age_seconds{job="release_holds"}'] < 60
    assert 'coupon_cron_last_success_age_seconds{job="expire_offers"}' not in samples  # it is off


def test_a_job_that_meets_a_lock_is_begun_again(shop):
    add_offers(shop, 2)
    connection = shop.database.connect()
    connection.cursor().execute("LOCK TABLE offers IN ACCESS EXCLUSIVE MODE")
    shop.start_cron()
    leads(shop)
    number = shop.ask_for("expire_offers")
    eventually(lambda: run_of(shop, number)["takeovers"] > 0, "it is begun again", 20)
    connection.close()
    row = reaches(shop, number, "completed")
    assert row["result"] == {"expired": 2, "left": 0} and row["error"] is None


def test_a_lock_that_stays_fails_the_run(shop):
    connection = shop.database.connect()
    connection.cursor().execute("LOCK TABLE offers IN ACCESS EXCLUSIVE MODE")
    shop.start_cron()
    leads(shop)
    row = reaches(shop, shop.ask_for("expire_offers"), "failed", 60)
    assert "lock timeout" in row["error"] and row["takeovers"] == 3
    connection.close()


def test_a_run_that_killed_its_workers_is_given_up(shop):
    shop.start_cron()
    leads(shop)
    insert = ("INSERT INTO cron_runs (job, due_at, cause, status, worker, started_at, takeovers)"
              " VALUES ('expire_offers', now(), 'schedule', 'running', 'cron:gone:1', now(), %s) RETURNING id")
    poison = shop.database.value(insert, [3])
    row = reaches(shop, poison, "interrupted")
    assert "begun 4 times" in row["error"] and row["finished_at"]
    unlucky = shop.database.value(insert, [2])
    assert reaches(shop, unlucky, "completed")["takeovers"] == 3


def test_a_request_for_no_job_is_refused(shop):
    shop.start_cron()
    leads(shop)
    assert reaches(shop, shop.ask_for("expire_offerings"), "failed")["error"] == "cron has no such job"


def test_jobs_of_earlier_versions_are_forgotten(shop):
    shop.database.run("INSERT INTO cron_jobs (name, what, schedule, zone) VALUES ('old', 'x', 'off', 'UTC')")
    shop.start_cron()
    eventually(lambda: "expire_offers" in jobs(shop) and "old" not in jobs(shop), "it is forgotten", 20)


def test_postgres_away_is_waited_for(new_cron_shop):
    shop = new_cron_shop(gates=True)
    shop.postgres_gate.shut()
    shop.start_cron()
    time.sleep(1)
    shop.postgres_gate.open()
    leads(shop)
    shop.redis_gate.shut()
    add_holds(shop, 2)
    assert shop.run("release_holds") == {"released": 2}
    shop.redis_gate.open()
