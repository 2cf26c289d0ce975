"""E-mail while its workers, Redis and PostgreSQL are killed: every job taken in is sent, and none twice unless nobody
could know that it had been sent, which its row says."""
import collections
import random
import threading
import time

import pytest

from harness.waiting import eventually
from jobs.message_shop import MessageShop

LEASE_S = 60           # the shortest there is
DRAIN_DEADLINE_S = 150


@pytest.fixture
def mailing(postgres, redis_server, template):
    shop = MessageShop(postgres, redis_server, template, after=0.05)
    yield shop
    shop.close()


class Producer:
    """Pushes jobs to Redis as fast as they are asked for, each once."""

    def __init__(self, shop, a_second=400):
        self.shop = shop
        self.a_second = a_second
        self.ids = []
        self._going_on = True
        self._thread = threading.Thread(target=self._push, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._going_on = False
        self._thread.join()

    def _push(self):
        while self._going_on:
            first = len(self.ids)
            numbers = range(first, first + self.a_second // 20)
            entries = [{"id": f"job-{number}", "type": "password_reset", "to": f"visitor-{number}@example.com",
                        "data": {"name": "Asha", "reset_url": "https://shop.test/reset", "token": str(number)}}
                       for number in numbers]
            self.shop.push_to("email", *entries)
            self.ids += [entry["id"] for entry in entries]
            time.sleep(0.05)

    def goes_on(self, jobs):
        """Until so many more have been pushed."""
        wanted = len(self.ids) + jobs
        eventually(lambda: len(self.ids) >= wanted, "jobs are pushed", 30)


def settle(shop, producer, counts, faults):
    """Waits until nothing is to be done; then what the provider counted must agree with the rows."""
    def finished():
        return not shop.redis.llen("queue:email") and not shop.database.value(
            "SELECT count(*) FROM email_queue WHERE status IN ('pending', 'processing')")
    eventually(finished, "every message has come to its end", DRAIN_DEADLINE_S, every_s=0.2)
    rows = {row["id"]: row for row in shop.database.run(
        "SELECT id::text, status, delivery_status, unknowns, sent_at, last_error FROM email_queue")}
    arrived = shop.provider.times_sent()
    counts.add(faults=faults, accepted=len(producer.ids), stored=len(rows), served=len(arrived),
               unknown=sum(row["unknowns"] > 0 for row in rows.values()),
               twice=sum(times > 1 for times in arrived.values()))
    assert len(rows) == len(producer.ids), "a job that was pushed is no row, or two"
    assert set(arrived) == set(rows), f"{len(set(rows) - set(arrived))} jobs were never sent"
    for id, times in arrived.items():
        row = rows[id]
        assert times == 1 or row["unknowns"] > 0, f"{id} was sent {times} times, and nothing says why: {row}"
        assert times <= 1 + row["unknowns"] and times <= 2, f"{id} was sent {times} times: {row}"
        assert row["status"] == "completed" or (row["unknowns"] == 2 and row["delivery_status"] == "unknown"), row
    timelines = collections.defaultdict(list)
    for event in shop.database.run("SELECT message_id, status FROM message_events ORDER BY id"):
        timelines[event["message_id"]].append(event["status"])
    for id, row in rows.items():
        assert timelines[id].count("unknown") == row["unknowns"], (row, timelines[id])
        assert timelines[id].count("sent") == (row["sent_at"] is not None), (row, timelines[id])


@pytest.mark.deadline(300)
def test_an_email_worker_killed_twenty_times(mailing, counts):
    with Producer(mailing) as producer:
        for number in range(20):
            worker = mailing.start_email("--lease", LEASE_S, "--unknown-wait", 5)
            arrived = len(mailing.provider.sent)
            eventually(lambda: len(mailing.provider.sent) > arrived + 50, "the worker sends", 20)
            time.sleep(random.uniform(0, 0.2))
            worker.kill()
    mailing.start_email("--lease", LEASE_S, "--unknown-wait", 5)
    settle(mailing, producer, counts, faults=20)


@pytest.mark.deadline(300)
def test_two_email_workers_one_killed_ten_times(mailing, counts):
    mailing.start_email("--lease", LEASE_S, "--unknown-wait", 5)
    with Producer(mailing) as producer:
        for _ in range(10):
            worker = mailing.start_email("--lease", LEASE_S, "--unknown-wait", 5)
            producer.goes_on(60)
            worker.kill()
    settle(mailing, producer, counts, faults=10)


def test_redis_emptied_while_messages_are_sent(mailing, counts):
    """What was taken in is in PostgreSQL: Redis may forget everything."""
    with Producer(mailing, a_second=2000) as producer:
        producer.goes_on(2000)
    mailing.start_email("--lease", LEASE_S, "--unknown-wait", 5, "--in-flight", 20, SENDGRID_RATE="400r/s")
    eventually(lambda: not mailing.redis.llen("queue:email") and not mailing.redis.keys("{queue:email}:processing:*"),
               "all are taken in", 20)
    for _ in range(3):
        mailing.redis.flushall()
        time.sleep(0.3)
    settle(mailing, producer, counts, faults=3)
    assert max(mailing.provider.times_sent().values()) == 1


def test_redis_killed_while_messages_are_sent(mailing, counts):
    """Messages that FastAPI inserted as rows go out without Redis."""
    mailing.start_email("--lease", LEASE_S, "--unknown-wait", 5)
    with Producer(mailing) as producer:
        producer.goes_on(200)
    eventually(lambda: len(mailing.provider.sent) == len(producer.ids), "all so far are sent", 20)
    mailing.redis_server.kill()
    try:
        row = mailing.add_row()
        mailing.is_sent(row)
        producer.ids.append(row)
    finally:
        mailing.redis_server.start()
    settle(mailing, producer, counts, faults=1)


@pytest.mark.deadline(300)
def test_postgres_killed_while_messages_are_sent(mailing, counts):
    mailing.start_email("--lease", LEASE_S, "--unknown-wait", 5)
    with Producer(mailing) as producer:
        for _ in range(3):
            producer.goes_on(300)
            mailing.postgres.kill()
            producer.goes_on(100)
            mailing.postgres.start()
        producer.goes_on(100)
    settle(mailing, producer, counts, faults=3)
