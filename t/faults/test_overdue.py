"""Entries vanish from the queue and nothing tells: they are overdue after 60 s and sent again."""
import time

import pytest

from harness.waiting import eventually

from .accounts import settle


@pytest.mark.deadline(240)
def test_entries_vanish(busy_shop, counts):
    """In one shop later clicks overtake them; in the other nothing comes later, and the queue is empty."""
    overtaken, quiet = busy_shop(click_worker=False), busy_shop(click_worker=False)
    loads = {overtaken: overtaken.load(connections=4, pause_s=0.05), quiet: quiet.load(connections=4, pause_s=0.05)}
    with loads[overtaken] as busy:
        with loads[quiet] as first:
            first.goes_on(100)
            busy.goes_on(100)
        for shop in loads:
            eventually(lambda: shop.redis.llen("queue:clicks") >= 80, "a queue")  # pylint: disable=cell-var-from-loop
        time.sleep(1)
        taken = {shop: shop.redis.llen("queue:clicks") for shop in loads}
        for shop in loads:
            shop.redis.delete("queue:clicks")
            shop.start_worker()
        started = time.monotonic()

        def came_back(shop, load, count):
            return shop.database.value("SELECT count(*) FROM offer_clicks WHERE click_id = ANY(%s::uuid[])",
                                       [load.clicks[:count]]) == count
        some = min(taken.values(), default=0) // 2
        assert some >= 30
        time.sleep(20)
        assert not came_back(quiet, first, some), "sent again before it was overdue"
        for shop, load in loads.items():
            eventually(lambda: came_back(shop, load, some), "vanished entries come again", 90, every_s=0.5)  # pylint: disable=cell-var-from-loop
        waited_s = time.monotonic() - started
    assert waited_s > 50
    counts.add(faults=2)
    settle(quiet, first, counts)
    settle(overtaken, busy, counts)
