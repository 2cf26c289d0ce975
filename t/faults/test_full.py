"""No room for clicks: redirects go on, marked and counted, and nothing else is lost."""
import contextlib
import os

import pytest

from harness import disks
from harness.waiting import eventually

from .accounts import settle


def unjournaled_appear(load, more=100):
    goal = len(load.unjournaled) + more
    eventually(lambda: len(load.unjournaled) >= goal, "unjournaled redirects", 60)


def journaled_again(load, more=300):
    goal = len(load.clicks) + more
    eventually(lambda: len(load.clicks) >= goal, "journaled redirects", 30)


def test_the_budget_is_used_up(busy_shop, counts):
    shop = busy_shop(gates=True)
    shop.edge.stop()
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=1m segment=64k webhooks=1m keep=1s"
    shop.edge.start()
    with shop.load(pause_s=0.005) as load:
        for _ in range(2):
            load.goes_on()
            shop.redis_gate.shut()
            unjournaled_appear(load)
            shop.redis_gate.open()
            journaled_again(load)
    counts.add(faults=2)
    assert load.cuts == 0 and load.refused == 0
    audit = settle(shop, load, counts)
    assert audit.unjournaled == len(load.unjournaled)
    assert shop.edge.stats()["redirects"]["unjournaled"] == len(load.unjournaled)
    assert "budget" in shop.edge.log()


def test_settled_segments_make_room_at_once(busy_shop, counts):
    """keep= never costs a click: what is settled is written anew when the budget is needed."""
    shop = busy_shop()
    shop.edge.stop()
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=3m segment=64k webhooks=1m keep=1h"
    shop.edge.start()
    with shop.load(pause_s=0.01) as load:
        load.goes_on(6500, within_s=40)  # 3 MB hold some 5000
    counts.add(faults=0)
    settle(shop, load, counts)
    assert not load.unjournaled


@pytest.fixture
def small_disk():
    with disks.small_disk(megabytes=12) as directory:
        yield directory


@contextlib.contextmanager
def ballast(directory):
    """Fills the disk to the last byte."""
    path = os.path.join(directory, "ballast")
    with open(path, "wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
    yield
    os.unlink(path)


def test_full_disk(small_disk, busy_shop, counts):
    """Segments cannot be made. A worker that starts meanwhile serves as well."""
    shop = busy_shop(gates=True)
    shop.edge.stop()
    shop.edge.journal = type(shop.edge.journal)(small_disk) / "journal"
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=64m segment=256k webhooks=1m keep=1s"
    shop.edge.start()
    with shop.load(pause_s=0.005) as load:
        load.goes_on()
        shop.redis_gate.shut()
        with ballast(small_disk):
            unjournaled_appear(load)
            shop.edge.kill_worker(shop.edge.worker_pids()[0])
            unjournaled_appear(load)
        shop.redis_gate.open()
        journaled_again(load)
    counts.add(faults=2)
    settle(shop, load, counts, cuts_fresh_max=load.connections)
    assert "No space left on device" in shop.edge.log()
    shop.edge.stop()  # before the disk goes away
