"""Which locked instructions ran, by function: callgrind's counts for each address (--dump-instr=yes), and the
disassembly that says which of them lock. On x86 these are what processors can stand in each other's way with."""
import collections
import functools
import re
import subprocess

# xchg with memory locks by itself; the padding `xchg %ax,%ax` has no memory.
LOCKED = re.compile(r"^\s*([0-9a-f]+):\s+(?:lock |xchg .*\()", re.M)


@functools.cache
def locked_addresses(file):
    run = subprocess.run(["objdump", "-d", "--no-show-raw-insn", file], capture_output=True, text=True)
    return frozenset(int(address, 16) for address in LOCKED.findall(run.stdout))


class Counts:
    """instructions; locked[function]; calls[function]."""

    def __init__(self):
        self.instructions = 0
        self.locked = collections.Counter()
        self.calls = collections.Counter()

    def add(self, path):
        """What callgrind wrote of one process, with names and positions written out."""
        addresses = frozenset()
        function = callee = None
        call_follows = False
        with open(path, errors="replace") as lines:
            for line in lines:
                if line.startswith("0x"):
                    if call_follows:
                        call_follows = False   # the cost of the called function, counted there
                        continue
                    address, _, count = line.split()[:3]
                    self.instructions += int(count)
                    if int(address, 16) in addresses:
                        self.locked[function] += int(count)
                elif line.startswith("ob="):
                    addresses = locked_addresses(line[3:].rstrip())
                elif line.startswith("fn="):
                    function = line[3:].rstrip()
                elif line.startswith("cfn="):
                    callee = line[4:].rstrip()
                elif line.startswith("calls="):
                    self.calls[callee] += int(line[6:].split()[0])
                    call_follows = True
        return self

    def difference(self, other, requests):
        """Per request, of two runs that differ by so many."""
        share = Counts()
        share.instructions = (self.instructions - other.instructions) / requests
        for name in ("locked", "calls"):
            mine, theirs = getattr(self, name), getattr(other, name)
            for function in mine.keys() | theirs.keys():
                getattr(share, name)[function] = (mine[function] - theirs[function]) / requests
        return share

    def calls_of(self, pattern):
        return sum(count for function, count in self.calls.items() if re.search(pattern, function))
