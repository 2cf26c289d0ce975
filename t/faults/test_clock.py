"""The wall clock of NGINX steps: back, far back, far ahead, and to the right time again."""
import pathlib
import time

import pytest

from harness.environment import SANITIZE

from .accounts import settle


def find_library():
    found = [*pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
    if not found:
        pytest.skip("libfaketime is not installed")
    if SANITIZE:
        pytest.skip("libfaketime and AddressSanitizer both want to be loaded first")
    return found[0]


def test_the_clock_steps(busy_shop, counts):
    library = find_library()
    shop = busy_shop()
    shop.edge.stop()
    clock = shop.edge.directory / "clock"
    clock.write_text("+0\n")
    settings = {"FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
    # The library reads its variables all the time, and NGINX's workers keep only those that are named.
    shop.edge.main_extra = "\n".join(f"env {name};" for name in settings)
    shop.edge.start(environment={"LD_PRELOAD": str(library)} | settings)
    steps = ["-2", "-3600", "+0", f"-{40 * 86400}", f"+{200 * 86400}", "+0"]
    with shop.load() as load:
        load.goes_on(100)
        for step in steps:
            clock.write_text(f"{step}\n")
            load.goes_on(150)
            time.sleep(1.2)  # long enough for everything that happens once a second
    counts.add(faults=len(steps))
    assert load.cuts == 0 and load.refused == 0
    settle(shop, load, counts)
    days = shop.sql("SELECT DISTINCT round(extract(epoch FROM clicked_at - now()) / 86400)::int AS days FROM offer_clicks")
    assert {row["days"] for row in days} >= {-40, 0, 200}, "the clock was not stepped"
