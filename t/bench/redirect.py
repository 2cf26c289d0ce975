"""Part `redirect`: CPU per request and throughput beside NGINX's own 302.

Under lasting load a journal of any size is full of settled segments soon, and new ones are recycled
from them. So the journal here is small, is filled first, and what a click costs while it still grows
(new files are made and their pages touched, in the thread pool) is a row of its own.
"""
import statistics
import time

from .load import CONNECTIONS
from .processes import cpu_seconds
from .say import say
from .servers import LOGGED, NO_PAGE, RETURN_302, reference
from .shop import QUEUE_MAX
from .slices import measure, ratios, rounds
from .table import at_least, at_most, row

PART = "redirect"
EDGE = "the edge"
PLAIN = "return 302"
BARE = "its header only (a 204)"
LOG = "return 302 + JSON log line"

SEGMENT_MB = 8

CPU_MAX = 1.15
THROUGHPUT_MIN = 0.88
CLICKS_A_PUSH_MIN = 256


class Delivery:
    """Looks after the clicks of each slice: all sent, none held back, drained before the next."""

    def __init__(self, shop, edge):
        self.shop = shop
        self.edge = edge
        self.pause_s = 1.0
        self.clicks_a_push = []   # a slice each
        self.settling_us = []     # CPU per click in the pause after a slice
        self.events = edge.stats()["events"]
        self.served = edge.stats()["redirects"]["redirect"]

    def between(self, side):
        if side != EDGE:
            time.sleep(self.pause_s)
            return
        queued = self.check_slice()
        started, used = time.monotonic(), cpu_seconds(self.edge.pids())
        self.shop.resume_worker()
        self.shop.wait_until_drained()
        self.shop.wait_until_settled(self.edge)
        self.shop.pause_worker()
        self.pause_s = time.monotonic() - started
        self.settling_us.append((cpu_seconds(self.edge.pids()) - used) * 1e6 / queued)

    def check_slice(self):
        stats = self.edge.stats()
        served, self.served = stats["redirects"]["redirect"] - self.served, stats["redirects"]["redirect"]
        assert stats["redirects"]["unjournaled"] == 0, "the journal was full during a slice"
        assert not stats["journal"]["sending_paused"] and "sending pauses" not in self.edge.log(), \
            f"sending paused at a queue of {QUEUE_MAX}"
        queued = self.shop.queued()
        assert queued == served, f"{served} clicks were served, {queued} are in Redis"
        before, self.events = self.events, stats["events"]
        self.clicks_a_push.append((self.events["redis_entries_sent"] - before["redis_entries_sent"])
                                  / (self.events["redis_batches_sent"] - before["redis_batches_sent"]))
        return queued


def run(shop, quick):
    edge = shop.edge()
    journal_mb = 192 if quick else 384
    edge.settings["coupon_journal"] = f"{edge.journal} size={journal_mb}m segment={SEGMENT_MB}m keep=10m"
    edge.start()
    sides = {EDGE: edge, PLAIN: reference(RETURN_302).start()}
    if not quick:
        sides |= {BARE: reference(NO_PAGE).start(), LOG: reference(LOGGED).start()}
    shop.start_worker()
    time.sleep(2)   # partitions made, idle
    shop.pause_worker()
    delivery = Delivery(shop, edge)
    try:
        for name in list(sides)[1:]:
            shop.links.full_load(sides[name].port(), 1)   # pages are touched, caches warm
        growing = fill_journal(shop, edge, delivery, journal_mb)
        counted = len(delivery.clicks_a_push)
        found = rounds(shop.links, sides, *((2, 2) if quick else (8, 3)), delivery.between)
        shop.resume_worker()
        rows = figures(found)
        rows.append(row(PART, f"{EDGE} while its journal still grows: CPU per request",
                        f"{statistics.median(s.cpu_us for s in growing):.2f} µs"))
        rows.append(row(PART, f"{EDGE}: CPU per click in the pauses, for settling",
                        f"{statistics.median(delivery.settling_us[counted:]):.2f} µs"))
        rows.append(at_least(PART, "clicks per RPUSH under full load", statistics.median(
            delivery.clicks_a_push[counted:]), CLICKS_A_PUSH_MIN, "{:,.0f}"))
        return rows + accounts(
            shop, edge, delivery, [s.requests for s in growing + found[EDGE]])
    finally:
        shop.resume_worker()
        for nginx in sides.values():
            nginx.stop()
        shop.stop_worker()


def fill_journal(shop, edge, delivery, journal_mb):
    """Full load, drained each second, until there is a file for every segment."""
    slices = []
    while sum(file.stat().st_size for file in edge.journal.rglob("*.seg")) < (journal_mb - SEGMENT_MB) << 20:
        slices.append(measure(shop.links, edge, 1))
        say(f"filling the journal of {journal_mb} MB  {slices[-1].cpu_us:6.2f} µs  {slices[-1].a_second:9,.0f}/s")
        delivery.between(EDGE)
    return slices


def figures(found):
    rows = []
    for name, slices in found.items():
        rows.append(row(PART, f"{name}: CPU per request, requests/s",
                        f"{statistics.median(s.cpu_us for s in slices):.2f} µs, "
                        f"{statistics.median(s.a_second for s in slices):,.0f}/s"))
    for name, slices in found.items():
        if name == PLAIN:
            continue
        cpu = ratios(slices, found[PLAIN], "cpu_us")
        speed = ratios(slices, found[PLAIN], "a_second")
        if name == EDGE:
            rows.append(at_most(PART, f"{name}: CPU, × return 302 {spread(cpu)}", cpu[0], CPU_MAX))
            rows.append(at_least(PART, f"{name}: requests/s, × return 302 {spread(speed)}", speed[0], THROUGHPUT_MIN))
        else:
            rows.append(row(PART, f"{name}: CPU, × return 302 {spread(cpu)}", f"{cpu[0]:.3f}"))
    return rows


def spread(ratio):
    return f"({ratio[1]:.3f}–{ratio[2]:.3f})"


def accounts(shop, edge, delivery, answered):
    """Every click is in PostgreSQL, or there is no table. `answered`: what wrk counted, a run each."""
    say("waiting until every click is stored and settled")
    shop.wait_until_drained()
    stored = shop.stored()
    complete, said = shop.audit(edge)
    assert complete, f"the audit misses clicks:\n{said}"
    assert stored == delivery.served, f"{delivery.served} clicks were served, {stored} are stored"
    # When wrk stops, each connection may have one more answer on its way.
    on_the_way = stored - sum(answered)
    assert 0 <= on_the_way <= CONNECTIONS * len(answered), f"wrk counted {sum(answered)}, stored are {stored}"
    return [row(PART, "clicks answered to wrk, on their way when it stopped, in PostgreSQL, missing",
                f"{sum(answered):,} + {on_the_way} = {stored:,}, 0")]
