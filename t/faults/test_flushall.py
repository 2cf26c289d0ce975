"""Redis loses what it held, without being restarted."""
import time

from harness.waiting import eventually

from .accounts import settle


def test_flushall_five_times(busy_shop, counts):
    shop = busy_shop()
    with shop.load() as load:
        for _ in range(5):
            load.goes_on(150)
            shop.redis_server.client().flushall()
        load.goes_on()
    counts.add(faults=5)
    assert load.cuts == 0 and load.refused == 0
    settle(shop, load, counts)


def test_flushall_of_a_backlog(busy_shop, counts):
    """No click worker: all that was sent sits in Redis, and is gone."""
    shop = busy_shop(click_worker=False)
    with shop.load() as load:
        load.goes_on(1000)
        eventually(lambda: shop.redis.llen("queue:clicks") > 500, "a backlog")
        lost = shop.redis.llen("queue:clicks")
        shop.redis_server.client().flushall()
        time.sleep(1)
        shop.redis_server.client().flushall()
        load.goes_on()
    counts.add(faults=2)
    assert lost > 500 and load.cuts == 0 and load.refused == 0
    shop.start_worker()
    settle(shop, load, counts)


def test_the_queue_alone_is_deleted_with_its_generation(busy_shop, counts):
    """What a failover to a replica that lags may look like: some keys older, some gone."""
    shop = busy_shop(click_worker=False)
    with shop.load() as load:
        load.goes_on(500)
        shop.redis.delete("queue:clicks", "queue:clicks:gen")
        load.goes_on(200)
    counts.add(faults=1)
    shop.start_worker()
    settle(shop, load, counts)
