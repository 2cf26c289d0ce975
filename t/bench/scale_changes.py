"""Part `scale`: what a thousand changes a second cost the redirects beside them."""
import re
import statistics
import time
from dataclasses import dataclass

from harness.environment import scratch

from . import callgrind
from .million import CHANGES_A_SECOND, Changes
from .processes import run_seconds
from .say import say
from .shop import OFFERS as SHOP_OFFERS
from .table import at_most, row

PART = "scale"
CPU_MAX = 1.05
INSTRUCTIONS_MAX = 1.01

RATE = 5_000   # redirects a second in the comparison
CHANGES_UNDER_CALLGRIND = 100   # a second
HANDLER = re.compile(r"coupon::redirect\(")


@dataclass
class Slice:
    cpu_us: float   # of all NGINX processes, per redirect
    p50_us: float
    p99_us: float


def beside(offers, edge, quick, turns):
    """Redirects at a fixed rate, with and without changes in turn; then changes without redirects."""
    rounds, seconds = (3, 4) if quick else (8, 6)
    quiet, busy = [], []
    for number in range(rounds):
        for changing in sorted((False, True), reverse=number % 2 == 1):
            (busy if changing else quiet).append(measure(offers, edge, seconds, changing))
        say(f"round {number + 1}/{rounds}  quiet {quiet[-1].cpu_us:.2f} µs, p99 {quiet[-1].p99_us:,.0f} µs;"
            f"  beside changes {busy[-1].cpu_us:.2f} µs, p99 {busy[-1].p99_us:,.0f} µs")
    change_us = cpu_per_change_us(offers, edge, seconds, turns)
    # What applying the changes takes is none of the redirects' own.
    own = [entry.cpu_us - change_us * CHANGES_A_SECOND / RATE for entry in busy]
    ratios = sorted(mine / entry.cpu_us for mine, entry in zip(own, quiet))
    return [
        row(PART, f"a redirect, {RATE:,}/s: CPU quiet; beside {CHANGES_A_SECOND:,} changes/s, with applying them",
            f"{statistics.median(entry.cpu_us for entry in quiet):.2f} µs;"
            f" {statistics.median(entry.cpu_us for entry in busy):.2f} µs"),
        row(PART, "a change applied, redirects at rest: CPU of the edge", f"{change_us:.1f} µs"),
        at_most(PART, f"a redirect beside changes: CPU without theirs, × quiet ({ratios[0]:.3f}–{ratios[-1]:.3f})",
                statistics.median(ratios), CPU_MAX),
        row(PART, "p50, p99 quiet; beside changes", "; ".join(
            f"{statistics.median(entry.p50_us for entry in side):,.0f} µs,"
            f" {statistics.median(entry.p99_us for entry in side):,.0f} µs" for side in (quiet, busy))),
    ]


def measure(offers, edge, seconds, changing):
    stream = offers.changes(seconds + 2) if changing else None
    before = run_seconds(edge.pids())
    answer = offers.links.follow(edge.port(), RATE * seconds, RATE)
    used = run_seconds(edge.pids()) - before
    assert set(answer["statuses"]) == {"302"}, answer
    if stream:
        stream.finished()
    return Slice(used * 1e6 / (RATE * seconds), answer["p50_us"], answer["p99_us"])


def cpu_per_change_us(offers, edge, seconds, turns):
    """Nobody asks for a redirect meanwhile; `turns` has what applying held up."""
    def used():
        before, start = run_seconds(edge.pids()), time.monotonic()
        time.sleep(seconds)
        return (run_seconds(edge.pids()) - before) / (time.monotonic() - start)

    idle = used()
    turns.forget()
    stream = offers.changes(seconds + 2)
    busy = used()
    return (busy - idle) * 1e6 / stream.finished()


# --- in instructions

def in_instructions(shop, quick):
    """Of the redirect's handler with all it calls, in an edge of one process with the bench's 10,000 offers. Under callgrind
    everything takes some fifty times as long, so fewer changes a second come to as many a request."""
    count = 4_000 if quick else 20_000
    quiet, busy = (handler_instructions(shop, count, changing) for changing in (False, True))
    return [at_most(PART, f"the redirect's handler: instructions quiet {quiet:,.0f}, beside changes {busy:,.0f}: ratio",
                    busy / quiet, INSTRUCTIONS_MAX)]


def handler_instructions(shop, count, changing):
    edge = shop.edge()
    edge.callgrind_file = scratch() / f"callgrind.changes.{changing}"
    edge.start()
    stream = Changes(shop.database, SHOP_OFFERS, CHANGES_UNDER_CALLGRIND, 600) if changing else None
    try:
        answer = shop.links.follow(edge.port(), count)
        assert answer["statuses"] == {"302": count}, answer
    finally:
        if stream:
            stream.stop()
        edge.stop()
        shop.forget_clicks()
    inclusive = callgrind.read(edge.callgrind_file).inclusive()
    return sum(cost for function, cost in inclusive.items() if HANDLER.search(function)) / count
