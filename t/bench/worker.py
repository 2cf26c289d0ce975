"""Part `worker`: the click worker on backlogs that the edge made."""
import time

from .processes import cpu_seconds, peak_memory_mb
from .say import say
from .shop import CLAIMS, QUEUE
from .table import at_least, row

PART = "worker"
CLICKS_A_SECOND_MIN = 25_000
BACKLOG = 300_000


def run(shop, quick):
    # The backlog's clicks are real ones: the edge answers them, journals them, sends them.
    edge = shop.edge().start()
    try:
        rows = []
        for backlog in [BACKLOG] if quick else [BACKLOG, 100_000, 1_000_000]:
            fill(shop, edge, backlog)
            seconds, cpu_s, peak_mb = drain(shop, backlog)
            if backlog == BACKLOG:
                rows.append(at_least(PART, f"clicks/s from Redis to committed rows, backlog of {backlog:,}",
                                     backlog / seconds, CLICKS_A_SECOND_MIN, "{:,.0f}"))
                rows.append(row(PART, "its CPU per click", f"{cpu_s * 1e6 / backlog:.1f} µs"))
            rows.append(row(PART, f"peak memory, backlog of {backlog:,}", f"{peak_mb:.0f} MB"))
        return rows
    finally:
        edge.stop()


def fill(shop, edge, backlog):
    say(f"making a backlog of {backlog:,}")
    shop.forget_clicks()
    shop.links.follow(edge.port(), backlog)
    deadline = time.monotonic() + 60
    while shop.queued() < backlog:
        assert time.monotonic() < deadline, f"{shop.queued():,} of {backlog:,} clicks in Redis"
        time.sleep(0.05)


def drain(shop, backlog):
    """From the worker's start to its last commit: (seconds, its CPU seconds, its peak memory in MB)."""
    started = time.monotonic()
    pid = shop.start_worker().process.pid
    while shop.redis.exists(QUEUE, CLAIMS):
        assert time.monotonic() < started + 300, "the worker does not come to an end"
        time.sleep(0.005)
    seconds = time.monotonic() - started
    cpu_s, peak_mb = cpu_seconds([pid]), peak_memory_mb(pid)
    shop.stop_worker()
    assert shop.stored() == backlog, f"{shop.stored():,} of {backlog:,} clicks stored"
    counted = shop.database.value("SELECT sum(clicks_count) FROM offers")
    settled = shop.database.value("""
        SELECT sum(upper(r) - lower(r)) FROM journal_segments, unnest(settled) r""")
    assert settled == backlog, f"{settled} of {backlog} clicks settled"
    say(f"{backlog:,} clicks in {seconds:.1f} s, {peak_mb:.0f} MB; {counted:,} counted so far")
    return seconds, cpu_s, peak_mb
