"""Webhooks while everything around them is killed: each 2xx has its effect exactly once, each 4xx none."""
import random
import signal
import time

import pytest

from harness.environment import PATIENCE
from harness.stand_in import Answer
from harness.waiting import eventually

from .paying_shop import PayingShop
from .webhook_load import WebhookLoad


@pytest.fixture
def paying(new_shop):
    made = []

    def make(**options):
        made.append(PayingShop(new_shop, **options))
        return made[-1]
    yield make
    for shop in made:
        shop.close()


def test_the_same_event_1000_times(paying, counts):
    """From 16 connections, shuffled with its neighbours: one payment change, one fulfilment, one e-mail."""
    shop = paying()
    numbers = [500] * 1000 + list(range(400, 600))
    random.shuffle(numbers)
    with WebhookLoad(shop.edge.port(), numbers, pause_s=0.005) as load:
        eventually(lambda: load.exhausted, "all are posted", 60)
    assert load.statuses == {200: 1180, 401: 20}
    counts.add(faults=0)
    effects = shop.settle(load, counts)
    assert len(effects) == 180
    outcomes = shop.shop.sql("SELECT outcome, count(*) FROM webhook_logs GROUP BY 1")
    counted = {row["outcome"]: row["count"] for row in outcomes}
    assert counted.pop("refused") <= 20   # no more than ten a second are recorded
    assert counted == {"applied": 180, "duplicate": 1000}


def test_nginx_workers_killed(paying, counts):
    shop = paying()
    with shop.load() as load:
        for number in range(10):
            time.sleep(random.uniform(0.05, 0.25))
            shop.edge.kill_worker(shop.edge.worker_pids()[number % 2])
            load.goes_on(10)
    counts.add(faults=10)
    shop.settle(load, counts)


def test_nginx_killed_altogether(paying, counts):
    shop = paying()
    with shop.load() as load:
        for _ in range(3):
            load.goes_on(100)
            shop.edge.kill_everything()
            shop.edge.start(wait_for_catalog=False)
        load.goes_on(50)
    counts.add(faults=3)
    shop.settle(load, counts)


def test_nginx_reloaded_and_stopped(paying, counts):
    shop = paying()
    # Where leaving takes long, several generations of workers hold segments of their own.
    shop.edge.stop()
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=64m segment=1m webhooks=64m"
    shop.edge.start(wait_for_catalog=False)
    with shop.load() as load:
        for _ in range(5):
            load.goes_on(50)
            shop.edge.reload()
        load.goes_on(50)
        shop.edge.stop(signal.SIGQUIT)
        shop.edge.start(wait_for_catalog=False)
        load.goes_on(50)
    counts.add(faults=6)
    assert not load.unavailable
    shop.settle(load, counts)


def test_webhooks_worker_killed(paying, counts):
    shop = paying()
    # Slow enough that the orders last for twenty starts of a worker.
    with shop.load(pause_s=0.1 * PATIENCE) as load:
        for _ in range(20):
            load.goes_on(20)
            time.sleep(random.uniform(0, 0.2))
            shop.workers.pop().kill()
            shop.start_worker()
    counts.add(faults=20)
    assert not load.unavailable and not load.unknown
    shop.settle(load, counts)


def test_redis_killed_and_emptied(paying, counts):
    shop = paying()
    redis = shop.shop.redis_server
    with shop.load() as load:
        for _ in range(3):
            load.goes_on(100)
            redis.kill()
            load.goes_on(50)   # Redis is not needed for a 2xx
            redis.start()
            load.goes_on(50)
            shop.shop.redis.flushall()
        load.goes_on(50)
    counts.add(faults=6)
    assert not load.unavailable and not load.unknown
    shop.settle(load, counts)


def test_postgres_killed(paying, counts):
    shop = paying()
    postgres = shop.shop.postgres
    with shop.load() as load:
        for _ in range(3):
            load.goes_on(100)
            postgres.kill()
            load.goes_on(50)   # nor is PostgreSQL
            postgres.start()
        load.goes_on(50)
    counts.add(faults=3)
    assert not load.unavailable and not load.unknown
    shop.settle(load, counts)


def test_everything_killed_at_once(paying, counts):
    shop = paying()
    with shop.load() as load:
        load.goes_on(200)
        shop.edge.kill_everything()
        shop.workers.pop().kill()
        shop.shop.redis_server.kill()
        shop.shop.postgres.kill()
        shop.edge.start(wait_for_catalog=False)
        load.goes_on(50)
        shop.shop.redis_server.start()
        shop.shop.postgres.start()
        shop.start_worker()
        load.goes_on(50)
    counts.add(faults=1)
    shop.settle(load, counts)


def test_journal_budget_used_up(paying, counts):
    """Without Redis nothing is settled: 503 once the webhooks' part is full, and none of those has an effect
    before there is room."""
    shop = paying(gates=True)
    shop.edge.stop()
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=16m segment=64k webhooks=512k"
    shop.shop.redis_gate.shut()
    shop.edge.start(wait_for_catalog=False)
    with shop.load() as load:
        eventually(lambda: len(load.unavailable) > 50, "the journal is full", 60)
        load.pause_s = 0.2
        full = set(load.unavailable)
        shop.shop.redis_gate.open()
        load.goes_on(100, within_s=60)
    counts.add(faults=1)
    effects = shop.settle(load, counts)
    assert not full & set(effects), "refused for want of room, and yet in the tables"


def test_the_back_end_is_away_and_slow(paying, counts):
    shop = paying()
    with shop.load() as load:
        load.goes_on(50)
        shop.backend.answer("/internal/", Answer(503))
        load.goes_on(50)
        shop.backend.answer("/internal/", Answer(200, json={"ok": True}, slow=0.5))
        load.goes_on(50)
        shop.backend.answer("/internal/", Answer(200, json={"ok": True}))
        load.goes_on(50)
    counts.add(faults=1)
    # What met the 503 is tried again after a quarter of a minute.
    shop.settle(load, counts)


def test_a_worker_frozen_past_its_lease(paying, counts):
    """SIGSTOP: another worker takes its jobs over; what the frozen one does when it wakes up is fenced off."""
    shop = paying()
    frozen = shop.workers[0]
    with shop.load() as load:
        load.goes_on(50)
        frozen.send(signal.SIGSTOP)
        shop.start_worker()
        load.goes_on(100)
        time.sleep(5)
        frozen.send(signal.SIGCONT)
        load.goes_on(50)
    counts.add(faults=1)
    assert not load.unavailable and not load.unknown
    shop.settle(load, counts)
