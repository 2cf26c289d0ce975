"""Part `scale`: a million offers loaded from PostgreSQL, then from the snapshot, and how long that holds an event loop."""
import statistics
import time

from harness.http import Cut, fetch
from harness.process import Process
from harness.waiting import eventually

from . import scale_changes, scale_unknown, scale_visible
from .million import CHANGES_A_SECOND, OFFERS, ZONE, million
from .processes import cpu_seconds
from .say import say
from .table import at_most, row
from .turns import Turns

PART = "scale"
LOAD_MAX_S = 20
HELD_MAX_US = 1_000
WORKERS = 2


def run(shop, quick):
    offers = million(shop)
    edge = offers.edge(workers=WORKERS)
    turns = Turns()
    loads = [load(offers, edge, turns) for _ in range(1 if quick else 3)]
    rows = [
        at_most(PART, f"{OFFERS:,} offers from PostgreSQL into {ZONE}: the longest of {len(loads)} loads, s",
                max(entry["seconds"] for entry in loads), LOAD_MAX_S, "{:.1f}"),
        row(PART, "CPU of the edge for it", f"{statistics.median(entry['cpu_s'] for entry in loads):.1f} s"),
        *held_rows("while they load", [entry["held"] for entry in loads]),
    ]
    starts = [start_with_snapshot(shop, offers, edge, turns) for _ in range(2 if quick else 5)]
    rows.append(row(PART, f"a start with the snapshot of {OFFERS:,}, PostgreSQL off, to the first 302: median, longest",
                    f"{statistics.median(starts):.1f} s, {max(starts):.1f} s"))
    edge = offers.edge(workers=scale_visible.WORKERS, more=scale_visible.WHICH_WORKER)
    offers.start(edge, turns.environment)
    try:
        rows += scale_visible.visible(offers, edge, quick)
        rows += scale_changes.beside(offers, edge, quick, turns)
        rows += held_rows(f"applying {CHANGES_A_SECOND:,} changes/s", [turns.held()])
        turns.forget()
        rows += scale_visible.many_at_once(offers, edge)
        rows += held_rows("while these are applied", [turns.held()])
        rows += scale_unknown.unknown(offers, edge, quick)
    finally:
        edge.stop()
        shop.forget_clicks()
    return rows + scale_changes.in_instructions(shop, quick)


def held_rows(when, held):
    """Rows of what event loops did in one turn. One that the kernel interrupted for another process lasts longer for it;
    the figure with a target is of the others."""
    turns = sum(entry.turns for entry in held)
    return [
        at_most(PART, f"an event loop's longest turn {when}, µs; of {sum(entry.undisturbed for entry in held):,}",
                max(entry.longest_undisturbed_us for entry in held), HELD_MAX_US, "{:,.0f}"),
        row(PART, "with those another process interrupted: the longest, CPU and wall",
            f"{max(entry.longest_cpu_us for entry in held):,.0f} µs, {max(entry.longest_wall_us for entry in held):,.0f} µs"),
        row(PART, "turns over 500 µs of CPU; over 1 ms", f"{sum(entry.over(500.0) for entry in held):,};"
            f" {sum(entry.over(1000.0) for entry in held):,} of {turns:,}"),
    ]


def load(offers, edge, turns):
    """One start without a snapshot. What a start holds up before the load began is none of the load."""
    for snapshot in edge.journal.glob("catalog.snapshot*"):
        snapshot.unlink()
    seconds = offers.start(edge, turns.environment)
    try:
        held = turns.held(edge.worker_pids())
        used = cpu_seconds(edge.pids())
        stats = edge.stats()["catalog"]
        assert stats["entries"] == OFFERS and stats["evictions"] == 0 and stats["complete"], stats
        say(f"loaded in {seconds:.1f} s, {used:.1f} s of CPU, longest turn {held.longest_undisturbed_us:,.0f} µs"
            f" ({held.longest_cpu_us:,.0f} µs of CPU where interrupted)")
        eventually(lambda: edge.stats()["catalog"]["snapshot_written"], "the snapshot is written", 60)
    finally:
        edge.stop()
    return {"seconds": seconds, "held": held, "cpu_s": used}


def start_with_snapshot(shop, offers, edge, turns):
    """Seconds from the start of the master to the first right answer."""
    connected = edge.settings["coupon_postgres"]
    edge.settings["coupon_postgres"] = shop.postgres.url(offers.database.name, 1)   # nobody listens there
    edge.write_configuration()
    started = time.monotonic()
    edge.process = Process(edge.command(), edge.directory / "output.log")
    try:
        while True:
            assert time.monotonic() < started + 60, f"no right answer within 60 s\n{edge.log()[-2000:]}"
            try:
                if fetch(edge.port(), offers.links.first).status == 302:
                    break
            except (OSError, Cut):
                pass
            time.sleep(0.002)
        seconds = time.monotonic() - started
    finally:
        edge.stop()
        edge.settings["coupon_postgres"] = connected
    say(f"first answer after {seconds:.2f} s")
    return seconds
