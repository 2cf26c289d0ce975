"""Visitors that follow links all the time and write down every answer they received.

One thread, many connections: half of them keep-alive, half with a connection for each request, so
that a reload shows which of the two it cuts.
"""
import asyncio
import collections
import re
from dataclasses import dataclass

from harness.waiting import eventually

from .many_connections import STATUS, Cut, ManyConnections, exchange

CLICK_OF_LOCATION = re.compile(rb"[?&]sub=([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})")
LOCATION = re.compile(rb"\r\nLocation: (\S+)\r\n", re.IGNORECASE)
UNJOURNALED = re.compile(rb"\r\nX-Verdict: unjournaled\r\n", re.IGNORECASE)

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
ANSWER_DEADLINE_S = 10


@dataclass(frozen=True)
class Visit:
    """A link and the statuses that the design allows for it."""
    path: str
    allowed: frozenset = frozenset({302})
    agent: str = BROWSER
    method: str = "GET"

    def request(self, keep_alive):
        connection = "" if keep_alive else "Connection: close\r\n"
        return (f"{self.method} {self.path} HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: {self.agent}\r\n"
                f"{connection}\r\n").encode()


class SteadyLoad(ManyConnections):
    """Runs inside its `with` block. Afterwards, or at any time:

    clicks        ids of all 302 received, without those marked unjournaled
    unjournaled   ids of those
    statuses      Counter of every answer
    wrong         Counter of answers that the visit does not allow, by (path, status)
    cut_reused, cut_fresh   requests without an answer, on a used and on a new connection
    late          requests without an answer within ANSWER_DEADLINE_S
    refused       attempts that found nobody listening
    """

    def __init__(self, port, visits, connections=16, pause_s=0.015):
        super().__init__(connections)
        self.port = port
        self.visits = list(visits)
        self.pause_s = pause_s
        self.clicks = []
        self.unjournaled = []
        self.statuses = collections.Counter()
        self.wrong = collections.Counter()
        self.cut_reused = self.cut_fresh = self.late = self.refused = 0

    @property
    def redirects(self):
        return self.statuses[302]

    @property
    def cuts(self):
        return self.cut_reused + self.cut_fresh

    def goes_on(self, more=50, within_s=10):
        """Waits until so many more links were answered with a 302."""
        goal = self.redirects + more
        eventually(lambda: self.redirects >= goal or self._failure, f"{more} more redirects", within_s)

    # --- the thread

    async def _keep_busy(self, number):
        keep_alive = number % 2 == 0
        link = None
        turn = number
        while not self._stopping:
            await asyncio.sleep(self.pause_s)
            turn += self.connections + 1  # coprime to few: every connection follows every link
            visit = self.visits[turn % len(self.visits)]
            fresh = link is None
            if fresh:
                try:
                    link = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    self.refused += 1
                    await asyncio.sleep(0.02)
                    continue
            try:
                head = await asyncio.wait_for(exchange(link, visit.request(keep_alive), visit.method != "HEAD"),
                                              ANSWER_DEADLINE_S)
                self._note(visit, head)
                if keep_alive and b"\r\nConnection: close\r\n" not in head:
                    continue
            except asyncio.TimeoutError:
                self.late += 1
            except (Cut, OSError):
                if fresh:
                    self.cut_fresh += 1
                else:
                    self.cut_reused += 1
            link[1].close()
            link = None
        if link:
            link[1].close()

    def _note(self, visit, head):
        status = int(STATUS.match(head)[1])
        self.statuses[status] += 1
        if status not in visit.allowed:
            self.wrong[visit.path, status] += 1
        if status == 302:
            location = LOCATION.search(head)
            click = location and CLICK_OF_LOCATION.search(location[1])
            if not click:
                self.wrong[visit.path, head.decode("latin-1")] += 1
            else:
                (self.unjournaled if UNJOURNALED.search(head) else self.clicks).append(click[1].decode())
