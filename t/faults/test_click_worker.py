"""SIGKILL of the click worker in the middle of its work."""
import random
import signal
import time

import pytest

from harness.waiting import eventually

from .accounts import settle

# What a batch writes to, in this order; a lock on it stops the batch just before.
TABLES = ["offer_clicks", "journal_segments", "offers"]


def stopped_at(shop, table):
    """A transaction that keeps the click worker from writing to `table`, once it waits for it."""
    blocker = shop.database.connect()
    with blocker.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
    eventually(lambda: shop.database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'coupon-worker%%'"
        " AND wait_event_type = 'Lock' AND datname = current_database()") > 0, f"the batch waits for {table}", 15)
    return blocker


def test_killed_20_times(busy_shop, counts):
    shop = busy_shop()
    with shop.load() as load:
        for number in range(12):
            blocker = stopped_at(shop, TABLES[number % 3])
            shop.worker.kill()
            blocker.close()
            shop.start_worker()
        for _ in range(8):
            time.sleep(random.uniform(0.05, 0.6))
            shop.worker.kill()
            shop.start_worker()
        load.goes_on()
    counts.add(faults=20)
    assert load.cuts == 0 and load.refused == 0
    settle(shop, load, counts)


@pytest.mark.deadline(200)
def test_frozen_in_the_middle_of_a_batch(busy_shop, counts):
    """Its heartbeat lapses and another one does its work; then it comes back to its open transaction."""
    shop = busy_shop()
    with shop.load(connections=4, pause_s=0.05) as load:
        load.goes_on(50)
        blocker = stopped_at(shop, "journal_segments")
        frozen = shop.worker
        frozen.process.send(signal.SIGSTOP)
        blocker.close()
        shop.start_worker()
        promised = len(load.clicks)
        try:
            eventually(lambda: shop.database.value("SELECT count(*) FROM offer_clicks") >= promised,
                       "the other worker stores what the frozen one had claimed", 100, every_s=0.5)
        finally:
            frozen.process.send(signal.SIGCONT)
            frozen.stop()
        load.goes_on(50)
    counts.add(faults=1)
    settle(shop, load, counts)
