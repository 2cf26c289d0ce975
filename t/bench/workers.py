"""Part `workers`: the same load over 1, 2 and 4 NGINX workers. What would serialise them shows as more instructions,
locked instructions, waits for a lock, or lines of the cache that one worker writes and another uses."""
import re
import statistics
import subprocess
import time

from harness.environment import fresh_directory
from harness.waiting import eventually

from . import lines
from .locks import Counts
from .processes import run_seconds
from .say import say
from .table import at_most, row

PART = "workers"
COUNTS = (1, 2, 4)
ADDRESSES = 64          # a connection each
INSTRUCTIONS_MAX = 1.02
SHORT = 4_000
WAITING = r"SharedLock::SharedLock|^ngx_shmtx_lock|pthread_mutex_(clock|timed)lock"


def run(shop, quick):
    return speed(shop, quick) + counted(shop, quick) + waits(shop, quick) + lines.run(shop, quick)


# --- CPU and throughput, in turn

def speed(shop, quick):
    rounds, requests = (3, 40_000) if quick else (8, 60_000)
    edges = {count: shop.edge(workers=count).start() for count in COUNTS}
    found = {count: [] for count in COUNTS}
    try:
        for number in range(rounds):
            for count, edge in sorted(edges.items(), reverse=number % 2 == 1):
                used = run_seconds(edge.pids())
                answer = shop.links.follow(edge.port(), requests, addresses=ADDRESSES)
                used = run_seconds(edge.pids()) - used
                assert set(answer["statuses"]) == {"302"}, answer
                found[count].append((used * 1e6 / requests, requests / answer["seconds"]))
            say(f"round {number + 1}/{rounds}  " + ", ".join(
                f"{count}: {slices[-1][0]:.2f} µs {slices[-1][1]:,.0f}/s" for count, slices in found.items()))
    finally:
        for edge in edges.values():
            edge.stop()
        shop.forget_clicks()
    rows = []
    for count, slices in found.items():
        ratios = sorted(mine[0] / one[0] for mine, one in zip(slices, found[COUNTS[0]]))
        rows.append(row(PART, f"{named(count)}: CPU per request, × 1 worker (lowest–highest); requests/s",
                        f"{statistics.median(entry[0] for entry in slices):.2f} µs, {statistics.median(ratios):.3f}"
                        f" ({ratios[0]:.3f}–{ratios[-1]:.3f}); {statistics.median(entry[1] for entry in slices):,.0f}"))
    return rows


def named(count):
    return "1 worker" if count == 1 else f"{count} workers"


# --- instructions and locks, by callgrind

def counted(shop, quick):
    long = 12_000 if quick else 44_000
    found = {count: per_request(shop, count, long) for count in COUNTS}
    rows = []
    for count, share in found.items():
        ratio = share.instructions / found[1].instructions
        rows.append(at_most(PART, f"{named(count)}: instructions per request {share.instructions:,.0f}, × 1 worker", ratio,
                            INSTRUCTIONS_MAX))
        rows.append(row(PART, f"{named(count)}: locked instructions per request; locks in shared memory taken",
                        f"{sum(share.locked.values()):.2f}; {share.calls_of(WAITING):.3f}"))
    return rows + [row(PART, f"  locked in {function}", f"{count:.2f}")
                   for function, count in by_name(found[COUNTS[-1]].locked) if count >= 0.05]


def by_name(locked):
    """Without arguments and templates, the most frequent first."""
    sums = {}
    for function, count in locked.items():
        name = re.sub(r"\(.*|<.*>|'\d+$", "", function.replace("(anonymous namespace)::", ""))
        sums[name] = sums.get(name, 0) + count
    return sorted(sums.items(), key=lambda entry: -entry[1])


def per_request(shop, workers, long):
    short_run, long_run = (profiled(shop, workers, count) for count in (SHORT, long))
    share = long_run.difference(short_run, long - SHORT)
    say(f"{named(workers)}: {share.instructions:,.0f} instructions, {sum(share.locked.values()):.2f} locked, a request")
    return share


def profiled(shop, workers, requests):
    """Counts of all workers; the master is left out."""
    directory = fresh_directory("callgrind", owner="nobody")
    edge = shop.edge(workers=workers)
    edge.valgrind = ["valgrind", "--tool=callgrind", "--dump-instr=yes", "--compress-strings=no", "--compress-pos=no",
                     f"--callgrind-out-file={directory}/%p"]
    edge.start()
    try:
        time.sleep(3)   # what a start leaves to do is done
        pids = edge.worker_pids()
        answer = shop.links.follow(edge.port(), requests, addresses=ADDRESSES)
        assert answer["statuses"] == {"302": requests}, answer
        eventually(lambda: shop.queued() == requests, f"{requests} clicks in Redis", 30)
    finally:
        edge.stop()
        shop.forget_clicks()
    counts = Counts()
    for pid in pids:
        counts.add(directory / str(pid))
    return counts


# --- waits: a lock that is taken calls the kernel

def waits(shop, quick):
    requests = 20_000 if quick else 100_000
    edge = shop.edge(workers=COUNTS[-1]).start()
    try:
        shop.links.follow(edge.port(), 5_000, addresses=ADDRESSES)
        tracer = subprocess.Popen(
            ["strace", "-f", "-c", "-e", "trace=futex", *(word for pid in edge.worker_pids() for word in ("-p", str(pid)))],
            stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        answer = shop.links.follow(edge.port(), requests, addresses=ADDRESSES)
        tracer.send_signal(2)
        said = tracer.communicate(timeout=30)[1]
        assert answer["statuses"] == {"302": requests}, answer
    finally:
        edge.stop()
        shop.forget_clicks()
    calls = re.search(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+futex$", said, re.M)
    return [row(PART, f"futex calls of {COUNTS[-1]} workers and their threads in {requests:,} requests",
                calls[1] if calls else "0")]
