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
            seconds, cpu_us, peak_mb = drain(shop, edge, backlog)
            if backlog == BACKLOG:
                rows.append(at_least(PART, f"clicks/s from Redis to committed rows, backlog of {backlog:,}",
                                     backlog / seconds, CLICKS_A_SECOND_MIN, "{:,.0f}"))
                rows.append(row(PART, "CPU per click: the worker's, PostgreSQL's", cpu_us))
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


def drain(shop, edge, backlog):
    """From the worker's start to its last commit: (seconds, CPU per click as text, peak memory in MB)."""
    database_before = cpu_seconds(shop.postgres_pids())
    started = time.monotonic()
    pid = shop.start_worker().process.pid
    while shop.redis.exists(QUEUE, CLAIMS):
        assert time.monotonic() < started + 300, "the worker does not come to an end"
        time.sleep(0.005)
    seconds = time.monotonic() - started
    worker_s, peak_mb = cpu_seconds([pid]), peak_memory_mb(pid)
    database_s = cpu_seconds(shop.postgres_pids()) - database_before
    shop.stop_worker()
    shop.wait_until_settled(edge)
    assert shop.stored() == backlog, f"{shop.stored():,} of {backlog:,} clicks stored"
    say(f"{backlog:,} clicks in {seconds:.1f} s, {peak_mb:.0f} MB")
    return seconds, f"{worker_s * 1e6 / backlog:.1f} + {database_s * 1e6 / backlog:.1f} µs", peak_mb
