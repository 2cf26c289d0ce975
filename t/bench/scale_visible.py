"""Part `scale`: how soon a change is at every worker."""
import random
import statistics
import time

from harness.http import Connection
from harness.waiting import eventually

from .million import CHANGES_A_SECOND, OFFERS
from .say import say
from .table import at_most, row

PART = "scale"
VISIBLE_MAX_MS = 1000
WORKERS = 4
LOOK_EVERY_S = 0.002

CHANGE = "UPDATE offers SET affiliate_url = %s WHERE uuid = %s"
SOME_OFFERS = """SELECT o.uuid, m.slug, m.id FROM offers o JOIN merchants m ON m.id = o.merchant_id
                  WHERE o.id %% 997 = 3 ORDER BY o.id LIMIT %s"""

# Tells the worker that a connection belongs to.
WHICH_WORKER = "location = /worker { return 200 $pid; }"


def connections_to_all(edge, sources=(None,)):
    """One to each worker: process id → connection. Which worker gets one is the kernel's choice. With `sources` each is
    from another of these addresses."""
    found = {}
    for number in range(1000):
        source = sources[(number + len(found)) % len(sources)]
        connection = Connection(edge.port(), source)
        pid = int(connection.request("/worker").text)
        if pid in found:
            connection.close()
        found.setdefault(pid, connection)
        if len(found) == edge.workers:
            return found
    raise AssertionError(f"only {len(found)} of {edge.workers} workers answer")


def times_to_everywhere_ms(database, connections, count):
    """Of `count` changes: from the commit until each of the connections was redirected anew."""
    offers = database.run(SOME_OFFERS, [count])
    return [time_to_everywhere_ms(database, connections, offer) for offer in offers]


def time_to_everywhere_ms(database, connections, offer):
    path = f"/out/{offer['slug']}/{offer['uuid']}"
    target = f"https://store-{offer['id']}.example/changed/{time.monotonic_ns()}?sub="
    time.sleep(random.uniform(0, 0.05))   # in step with no timer
    database.run(CHANGE, [target + "{subid}", str(offer["uuid"])])   # commits
    committed = time.monotonic()
    for connection in connections:
        while not connection.request(path).location.startswith(target):
            assert time.monotonic() < committed + 30, "the change has no effect"
            time.sleep(LOOK_EVERY_S)
    return (time.monotonic() - committed) * 1000


def visible_rows(when, times_ms):
    times_ms = sorted(times_ms)
    p50, p99 = statistics.median(times_ms), times_ms[int(0.99 * (len(times_ms) - 1))]
    say(f"{len(times_ms)} changes {when}: p50 {p50:.0f}, p99 {p99:.0f}, max {times_ms[-1]:.0f} ms")
    return [at_most(PART, f"a commit to its effect at each of {WORKERS} workers, {when}, ms: p99 of {len(times_ms)}", p99,
                    VISIBLE_MAX_MS, "{:.0f}"),
            row(PART, "median, longest", f"{p50:.0f} ms, {times_ms[-1]:.0f} ms")]


def visible(offers, edge, quick):
    connections = list(connections_to_all(edge).values())
    count = 100 if quick else 500
    try:
        rows = visible_rows("nothing else changing", times_to_everywhere_ms(offers.database, connections, count))
        stream = offers.changes(10 if quick else 40)
        deadline = time.monotonic() + (8 if quick else 36)
        times_ms = []
        while time.monotonic() < deadline:
            times_ms += times_to_everywhere_ms(offers.database, connections, 10)
        rate = stream.finished()
        return rows + visible_rows(f"beside {CHANGES_A_SECOND:,} a second", times_ms) + [
            row(PART, "changes a second meanwhile", f"{rate:,.0f}")]
    finally:
        for connection in connections:
            connection.close()


def many_at_once(offers, edge):
    """One statement changes a tenth of all offers: until a hundred among them all over are at the edge."""
    count = OFFERS // 10
    changed = offers.database.run("SELECT m.slug, o.uuid FROM offers o JOIN merchants m ON m.id = o.merchant_id"
                                  " WHERE o.id %% 1000 = 0 AND o.id <= %s", [count])
    paths = [f"/out/{offer['slug']}/{offer['uuid']}" for offer in changed]
    offers.database.run("UPDATE offers SET affiliate_url = 'https://store-' || merchant_id || '.example/all?sub={subid}'"
                        " WHERE id <= %s", [count])
    committed = time.monotonic()
    with Connection(edge.port()) as connection:
        eventually(lambda: all("/all?sub=" in connection.request(path).location for path in paths),
                   "all changes are at the edge", 60)
    say(f"{count:,} changes of one commit at the edge after {time.monotonic() - committed:.1f} s")
    return [row(PART, f"{count:,} changes of one commit, until all are at the edge", f"{time.monotonic() - committed:.1f} s")]
