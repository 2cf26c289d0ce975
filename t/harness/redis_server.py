"""A private Redis; a test stack uses one of its numbered databases."""
import itertools
import signal

import redis

from .environment import as_user, fresh_directory
from .process import Process, free_port


class Redis:
    """The server. Persistence: what SAVE wrote, as after a crash of a real one."""

    def __init__(self, listen=()):
        """`listen`: further words of its command line."""
        self.listen = listen
        self.directory = fresh_directory("redis", owner="redis")
        self.port = free_port()
        self.process = None
        self._numbers = itertools.count(0)
        self.start()

    def start(self):
        self.process = Process(
            [*as_user("redis"), "redis-server", "--port", self.port, "--bind", "127.0.0.1", *self.listen,
             "--dir", self.directory, "--save", "", "--databases", 8192,
             "--enable-debug-command", "yes"],
            self.directory / "redis.log")
        self.process.expect(self._answers, "Redis answers")

    def _answers(self):
        try:
            return self.client().ping()
        except redis.exceptions.ConnectionError:
            return False

    def client(self, number=0):
        return redis.Redis(port=self.port, db=number, decode_responses=True)

    def next_number(self):
        """A database nobody uses yet."""
        return next(self._numbers)

    def url(self, number, port=None):
        return f"redis://127.0.0.1:{port or self.port}/{number}"

    def stop(self):
        self.process.stop(signal.SIGTERM)

    def kill(self):
        self.process.kill()

    def pause(self):
        self.process.send(signal.SIGSTOP)

    def resume(self):
        self.process.send(signal.SIGCONT)
