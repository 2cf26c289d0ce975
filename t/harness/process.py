"""One server process, started by the tests and stopped by its id."""
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

from .waiting import eventually


# Below the kernel's range for outgoing connections, so that no client takes a port before its server does.
SERVER_PORTS = range(15000, 32000)


def free_port():
    """A loopback TCP port nobody listens on right now; chosen at random, because others choose beside us."""
    for port in random.sample(SERVER_PORTS, 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError(f"no free port between {SERVER_PORTS.start} and {SERVER_PORTS.stop}")


def accepts_connections(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_alive(pid):
    """False for a process that is gone or only waits to be collected."""
    try:
        # A child of ours, asked without collecting it; a bare chroot has no /proc to look at.
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
        threads = len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return not pathlib.Path("/proc/self").exists()
    # Killed, but its sockets and locks are there until its other threads are gone as well.
    return stat.rpartition(")")[2].split()[0] != "Z" or threads > 1


def kill_all(pids, number=signal.SIGKILL, within_s=10):
    """Sends a signal to each process and waits until all of them are gone."""
    for pid in pids:
        if is_alive(pid):
            os.kill(pid, number)
    eventually(lambda: not any(is_alive(pid) for pid in pids), f"{pids} gone", within_s)


class Process:
    """A child whose output goes to a file."""

    def __init__(self, command, log, environment=None, directory=None):
        self.command = [str(word) for word in command]
        self.log = pathlib.Path(log)
        self.said_before = self.log.stat().st_size if self.log.exists() else 0  # by others of the same log
        with open(self.log, "ab") as output:
            self.child = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                cwd=directory, env={**os.environ, **(environment or {})})

    @property
    def pid(self):
        return self.child.pid

    @property
    def running(self):
        return self.child.poll() is None

    def send(self, number):
        self.child.send_signal(number)

    def wait(self, within_s=20):
        """Exit status; fails when the process does not end in time."""
        return self.child.wait(within_s)

    def stop(self, number=signal.SIGTERM, within_s=20):
        """Asks the process to end and returns its exit status; kills it (and fails) after within_s."""
        if self.running:
            self.send(number)
        try:
            return self.child.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.command[0]} ignored signal {number}: {self.tail()}") from None

    def kill(self):
        if self.running:
            self.child.kill()
        self.child.wait()

    def tail(self, lines=30):
        text = self.log.read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def says(self, text, within_s=15):
        """Waits until it has written `text`: a worker that has started ends well when it is asked to."""
        def written():
            with open(self.log, "rb") as log:
                log.seek(self.said_before)
                return text.encode() in log.read()
        # What has said it may be gone by now.
        eventually(lambda: written() or not self.running, f"{text} in its log", within_s)
        assert written(), f"{self.command} ended without a word of {text}\n{self.tail()}"
        return self

    def expect(self, probe, what, within_s=15):
        """Waits for probe() while the process lives; its early end is reported with its output."""
        def ready_or_dead():
            if not self.running:
                raise AssertionError(f"{self.command} ended before: {what}\n{self.tail()}")
            return probe()
        started = time.monotonic()
        try:
            return eventually(ready_or_dead, what, within_s)
        except AssertionError as problem:
            raise AssertionError(
                f"{problem} after {time.monotonic() - started:.1f} s\n{self.tail()}") from None
