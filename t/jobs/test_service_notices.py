"""What a worker tells systemd, played by a socket: ready, alive while its loops come round, stopping; and the
credentials it gets from there."""
import contextlib
import ctypes
import os
import pathlib
import signal
import socket
import subprocess

import pytest

from harness.environment import AS_ROOT, COUPON_WORKER, PATIENCE, fresh_directory
from harness.process import Process
from harness.waiting import eventually, stays

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
LIMIT_S = 2 * PATIENCE


class Systemd:
    """The socket that NOTIFY_SOCKET names, and what came to it."""

    def __init__(self, abstract=False):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = str(fresh_directory("notify") / "socket")
        self.socket.bind("\0" + path if abstract else path)
        self.socket.setblocking(False)
        self.said = []
        self.environment = {"NOTIFY_SOCKET": "@" + path if abstract else path, "WATCHDOG_USEC": str(LIMIT_S * 1_000_000)}

    def heard(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.said.append(self.socket.recv(4096).decode())
        return self.said

    def feedings(self):
        return self.heard().count("WATCHDOG=1")

    def fed(self, within_s=LIMIT_S):
        before = self.feedings()
        return eventually(lambda: self.feedings() > before, "the watchdog is fed", within_s)


@contextlib.contextmanager
def worker(shop, role, **environment):
    process = Process([COUPON_WORKER, role], fresh_directory("worker") / "log",
                      shop.environment | {"ASAN_OPTIONS": "detect_leaks=0"} | environment)
    try:
        yield process.says('"started"')
    finally:
        if process.running:
            assert process.stop() == 0, process.tail()


@pytest.fixture
def systemd():
    played = Systemd()
    yield played
    played.socket.close()


@contextlib.contextmanager
def frozen(thread):
    """One thread of a process of ours stands still, the others go on."""
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    if ptrace(PTRACE_SEIZE, thread, None, None) != 0:
        pytest.skip("a thread cannot be stopped on this machine (ptrace is forbidden)")
    try:
        assert ptrace(PTRACE_INTERRUPT, thread, None, None) == 0
        os.waitpid(thread, 0x40000000)  # __WALL
        yield
    finally:
        ptrace(PTRACE_DETACH, thread, None, None)


def test_no_other_process_of_its_user_reads_a_workers_secrets(job_shop, systemd):
    with worker(job_shop, "clicks", **systemd.environment) as process:
        eventually(lambda: "READY=1" in systemd.heard(), "READY", 10)
        status = pathlib.Path(f"/proc/{process.pid}")
        as_owner = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if AS_ROOT else []
        read = subprocess.run([*as_owner, "cat", status / "environ"], capture_output=True)
        assert read.returncode != 0 and b"DATABASE_URL" not in read.stdout


@pytest.mark.parametrize("role", ["clicks", "webhooks", "cron"])
def test_a_worker_says_ready_feeds_and_says_that_it_stops(job_shop, systemd, role):
    with worker(job_shop, role, **systemd.environment) as process:
        eventually(lambda: "READY=1" in systemd.heard(), "READY", 10)
        for _ in range(3):
            systemd.fed()
        process.send(signal.SIGTERM)
        eventually(lambda: "STOPPING=1" in systemd.heard(), "STOPPING", 10)
        assert process.wait() == 0
    assert set(systemd.heard()) == {"READY=1", "WATCHDOG=1", "STOPPING=1"}
    assert systemd.said.count("READY=1") == 1


def test_an_abstract_socket_is_one_as_well(job_shop):
    played = Systemd(abstract=True)
    with worker(job_shop, "clicks", **played.environment):
        eventually(lambda: "READY=1" in played.heard(), "READY", 10)
    played.socket.close()


def test_a_loop_that_stands_still_is_not_covered_up_by_the_others(job_shop, systemd):
    with worker(job_shop, "clicks", **systemd.environment) as process:
        systemd.fed(10)
        with frozen(process.pid):   # the main thread, whose loop stores clicks
            eventually(lambda: any(said.startswith("STATUS=the loop clicks") for said in systemd.heard()),
                       "it is told which", 3 * LIMIT_S + 5)
            before = systemd.feedings()
            stays(lambda: systemd.feedings() == before, "the watchdog is not fed", LIMIT_S)
            assert "a loop of the worker does not come round" in process.log.read_text()
        systemd.fed(10)


def test_patience_with_servers_that_are_away_is_no_standstill(systemd):
    unreachable = {"DATABASE_URL": "postgresql://coupon@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    process = Process([COUPON_WORKER, "clicks"], fresh_directory("worker") / "log",
                      unreachable | systemd.environment | {"ASAN_OPTIONS": "detect_leaks=0"})
    try:
        systemd.fed(10)
        stays(lambda: process.running and not any("STATUS" in said for said in systemd.heard()), "it is alive", 3 * LIMIT_S)
        systemd.fed()
    finally:
        process.stop()


def test_another_process_watchdog_is_left_alone(job_shop, systemd):
    with worker(job_shop, "clicks", **systemd.environment, WATCHDOG_PID="1"):
        eventually(lambda: "READY=1" in systemd.heard(), "READY", 10)
        stays(lambda: systemd.feedings() == 0, "it is not fed", LIMIT_S)


# --- credentials

def check(folder, role="clicks", **environment):
    log = fresh_directory("check") / "log"
    process = Process([COUPON_WORKER, role, "--check"], log, {"ASAN_OPTIONS": "detect_leaks=0",
                      "CREDENTIALS_DIRECTORY": str(folder)} | environment)
    return process.wait(), log.read_text()


@pytest.fixture
def credentials(job_shop):
    folder = fresh_directory("credentials")
    for name in ("DATABASE_URL", "REDIS_URL"):
        (folder / f"common_{name}").write_text(job_shop.environment[name] + "\n")
    return folder


def test_settings_may_be_credentials(job_shop, credentials):
    assert check(credentials)[0] == 0
    (credentials / "role_REDIS_URL").write_text("nonsense")   # a role's own wins
    status, said = check(credentials)
    assert status == 1 and "REDIS_URL" in said, said
    (credentials / "REDIS_URL").write_text(job_shop.environment["REDIS_URL"])   # named by itself: wins over both
    assert check(credentials)[0] == 0


def test_a_setting_that_comes_twice_is_refused(job_shop, credentials):
    status, said = check(credentials, DATABASE_URL=job_shop.environment["DATABASE_URL"])
    assert status == 1
    assert f"DATABASE_URL is set and is a credential as well ({credentials}/common_DATABASE_URL): keep one of them" in said
    assert job_shop.environment["DATABASE_URL"] not in said
