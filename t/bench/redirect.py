"""Part `redirect`: CPU per request and throughput beside NGINX's own 302."""
import statistics
import time

from .load import CONNECTIONS
from .processes import cpu_seconds
from .say import say
from .servers import LOGGED, NO_PAGE, RETURN_302, reference
from .shop import QUEUE_MAX
from .slices import ratios, rounds
from .table import at_least, at_most, row

PART = "redirect"
EDGE = "the edge"
PLAIN = "return 302"
BARE = "its header only (a 204)"
LOG = "return 302 + JSON log line"

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
    edge = shop.edge().start()
    sides = {EDGE: edge, PLAIN: reference(RETURN_302).start()}
    if not quick:
        sides |= {BARE: reference(NO_PAGE).start(), LOG: reference(LOGGED).start()}
    shop.start_worker()
    time.sleep(2)   # partitions made, idle
    shop.pause_worker()
    delivery = Delivery(shop, edge)
    try:
        # Not counted: pages are touched, caches warm.
        warm_up = [shop.links.full_load(nginx.port(), 1) for nginx in sides.values()]
        delivery.between(EDGE)
        counted = len(delivery.clicks_a_push)
        found = rounds(shop.links, sides, *((2, 2) if quick else (8, 3)), delivery.between)
        shop.resume_worker()
        rows = figures(found)
        rows.append(row(PART, f"{EDGE}: CPU per click in the pauses, for settling",
                        f"{statistics.median(delivery.settling_us[counted:]):.2f} µs"))
        rows.append(at_least(PART, "clicks per RPUSH under full load", statistics.median(
            delivery.clicks_a_push[counted:]), CLICKS_A_PUSH_MIN, "{:,.0f}"))
        return rows + accounts(
            shop, edge, delivery, [warm_up[0]["requests"], *(s.requests for s in found[EDGE])])
    finally:
        shop.resume_worker()
        for nginx in sides.values():
            nginx.stop()
        shop.stop_worker()


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
