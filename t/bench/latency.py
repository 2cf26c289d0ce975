"""Part `latency`: answers at a fixed rate, and how soon a lonely click is in Redis."""
import random
import statistics
import threading
import time

from harness.http import Connection

from .load import HEADERS
from .say import say
from .servers import RETURN_302, reference
from .shop import QUEUE
from .table import at_most, row

PART = "latency"
RATE = 20_000
WAIT_MAX_MS = 50
SETTLE_S = 1.0


def run(shop, quick):
    edge = shop.edge().start()
    plain = reference(RETURN_302).start()
    try:
        return fixed_rate(shop, {"the edge": edge, "return 302": plain}, *((2, 2) if quick else (5, 5))) + \
            lonely_clicks(shop, edge, 50 if quick else 200)
    finally:
        edge.stop()
        plain.stop()


def fixed_rate(shop, sides, rounds, seconds):
    """The click worker does not run; medians over the rounds."""
    found = {name: [] for name in sides}
    for number in range(rounds):
        for name, nginx in sides.items():
            result = shop.links.follow(nginx.port(), RATE * seconds, RATE)
            assert set(result["statuses"]) == {"302"}, result
            found[name].append(result)
            say(f"round {number + 1}/{rounds}  {name:12} p50 {result['p50_us']:,.0f} µs, p99 {result['p99_us']:,.0f} µs")
            time.sleep(SETTLE_S)
    rows = []
    for name, results in found.items():
        p50, p99 = (statistics.median(result[key] for result in results) for key in ("p50_us", "p99_us"))
        rows.append(row(PART, f"{name}: p50, p99 at {RATE:,}/s", f"{p50:,.0f} µs, {p99:,.0f} µs"))
    return rows


class QueueWatch:
    """Notes when each further click was first seen in Redis."""

    def __init__(self, shop):
        self._client = shop.redis_server.client()
        self._start = self._client.llen(QUEUE)
        self.seen = []
        self._stop = False
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self):
        while not self._stop:
            length = self._client.llen(QUEUE)
            now = time.monotonic()
            self.seen += [now] * (length - self._start - len(self.seen))

    def close(self):
        self._stop = True
        self._thread.join()
        self._client.close()


def lonely_clicks(shop, edge, count):
    """One request each 100 ms: from the answer to the click's appearance in the list."""
    say("one request each 100 ms")
    shop.redis.delete(QUEUE)
    time.sleep(SETTLE_S)
    watch = QueueWatch(shop)
    headers = [line.split(": ", 1) for line in HEADERS]
    answered = []
    try:
        with Connection(edge.port()) as connection:
            for _ in range(count):
                assert connection.request(shop.links.first, headers=headers).status == 302
                answered.append(time.monotonic())
                time.sleep(0.1 + random.uniform(-0.005, 0.005))   # in step with no timer
        time.sleep(SETTLE_S)
    finally:
        watch.close()
    assert len(watch.seen) == count, f"{count} clicks, {len(watch.seen)} in Redis"
    waits_ms = [(seen - answer) * 1000 for answer, seen in zip(answered, watch.seen)]
    return [row(PART, "a click's wait before it is in Redis, one request each 100 ms: median",
                f"{statistics.median(waits_ms):.1f} ms"),
            at_most(PART, "the longest of these waits, ms", max(waits_ms), WAIT_MAX_MS, "{:.1f}")]
