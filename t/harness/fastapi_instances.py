"""Instances of a real FastAPI application, as a front door distributes requests over them."""
import collections

from .environment import CHECKOUT, fresh_directory
from .http import fetch
from .process import Process, accepts_connections, free_port


class FastApi:
    """One instance; a new one takes its port when it is started again."""

    def __init__(self, name, deeds):
        self.name = name
        self.port = free_port()
        self.deeds = deeds
        self.process = None
        self.start()

    def start(self):
        # Debian's python3 has FastAPI; whichever runs the tests may not.
        self.process = Process(
            ["/usr/bin/python3", "-m", "uvicorn", "harness.fastapi_app:app", "--host", "127.0.0.1", "--port", self.port,
             "--log-level", "warning"],
            self.deeds.parent / f"{self.name}.log",
            {"COUPON_TEST_INSTANCE": self.name, "COUPON_TEST_DEEDS": str(self.deeds), "LD_PRELOAD": "",
             "PYTHONDONTWRITEBYTECODE": "1"}, directory=CHECKOUT / "t")
        return self

    def wait(self):
        self.process.expect(lambda: accepts_connections(self.port), "uvicorn listens", 60)
        return self

    def ask(self, path, method="GET"):
        """Past the front door, as the workers do."""
        return fetch(self.port, path, method)

    def kill(self):
        self.process.kill()

    def stop(self):
        self.process.stop()


class FastApis:
    """Two instances and what they carried out."""

    def __init__(self):
        self.deeds = fresh_directory("fastapi") / "deeds"
        self.deeds.touch()
        self.all = [FastApi(name, self.deeds) for name in ("one", "two")]
        for instance in self.all:
            instance.wait()

    def done(self):
        """deed → how often."""
        return collections.Counter(line.partition(" ")[2] for line in self.deeds.read_text().splitlines())

    def die_at_next_deed(self):
        """The first instance asked for /api/last-deed/… does it and dies before it answers."""
        self.deeds.with_suffix(".last").touch()

    def dead(self):
        return [instance for instance in self.all if not instance.process.running]

    def close(self):
        for instance in self.all:
            instance.process.kill()
