"""Waiting with a deadline instead of sleeping."""
import time

from .environment import PATIENCE


def eventually(probe, what, within_s=5.0, every_s=0.02):
    """Calls probe() until it returns something true, and returns that; fails after within_s."""
    deadline = time.monotonic() + within_s * PATIENCE
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s * PATIENCE:g} s: {what} (last: {answer!r})")
        time.sleep(every_s)


def stays(probe, what, for_s):
    """Asserts that probe() is true now and remains so for for_s seconds."""
    deadline = time.monotonic() + for_s
    while time.monotonic() < deadline:
        assert probe(), f"did not stay so: {what}"
        time.sleep(0.02)
