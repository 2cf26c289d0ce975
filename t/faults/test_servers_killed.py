"""SIGKILL of Redis and PostgreSQL, and a start anew."""
import signal

import pytest

from harness.waiting import eventually

from .accounts import settle


def test_redis_killed_and_empty_again(busy_shop, counts):
    shop = busy_shop()
    with shop.load() as load:
        for _ in range(3):
            load.goes_on(200)
            shop.redis_server.kill()
            load.goes_on(100)
            shop.redis_server.start()
        load.goes_on(200)
    counts.add(faults=3)
    assert load.cuts == 0 and load.refused == 0
    settle(shop, load, counts)


def test_redis_killed_and_back_with_an_old_save(busy_shop, counts):
    """The same keys, even the same generation, but an older queue: only run_id tells."""
    shop = busy_shop(click_worker=False)
    with shop.load() as load:
        load.goes_on(300)
        eventually(lambda: shop.redis.llen("queue:clicks") > 100, "a backlog")
        shop.redis.save()
        load.goes_on(500)
        shop.redis_server.kill()
        load.goes_on(100)
        shop.redis_server.start()
        (shop.redis_server.directory / "dump.rdb").unlink()
        assert shop.redis.exists("queue:clicks:gen")
        load.goes_on(100)
    counts.add(faults=1)
    shop.start_worker()
    settle(shop, load, counts)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT], ids=["killed", "immediate"])
def test_postgres(busy_shop, counts, number):
    shop = busy_shop()
    # While PostgreSQL is away nobody can say whether an offer is unknown.
    with shop.load(unknown=frozenset({404, 503})) as load:
        for _ in range(2):
            load.goes_on(200)
            shop.postgres.process.send(number)
            shop.postgres.process.wait()
            load.goes_on(100)
            shop.postgres.start()
        load.goes_on(200)
    counts.add(faults=2)
    assert load.cuts == 0 and load.refused == 0
    settle(shop, load, counts)


def test_one_session_after_another_ended(busy_shop, counts):
    """pg_terminate_backend of everybody, as an administrator or a failover does it."""
    shop = busy_shop()
    with shop.load(unknown=frozenset({404, 503})) as load:
        for _ in range(10):
            load.goes_on(30)
            shop.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                     " WHERE datname = current_database() AND pid <> pg_backend_pid()")
    counts.add(faults=10)
    assert load.cuts == 0 and load.refused == 0
    settle(shop, load, counts)


def test_everything_killed_at_once(busy_shop, counts):
    """As by a crash of the machine whose disk survives."""
    shop = busy_shop()
    with shop.load(unknown=frozenset({404, 503})) as load:
        eventually(lambda: shop.edge.stats()["catalog"]["snapshot_written"], "the snapshot is written", 30)
        load.goes_on(200)
        shop.edge.kill_everything()
        shop.worker.kill()
        shop.redis_server.kill()
        shop.postgres.kill()
        shop.edge.start(wait_for_catalog=False)
        load.goes_on(100)
        shop.redis_server.start()
        shop.postgres.start()
        shop.start_worker()
        load.goes_on(100)
    counts.add(faults=1)
    settle(shop, load, counts, cuts_fresh_max=shop.edge.workers * load.connections)
