"""coupon-worker clicks while what it stands on fails; without an edge, so nothing is sent a second time."""
import json
import os
import random
import subprocess
import time
import uuid

import pytest

from harness.environment import COUPON_WORKER
from harness.shop import ClickWorker
from harness.waiting import eventually, stays

from .test_click_worker import drained, push, record


@pytest.fixture
def lone_shop(new_shop):
    """A shop without an edge; workers started with lone_worker reach its servers through its gates."""
    return new_shop(start=False, click_worker=False, gates=True)


def lone_worker(shop):
    shop.worker = ClickWorker(shop.postgres.url(shop.database.name, shop.postgres_gate.port),
                              shop.redis_server.url(shop.redis_number, shop.redis_gate.port)).start()
    return shop.worker


def push_segment(shop, offer, count):
    """Clicks as one segment of a journal holds them; its id."""
    segment = str(uuid.uuid4())
    for start in range(0, count, 500):
        push(shop, *[record(offer, seg=segment, seq=number)
                     for number in range(start, min(count, start + 500))])
    return segment


def assert_stored_once(shop, offer, segment, count, within_s=30):
    eventually(lambda: shop.database.value("SELECT settled::text FROM journal_segments WHERE id = %s",
                                           [segment]) == f"{{[0,{count})}}", "everything settled", within_s)
    assert shop.database.row("SELECT count(*) AS rows, count(DISTINCT seq) AS places FROM offer_clicks"
                             " WHERE segment = %s", [segment]) == {"rows": count, "places": count}
    assert shop.database.value("SELECT clicks_count FROM offers WHERE id = %s", [offer.id]) == count
    eventually(lambda: not shop.redis.keys("{queue:clicks}:*"), "no claims left", 15)
    assert shop.redis.llen("queue:clicks") == 0


def test_killed_again_and_again(lone_shop):
    offer = lone_shop.offer()
    segment = push_segment(lone_shop, offer, 20_000)
    for _ in range(20):
        worker = lone_worker(lone_shop)
        time.sleep(random.uniform(0.01, 0.25))
        worker.kill()
    lone_worker(lone_shop)
    # Where there is no /proc to tell a dead process by, its claim is free once its heartbeat lapses (30 s).
    assert_stored_once(lone_shop, offer, segment, 20_000, within_s=60)


def test_the_connection_to_postgresql_is_cut_again_and_again(lone_shop):
    """Also inside COMMIT, where nobody knows whether it is in."""
    offer = lone_shop.offer()
    segment = push_segment(lone_shop, offer, 20_000)
    lone_worker(lone_shop)
    for _ in range(20):
        time.sleep(random.uniform(0.01, 0.1))
        lone_shop.postgres_gate.shut()
        lone_shop.postgres_gate.open()
    assert_stored_once(lone_shop, offer, segment, 20_000)


def test_the_connection_to_redis_is_cut_again_and_again(lone_shop):
    """Also inside a claim, whose answer is then lost."""
    offer = lone_shop.offer()
    segment = push_segment(lone_shop, offer, 20_000)
    lone_worker(lone_shop)
    for _ in range(20):
        time.sleep(random.uniform(0.01, 0.1))
        lone_shop.redis_gate.shut()
        lone_shop.redis_gate.open()
    assert_stored_once(lone_shop, offer, segment, 20_000)


def test_the_row_that_postgresql_refuses_is_the_only_reject(lone_shop):
    offer = lone_shop.offer()
    lone_shop.sql("ALTER TABLE offer_clicks ADD CHECK (user_agent <> 'poison')")
    segment = str(uuid.uuid4())
    push(lone_shop, *[record(offer, seg=segment, seq=number, ua="poison" if number in (0, 77, 99) else "fine")
                      for number in range(100)])
    lone_worker(lone_shop)
    eventually(lambda: lone_shop.database.value("SELECT settled::text FROM journal_segments WHERE id = %s",
                                                [segment]) == "{[0,100)}", "all of them settled", 15)
    assert lone_shop.clicks_of(offer) == 97
    rejects = lone_shop.sql("SELECT seq, reason FROM click_rejects WHERE segment = %s ORDER BY seq", segment)
    assert [reject["seq"] for reject in rejects] == [0, 77, 99]
    assert all("check constraint" in reject["reason"] for reject in rejects)
    assert lone_shop.database.value("SELECT clicks_count FROM offers WHERE id = %s", [offer.id]) == 97


def test_stopping_while_postgresql_is_away_gives_back_what_was_claimed(lone_shop):
    offer = lone_shop.offer()
    entries = [record(offer) for _ in range(50)]
    push(lone_shop, *entries)
    lone_shop.postgres_gate.shut()
    worker = lone_worker(lone_shop)
    eventually(lambda: lone_shop.redis.llen("queue:clicks") == 0, "the claim")
    worker.stop()
    assert lone_shop.redis.lrange("queue:clicks", 0, -1) == [json.dumps(entry) for entry in entries]
    assert not lone_shop.redis.keys("{queue:clicks}:*")
    lone_shop.postgres_gate.open()


def test_forged_giants_are_claimed_one_at_a_time(lone_shop):
    """The bytes of a claim are bounded however large the entries are."""
    lone_shop.redis.rpush("queue:clicks", *["x" * (17 << 20)] * 5)
    lone_shop.postgres_gate.shut()
    lone_worker(lone_shop)
    eventually(lambda: lone_shop.redis.llen("queue:clicks") < 5, "the claim")
    stays(lambda: lone_shop.redis.llen("queue:clicks") >= 3, "one claim and the next are all", 1)
    lone_shop.postgres_gate.open()
    eventually(lambda: lone_shop.database.value("SELECT count(*) FROM click_rejects") == 1
               and not lone_shop.redis.keys("*queue:clicks*"), "the rejects", 30)


def test_stopping_while_both_are_away_takes_no_longer(lone_shop):
    push(lone_shop, record(lone_shop.offer()))
    lone_shop.postgres_gate.shut()
    worker = lone_worker(lone_shop)
    eventually(lambda: lone_shop.redis.llen("queue:clicks") == 0, "the claim")
    lone_shop.redis_gate.shut()
    worker.stop()


def test_started_before_its_servers(lone_shop):
    lone_shop.postgres_gate.shut()
    lone_shop.redis_gate.shut()
    offer = lone_shop.offer()
    worker = lone_worker(lone_shop)
    stays(lambda: worker.process.running, "the worker waits", 1)
    segment = push_segment(lone_shop, offer, 10)
    lone_shop.redis_gate.open()
    lone_shop.postgres_gate.open()
    assert_stored_once(lone_shop, offer, segment, 10)


def test_a_database_without_tables_is_waited_for(lone_shop):
    offer = lone_shop.offer()
    lone_shop.sql("ALTER TABLE click_rejects RENAME TO elsewhere")
    lone_shop.sql("ALTER TABLE offer_clicks RENAME TO elsewhere_too")
    worker = lone_worker(lone_shop)
    segment = push_segment(lone_shop, offer, 10)
    eventually(lambda: "couponctl migrate" in worker.log(), "the advice in the log")
    lone_shop.sql("ALTER TABLE elsewhere_too RENAME TO offer_clicks")
    lone_shop.sql("ALTER TABLE elsewhere RENAME TO click_rejects")
    assert_stored_once(lone_shop, offer, segment, 10)


def test_another_worker_took_this_one_for_dead(lone_shop):
    """Its claims are given back while it works on them: it must not forget others in their place."""
    offer = lone_shop.offer()
    worker = lone_worker(lone_shop)
    blocker = lone_shop.database.connect()
    with blocker.cursor() as cursor:
        cursor.execute("SELECT FROM offers WHERE id = %s FOR UPDATE", [offer.id])
    segment = push_segment(lone_shop, offer, 100)
    key, = eventually(lambda: lone_shop.redis.keys("{queue:clicks}:processing:*"), "the claim")
    for entry in reversed(lone_shop.redis.lrange(key, 0, -1)):
        lone_shop.redis.lpush("queue:clicks", entry)
    lone_shop.redis.delete(key)
    blocker.rollback()
    blocker.close()
    assert_stored_once(lone_shop, offer, segment, 100)
    assert "no longer holds" in worker.log()


def test_redis_out_of_memory_is_drained_all_the_same(lone_shop):
    offer = lone_shop.offer()
    segment = push_segment(lone_shop, offer, 1000)
    lone_shop.redis.config_set("maxmemory", 1)
    try:
        lone_worker(lone_shop)
        assert_stored_once(lone_shop, offer, segment, 1000)
        eventually(lambda: lone_shop.redis.keys("worker:heartbeat:clicks:*"), "a heartbeat")
    finally:
        lone_shop.redis.config_set("maxmemory", 0)


def check(database_url, redis_url):
    return subprocess.run([COUPON_WORKER, "clicks", "--check"], capture_output=True, text=True, timeout=30,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "DATABASE_URL": database_url,
                               "REDIS_URL": redis_url})


def test_check_says_all_that_is_missing(lone_shop):
    redis_url = lone_shop.redis_server.url(lone_shop.redis_number, lone_shop.redis_gate.port)
    assert check(lone_shop.database.url, redis_url).returncode == 0
    lone_shop.redis_gate.shut()
    lone_shop.sql("ALTER TABLE click_rejects RENAME TO elsewhere")
    run = check(lone_shop.database.url, redis_url)
    assert run.returncode == 1
    for word in ("Redis", "click_rejects", "couponctl migrate"):
        assert word in run.stderr, run.stderr


def test_secrets_are_not_printed(lone_shop):
    run = check("postgresql://coupon:sesame@127.0.0.1:1/x", "redis://:sesame@127.0.0.1:1/0")
    assert run.returncode == 1 and "sesame" not in run.stdout + run.stderr
