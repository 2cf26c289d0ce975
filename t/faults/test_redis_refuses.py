"""Redis answers, but takes nothing: the journal keeps the clicks until it does."""
import os
import time

import pytest

from harness.process import free_port
from harness.waiting import eventually

from .accounts import settle


def out_of_memory(server):
    admin = server.client()
    admin.config_set("maxmemory", 1)
    return lambda: admin.config_set("maxmemory", 0)


def read_only(server):
    """A replica whose master cannot be reached keeps what it has and refuses writes."""
    admin = server.client()
    admin.execute_command("REPLICAOF", "127.0.0.1", free_port())
    return lambda: admin.execute_command("REPLICAOF", "NO", "ONE")


def cannot_save(server):
    """MISCONF: a background save has failed, so no more writes are taken."""
    admin = server.client()
    os.chmod(server.directory, 0o555)
    admin.config_set("save", "3600 1")
    admin.bgsave()
    eventually(lambda: admin.info("persistence")["rdb_last_bgsave_status"] == "err", "the save fails", 10)

    def undo():
        admin.config_set("save", "")
        os.chmod(server.directory, 0o755)
    return undo


@pytest.mark.parametrize("refuse", [out_of_memory, read_only, cannot_save])
def test_refused(busy_shop, counts, refuse):
    shop = busy_shop()
    with shop.load() as load:
        load.goes_on(200)
        allow = refuse(shop.redis_server)
        try:
            load.goes_on(1000)
        finally:
            allow()
        load.goes_on(200)
    counts.add(faults=1)
    assert load.cuts == 0 and load.refused == 0
    settle(shop, load, counts)


def test_a_queue_above_its_limit(busy_shop, counts):
    """Sending pauses; what the click worker has taken makes room."""
    shop = busy_shop(click_worker=False, settings={"coupon_queue_max": "200"})
    with shop.load() as load:
        load.goes_on(2500, within_s=30)
        time.sleep(0.5)
        assert shop.redis.llen("queue:clicks") < 200 + 3 * 1024
        assert shop.edge.stats()["journal"]["sending_paused"]
    shop.start_worker()
    counts.add(faults=1)
    settle(shop, load, counts)
