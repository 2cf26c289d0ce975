"""Part `workers`, cache lines: which lines of the memory that workers share does each write while it alone serves? A line in
two workers' sets would wander between their processors. What is restored before the look is not seen; locks are counted apart."""
import itertools
import time

from .load import HEADERS
from .scale_visible import WHICH_WORKER, connections_to_all
from .say import say
from .table import at_most, row

PART = "workers"
WORKERS = 4
LINE, PAGE = 64, 4096
REQUESTS = 400
QUIET_S = 2.0    # until the leader has told Redis what was counted before: it writes into the others' lines
OURS = "ours"
SMALL = 65_536   # NGINX's own counters and mutexes; our zones and files are larger


class Mapping:
    def __init__(self, line):
        words = line.split()
        self.start, self.end = (int(edge, 16) for edge in words[0].split("-"))
        self.inode = words[4]
        self.bytes = self.end - self.start
        self.owner = "NGINX's own" if self.bytes <= SMALL and "/dev/zero" in line else OURS

    def read(self, memory):
        memory.seek(self.start)
        return memory.read(self.bytes)


def shared_mappings(pid):
    with open(f"/proc/{pid}/maps") as lines:
        return [Mapping(line) for line in lines if line.split()[1] == "rw-s"]


def contents(pid):
    """Of what the process shares: (inode, owner, size) → bytes. Other processes map the same at other addresses; a
    segment's header has a mapping of its own."""
    with open(f"/proc/{pid}/mem", "rb") as memory:
        return {(mapping.inode, mapping.owner, mapping.bytes): mapping.read(memory) for mapping in shared_mappings(pid)}


def written(before, after):
    """(inode, owner, size, line) of what differs."""
    found = set()
    for key in before.keys() & after.keys():
        old, new = before[key], after[key]
        for page in range(0, len(old), PAGE):
            if old[page:page + PAGE] != new[page:page + PAGE]:
                found |= {(*key, at) for at in range(page, page + PAGE, LINE) if old[at:at + LINE] != new[at:at + LINE]}
    return found


def run(shop, quick):
    edge = shop.edge(workers=WORKERS, more=WHICH_WORKER, coupon_catalog_zone="offers:8m", coupon_rate_zone="visitors:32m")
    edge.start()
    try:
        pids = edge.worker_pids()
        connections = connections_to_all(edge, [f"127.0.2.{n}" for n in range(1, 100)])
        for pid in pids:
            serve(shop, connections[pid])   # every address has its slot
        found = [{pid: written_by(shop, pid, connections[pid]) for pid in pids} for _ in range(2 if quick else 3)]
    finally:
        edge.stop()
        shop.forget_clicks()
    lines = [len(entry) for sets in found for entry in sets.values()]
    say(f"{min(lines):,} to {max(lines):,} lines of shared memory written in {REQUESTS} requests")
    rows = [row(PART, f"{WORKERS} workers, {REQUESTS} requests each: lines of shared memory that one writes",
                f"{min(lines):,}–{max(lines):,}")]
    # What housekeeping writes now and then is not in every round.
    common = set.intersection(*(written_by_two(sets.values()) for sets in found))
    count = sum(line[1] == OURS for line in common)
    return rows + [at_most(PART, "lines that two of them write: ours", count, 0, "{:d}"),
                   row(PART, "lines that two of them write: NGINX's own", f"{len(common) - count}")]


def written_by_two(sets):
    return set().union(*(one & other for one, other in itertools.combinations(sets, 2)))


def written_by(shop, pid, connection):
    """Without what is written by the clock: while nobody asks for anything."""
    time.sleep(QUIET_S)
    idle = contents(pid)
    time.sleep(QUIET_S)
    before = contents(pid)
    serve(shop, connection)
    return written(before, contents(pid)) - written(idle, before)


def serve(shop, connection):
    headers = [line.split(": ", 1) for line in HEADERS]
    with open(shop.links.paths_file) as paths:
        for path in itertools.islice(paths, REQUESTS):
            assert connection.request(path.rstrip(), headers=headers).status == 302
