"""The worker's clock steps, and the days on which a zone's clocks change."""
import datetime

import pytest

from faults.test_clock import find_library
from harness.waiting import eventually

from .cron_runs import UTC, leads, runs

DAILY = "expire_offers"
OFTEN = "release_holds"


class Clock:
    """Of one worker. set(…): it goes on from that time."""

    def __init__(self, shop):
        library = find_library()
        self.shop = shop
        self.path = shop.directory / "clock"
        self.path.write_text("+0\n")
        self.settings = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(self.path), "FAKETIME_NO_CACHE": "1",
                         "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}

    def set(self, *moment):
        offset = datetime.datetime(*moment, tzinfo=UTC) - datetime.datetime.now(UTC)
        text = f"{offset.total_seconds():+.0f}\n"
        beside = self.path.with_suffix(".new")
        beside.write_text(text)
        beside.rename(self.path)

    def has_passed(self, looks=3):
        """Long enough for what is due by it to have begun: every look of the leader writes the run that is due each second."""
        last = self.shop.database.value("SELECT max(id) FROM cron_runs WHERE job = %s", [OFTEN]) or 0
        eventually(lambda: len(self.shop.database.run(
            "SELECT id FROM cron_runs WHERE job = %s AND id > %s AND status = 'completed'", [OFTEN, last])) >= looks,
            "the leader looks", 30)
        eventually(lambda: not runs(self.shop, DAILY, status="running") and not runs(self.shop, DAILY, status="requested"),
                   "nothing is left to do", 20)


@pytest.fixture
def shop(new_cron_shop):
    return new_cron_shop(settings={f"CRON_{OFTEN.upper()}": "every 1s", f"CRON_{DAILY.upper()}": "daily 02:30"})


def due(shop):
    return [row["due_at"] for row in runs(shop, DAILY)]


def utc(*moment):
    return datetime.datetime(*moment, tzinfo=UTC)


def start(shop, zone, *moment):
    clock = Clock(shop)
    clock.set(*moment)
    worker = shop.start_cron(COUPON_TZ=zone, **clock.settings)
    leads(shop, worker)
    clock.has_passed()
    assert due(shop) == []
    return clock


def test_a_clock_that_steps_forward_past_the_time(shop):
    clock = start(shop, "UTC", 2026, 11, 22, 1, 0)
    clock.set(2026, 11, 22, 2, 50)
    clock.has_passed()
    assert due(shop) == [utc(2026, 11, 22, 2, 30)]
    assert runs(shop, DAILY)[0]["cause"] == "missed"
    # Over several days: the last of them alone.
    clock.set(2026, 11, 27, 12, 0)
    clock.has_passed()
    assert due(shop) == [utc(2026, 11, 22, 2, 30), utc(2026, 11, 27, 2, 30)]


def test_a_clock_that_steps_back_runs_nothing_twice(shop):
    clock = start(shop, "UTC", 2026, 11, 22, 2, 29, 40)
    clock.set(2026, 11, 22, 2, 30, 1)
    clock.has_passed()
    assert due(shop) == [utc(2026, 11, 22, 2, 30)]
    assert runs(shop, DAILY)[0]["cause"] == "schedule"
    for moment in [(2026, 11, 22, 2, 29, 58), (2026, 11, 22, 1, 0), (2026, 11, 22, 2, 31), (2026, 10, 1, 0, 0),
                   (2026, 11, 22, 3, 0)]:
        clock.set(*moment)
        clock.has_passed()
    assert due(shop) == [utc(2026, 11, 22, 2, 30)]
    # Nor is the next day's missed.
    clock.set(2026, 11, 23, 2, 30, 5)
    clock.has_passed()
    assert due(shop) == [utc(2026, 11, 22, 2, 30), utc(2026, 11, 23, 2, 30)]


def test_a_clock_that_was_far_ahead_stops_nothing(shop):
    clock = start(shop, "UTC", 2030, 1, 1, 0, 0)
    clock.set(2026, 11, 22, 1, 0)
    clock.has_passed(8)
    clock.set(2026, 11, 22, 2, 31)
    clock.has_passed()
    assert due(shop) == [utc(2026, 11, 22, 2, 30)]


def test_the_day_without_that_hour(shop):
    """Berlin, 2026-03-29: 02:00 becomes 03:00."""
    clock = start(shop, "Europe/Berlin", 2026, 3, 29, 0, 59)
    clock.set(2026, 3, 29, 1, 0, 2)
    clock.has_passed()
    assert due(shop) == [utc(2026, 3, 29, 1, 0)]
    clock.set(2026, 3, 29, 1, 31)
    clock.has_passed()
    assert due(shop) == [utc(2026, 3, 29, 1, 0)]


def test_the_day_with_that_hour_twice(shop):
    """Berlin, 2026-10-25: 03:00 becomes 02:00."""
    clock = start(shop, "Europe/Berlin", 2026, 10, 25, 0, 29)
    for moment in [(2026, 10, 25, 0, 30, 2), (2026, 10, 25, 1, 0, 1), (2026, 10, 25, 1, 30, 2), (2026, 10, 25, 2, 30)]:
        clock.set(*moment)
        clock.has_passed()
    assert due(shop) == [utc(2026, 10, 25, 0, 30)]
