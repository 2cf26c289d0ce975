"""Steady load by clients that write down every click they were promised."""
import collections
import threading

from .http import Connection, Cut


class Visitors:
    """While in its `with` block, threads follow links, by default over keep-alive connections.

    Afterwards: clicks (ids of all 302 received), statuses (Counter), cuts (connections that broke),
    refused (attempts that found nobody listening).
    """

    def __init__(self, port, paths, threads=4, pause_s=0.002, keep_alive=True):
        self.port = port
        self.paths = list(paths)
        self.pause_s = pause_s
        self.keep_alive = keep_alive
        self.clicks = []
        self.statuses = collections.Counter()
        self.cuts = 0
        self.refused = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, number):
        connection = None
        while not self._stop.wait(self.pause_s):
            try:
                connection = connection or Connection(self.port)
                number += 1
                answer = connection.request(self.paths[number % len(self.paths)])
                self.statuses[answer.status] += 1
                if answer.status == 302:
                    self.clicks.append(answer.headers["x-click-id"])
                if not self.keep_alive or answer.headers.get("connection") == "close":
                    connection.close()
                    connection = None
            except (Cut, OSError):
                if connection is None:
                    self.refused += 1
                    self._stop.wait(0.05)
                else:
                    self.cuts += 1  # with keep-alive also an idle connection that NGINX closed
                    connection.close()
                    connection = None
