"""Part `cold`: a start while Redis and PostgreSQL are off."""
import re
import statistics
import time

from harness.http import Cut, fetch
from harness.process import Process, free_port
from harness.waiting import eventually

from .say import say
from .table import at_most

PART = "cold"
ANSWER_MAX_MS = 1000
DESTINATION = re.compile(r"https://store-\d+\.example/deals/offer-\d+\?aff_id=aff\d+&subid=[0-9a-f-]{36}&")


def run(shop, quick):
    edge = shop.edge().start()
    eventually(lambda: edge.stats()["catalog"]["snapshot_written"], "the snapshot is written", 60)
    edge.stop()
    # Nobody listens there: as if both servers were off.
    edge.settings["coupon_redis"] = f"127.0.0.1:{free_port()}"
    edge.settings["coupon_postgres"] = shop.postgres.url(shop.database.name, free_port())
    times_ms = [first_answer_ms(shop, edge) for _ in range(3 if quick else 10)]
    say("first answers after " + ", ".join(f"{ms:.0f}" for ms in times_ms) + " ms")
    return [at_most(PART, "start without Redis and PostgreSQL to the first right 302, ms: median",
                    statistics.median(times_ms), ANSWER_MAX_MS, "{:.0f}"),
            at_most(PART, "the longest of these", max(times_ms), ANSWER_MAX_MS, "{:.0f}")]


def first_answer_ms(shop, edge):
    edge.write_configuration()
    started = time.monotonic()
    edge.process = Process(edge.command(), edge.directory / "output.log")
    try:
        while True:
            assert time.monotonic() < started + 30, f"no right answer within 30 s\n{edge.log()[-2000:]}"
            try:
                answer = fetch(edge.port(), shop.links.first)
            except (OSError, Cut):
                time.sleep(0.001)
                continue
            if answer.status == 302 and DESTINATION.match(answer.location):
                return (time.monotonic() - started) * 1000
    finally:
        edge.stop()
