"""How long NGINX's event loops were held: what the preloaded library of turns/ wrote down."""
import mmap
import os
import struct
from dataclasses import dataclass

from harness.environment import fresh_directory

PROCESSES_MAX = 64
ROW = struct.Struct("16Q")   # as in turns/turns.cpp: pid, turns, longest CPU, longest wall, histogram, undisturbed
BOUNDS_US = [62.5 * 2 ** n for n in range(7)]


@dataclass
class Held:
    """Of all processes together, or of one; a turn is from one epoll_wait to the next."""
    turns: int
    longest_cpu_us: float
    longest_wall_us: float
    cpu_under: list   # turns under each of BOUNDS_US, and above the last one
    undisturbed: int  # turns in which the kernel gave the processor to nobody else
    longest_undisturbed_us: float   # of these, by the clock on the wall

    def over(self, bound_us):
        """Turns that took at least that much CPU; bound_us is one of BOUNDS_US."""
        return sum(self.cpu_under[BOUNDS_US.index(bound_us) + 1:])


class Turns:
    def __init__(self):
        path = fresh_directory("turns", owner="nobody") / "turns"
        path.write_bytes(bytes(ROW.size * PROCESSES_MAX))
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self.environment = {"LD_PRELOAD": os.environ["COUPON_BENCH_TURNS_LIBRARY"], "COUPON_BENCH_TURNS": str(path)}

    def _rows(self):
        return [ROW.unpack_from(self._memory, at) for at in range(0, len(self._memory), ROW.size)]

    def forget(self):
        """Starts anew; the processes keep their rows."""
        for at in range(0, len(self._memory), ROW.size):
            self._memory[at + 8:at + ROW.size] = bytes(ROW.size - 8)

    def held(self, pids=None):
        rows = [row for row in self._rows() if row[0] and (pids is None or row[0] in pids)]
        return Held(sum(row[1] for row in rows), max((row[2] for row in rows), default=0) / 1e3,
                    max((row[3] for row in rows), default=0) / 1e3,
                    [sum(row[4 + n] for row in rows) for n in range(len(BOUNDS_US) + 1)],
                    sum(row[12] for row in rows), max((row[13] for row in rows), default=0) / 1e3)
