"""Full load in short slices, the sides in turn, so that what else the machine does meets all alike."""
import statistics
import time
from dataclasses import dataclass

from .processes import cpu_seconds
from .say import say

# After wrk has stopped, until its last requests are answered and the last clicks are sent; inside
# what is measured, on all sides.
SETTLE_S = 0.3


@dataclass
class Slice:
    requests: int
    cpu_us: float     # of all NGINX processes, per request
    a_second: float   # requests


def measure(links, nginx, seconds):
    pids = nginx.pids()
    before = cpu_seconds(pids)
    result = links.full_load(nginx.port(), seconds)
    time.sleep(SETTLE_S)
    used = cpu_seconds(pids) - before
    requests = result["requests"]
    return Slice(requests, used * 1e6 / requests, requests / result["seconds"])


def rounds(links, sides, count, seconds, between):
    """A slice of each side a round, sides {name: NGINX}; between(name) is called after each slice.

    Returns {name: slices}. The side that begins changes from round to round.
    """
    names = list(sides)
    found = {name: [] for name in names}
    for number in range(count):
        for name in names[number % len(names):] + names[:number % len(names)]:
            result = measure(links, sides[name], seconds)
            found[name].append(result)
            say(f"round {number + 1}/{count}  {name:28} {result.cpu_us:6.2f} µs  {result.a_second:9,.0f}/s")
            between(name)
    return found


def ratios(slices, reference, figure):
    """Of slices of the same round: (median, lowest, highest)."""
    values = [getattr(ours, figure) / getattr(theirs, figure) for ours, theirs in zip(slices, reference)]
    return statistics.median(values), min(values), max(values)
