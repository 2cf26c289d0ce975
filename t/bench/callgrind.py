"""Reads what callgrind wrote: instructions of each function, and of what it called.

Format: valgrind's manual, "Callgrind Format Specification", with names and positions written out
(--compress-strings=no --compress-pos=no).
"""
import collections


class Profile:
    """own[function], calls[(caller, callee)] and inclusive[function], in instructions."""

    def __init__(self):
        self.own = collections.Counter()
        self.calls = collections.Counter()

    @property
    def total(self):
        return sum(self.own.values())

    def inclusive(self):
        """Exact unless a function calls itself; callgrind tells cycles apart by names with '2."""
        sums = collections.Counter(self.own)
        for (caller, _), cost in self.calls.items():
            sums[caller] += cost
        return sums

    def less(self, other):
        """What this run cost more than `other`: a start-up that both have in common is gone."""
        difference = Profile()
        difference.own = collections.Counter(self.own)
        difference.own.subtract(other.own)
        difference.calls = collections.Counter(self.calls)
        difference.calls.subtract(other.calls)
        return difference

    def divided_by(self, requests):
        share = Profile()
        for function, cost in self.own.items():
            share.own[function] = cost / requests
        for pair, cost in self.calls.items():
            share.calls[pair] = cost / requests
        return share


def read(path):
    profile = Profile()
    function = callee = None
    call_follows = False
    with open(path, errors="replace") as lines:
        for line in lines:
            if line.startswith("fn="):
                function = line[3:].rstrip()
            elif line.startswith("cfn="):
                callee = line[4:].rstrip()
            elif line.startswith("calls="):
                call_follows = True
            elif line[0].isdigit() or line[0] in "+-*":
                words = line.split()
                cost = int(words[1]) if len(words) > 1 else 0
                if call_follows:
                    profile.calls[function, callee] += cost
                    call_follows = False
                else:
                    profile.own[function] += cost
    return profile
