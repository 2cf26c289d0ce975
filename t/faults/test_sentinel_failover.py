"""Redis under Sentinel: its master is killed, comes back as a replica, and steps down by command, while visitors click and
mails are sent. What replication had not carried over is lost in Redis, and nowhere else."""
import json
import threading
import time
import uuid

import pytest
import redis

from harness.waiting import eventually
from jobs.message_shop import MessageShop

from .accounts import settle
from .sentinel_set import SentinelSet


@pytest.fixture
def redis_server():
    """Instead of the run's shared Redis."""
    servers = SentinelSet()
    yield servers
    servers.stop()


def sentinel_shop(busy_shop, servers, **options):
    return busy_shop(settings={"coupon_redis": servers.edge_setting}, **options)


@pytest.mark.deadline(300)
def test_the_master_killed_and_then_a_fail_over_by_command(busy_shop, redis_server, counts):
    shop = sentinel_shop(busy_shop, redis_server)
    first = redis_server.master
    with shop.load() as load:
        load.goes_on(300)
        first.kill()
        load.goes_on(100)
        second = redis_server.promoted(first)
        load.goes_on(300)
        first.start()
        redis_server.whole()
        assert first.client().info("replication")["role"] == "slave"
        load.goes_on(200)
        third = redis_server.fail_over()
        load.goes_on(300)
    counts.add(faults=2)
    assert third is not second
    assert load.cuts == 0 and load.refused == 0, "a visitor noticed"
    assert not load.unjournaled
    redis_server.whole()
    settle(shop, load, counts)
    assert shop.edge.log().count('Redis master "shop" is connected again') >= 2


@pytest.mark.deadline(300)
def test_a_backlog_in_a_master_that_is_killed(busy_shop, redis_server, counts):
    """Nobody took the clicks from Redis yet; the replica that takes over may lack the last of them."""
    shop = sentinel_shop(busy_shop, redis_server, click_worker=False)
    first = redis_server.master
    with shop.load() as load:
        load.goes_on(500)
        eventually(lambda: first.client().llen("queue:clicks") > 300, "a backlog")
        first.kill()
        second = redis_server.promoted(first)
        load.goes_on(200)
        first.start()
        redis_server.whole()
        # The promoted one dies before anybody has taken a click.
        second.kill()
        redis_server.promoted(second)
        load.goes_on(200)
        second.start()
        redis_server.whole()
    counts.add(faults=2)
    shop.start_worker()
    settle(shop, load, counts)


class Mailing:
    """Inserts rows, as a producer that must not lose a mail, and pushes entries, as one that may."""

    def __init__(self, shop):
        self.shop = shop
        self.rows = []
        self.taken = []      # entries that Redis took
        self._going_on = True
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._going_on = False
        self._thread.join()

    def _run(self):
        while self._going_on:
            number = len(self.rows)
            self.rows.append(self.shop.add_row(type="password_reset", to=f"row-{number}@example.com", data=data(number)))
            entry = {"id": str(uuid.uuid4()), "type": "password_reset", "to": f"pushed-{number}@example.com",
                     "data": data(number)}
            try:
                self.shop.redis.rpush("queue:email", json.dumps(entry))
                self.taken.append(entry["id"])
            except redis.exceptions.RedisError:
                time.sleep(0.1)
            time.sleep(0.005)

    def goes_on(self, more):
        goal = len(self.rows) + more
        eventually(lambda: len(self.rows) >= goal, f"{more} more mails", 30)


def data(number):
    return {"name": "Asha", "reset_url": "https://shop.test/reset", "token": f"token-{number}"}


@pytest.mark.deadline(300)
def test_mails_while_the_master_is_killed_and_steps_down(postgres, redis_server, template, counts):
    shop = MessageShop(postgres, redis_server, template, after=0.02)
    try:
        shop.start_email("--unknown-wait", 5)
        first = redis_server.master
        with Mailing(shop) as mailing:
            mailing.goes_on(200)
            first.kill()
            redis_server.promoted(first)
            pushed = len(mailing.taken)
            eventually(lambda: len(mailing.taken) > pushed + 50, "the new master takes entries", 30)
            first.start()
            redis_server.whole()
            redis_server.fail_over()
            pushed = len(mailing.taken)
            eventually(lambda: len(mailing.taken) > pushed + 50, "the next master takes entries", 30)
        redis_server.whole()

        def finished():
            return not shop.redis.llen("queue:email") and not shop.redis.keys("{queue:email}:processing:*") and \
                not shop.database.value("SELECT count(*) FROM email_queue WHERE status IN ('pending', 'processing')")
        eventually(finished, "every message has come to its end", 90, every_s=0.2)
        rows = {row["id"]: row for row in shop.database.run(
            "SELECT id::text, status, delivery_status, unknowns FROM email_queue")}
        arrived = shop.provider.times_sent()
        lost = set(mailing.taken) - set(rows)
        counts.add(faults=2, accepted=len(mailing.rows) + len(mailing.taken), stored=len(rows), served=len(arrived),
                   missing=len(lost), twice=sum(times > 1 for times in arrived.values()))
        assert set(mailing.rows) <= set(rows), "a row is gone"
        assert set(arrived) == set(rows), "a message was never sent"
        assert {row["status"] for row in rows.values()} == {"completed"}
        assert all(times == 1 for times in arrived.values()), "no worker was killed: nothing is sent twice"
        # Only what Redis alone had can be lost, and of that only what had not reached a replica.
        assert len(lost) < len(mailing.taken) / 4, f"{len(lost)} of {len(mailing.taken)} entries are lost"
    finally:
        shop.close()
