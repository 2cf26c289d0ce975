"""Intake while what it stands on fails; without an edge, so nothing is sent a second time unless the test does."""
import json
import random
import time

import pytest

from harness.postgres import Postgres
from harness.redis_server import Redis
from harness.shop import migrate
from harness.waiting import eventually, stays

from .job_shop import segment_of


def test_killed_again_and_again(job_shop):
    segment, entries = segment_of(6000)
    job_shop.push(*entries)
    for _ in range(10):
        worker = job_shop.start_worker()
        time.sleep(random.uniform(0.02, 0.3))
        worker.kill()
    job_shop.start_worker()
    # Where there is no /proc to tell a dead process by, its claim is free once its heartbeat lapses (30 s).
    job_shop.assert_each_once(segment, entries, within_s=60)


def test_the_connections_are_cut_again_and_again(new_job_shop):
    """Also inside COMMIT, where nobody knows whether it is in, and inside a claim, whose answer is lost."""
    shop = new_job_shop(gates=True)
    segment, entries = segment_of(6000)
    shop.push(*entries)
    shop.start_worker()
    for number in range(20):
        time.sleep(random.uniform(0.01, 0.1))
        gate = (shop.postgres_gate, shop.redis_gate)[number % 2]
        gate.shut()
        gate.open()
    shop.assert_each_once(segment, entries)


@pytest.fixture
def own_redis():
    server = Redis()
    yield server
    server.stop()


@pytest.mark.parametrize("how", ["flushall", "kill", "stop"])
def test_redis_loses_everything_and_the_edge_sends_again(new_job_shop, own_redis, how):
    shop = new_job_shop(redis_server=own_redis)
    segment, entries = segment_of(3000)
    shop.start_worker()
    for part in range(3):
        shop.push(*entries[part * 1000:part * 1000 + 1000])
        time.sleep(random.uniform(0.01, 0.1))
        if how == "flushall":
            shop.redis.flushall()
        else:
            getattr(own_redis, how)()
            own_redis.start()
    shop.push(*entries)
    shop.assert_each_once(segment, entries)


@pytest.fixture
def own_postgres():
    server = Postgres()
    yield server
    server.stop()


def test_postgresql_is_stopped_and_killed(new_job_shop, own_postgres):
    template = own_postgres.create_database()
    migrate(template)
    template.close()
    shop = new_job_shop(postgres=own_postgres, template=template.name)
    segment, entries = segment_of(6000)
    shop.push(*entries)
    shop.start_worker()
    for stop in (own_postgres.stop, own_postgres.kill, own_postgres.stop):
        time.sleep(random.uniform(0.05, 0.3))
        stop()
        own_postgres.start()
    shop.assert_each_once(segment, entries)


def test_stopping_while_postgresql_is_away_gives_back_what_was_claimed(new_job_shop):
    shop = new_job_shop(gates=True)
    _, entries = segment_of(50)
    shop.push(*entries)
    shop.postgres_gate.shut()
    worker = shop.start_worker()
    eventually(lambda: shop.redis.llen("queue:webhooks") == 0, "the claim")
    assert worker.stop(within_s=40) == 0
    assert shop.redis.lrange("queue:webhooks", 0, -1) == [json.dumps(entry) for entry in entries]
    assert not shop.redis.keys("{queue:webhooks}:*")


def test_giants_are_claimed_one_at_a_time(new_job_shop):
    """The bytes of a claim are bounded however large the entries are."""
    shop = new_job_shop(gates=True)
    shop.redis.rpush("queue:webhooks", *["x" * (5 << 20)] * 5)
    shop.postgres_gate.shut()
    shop.start_worker()
    eventually(lambda: shop.redis.llen("queue:webhooks") == 4, "the claim")
    stays(lambda: shop.redis.llen("queue:webhooks") == 4, "one claim at a time", 1)
    shop.postgres_gate.open()
    shop.drained()
    assert shop.database.value("SELECT count(*) FROM webhook_logs WHERE status = 'failed'") == 1
