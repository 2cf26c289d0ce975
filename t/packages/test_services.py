"""The packaged units under a real systemd: the Debian with the packages, booted beside this machine's own."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import uuid

import pytest

from harness import http
from harness.environment import fresh_directory
from harness.process import Process
from harness.waiting import eventually, stays

from .debian import ENVIRONMENT, Root
from .edge import Edge
from .newer import newer

pytestmark = [
    pytest.mark.deadline(900),   # the first test waits for debootstrap
    pytest.mark.skipif(shutil.which("systemd-nspawn") is None,
                       reason="systemd-nspawn is not installed: the units are not started"),
]


class ControlGroup:
    """A group of its own in each hierarchy that systemd uses, so that the guest's systemd has a root for itself."""

    def __init__(self):
        name = f"coupon-t-{uuid.uuid4().hex[:8]}"
        tops = [pathlib.Path("/sys/fs/cgroup", top) for top in ("systemd", "unified", ".")]
        self.paths = [top / name for top in tops if (top / "cgroup.procs").exists()]
        for path in self.paths:
            path.mkdir()

    def enter(self):
        for path in self.paths:
            (path / "cgroup.procs").write_text("0")

    def remove(self):
        for path in self.paths:
            for folder, _, _ in os.walk(path, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)


class Machine(Root):
    """A Root whose systemd runs. It has this machine's network and its own processes."""

    def __init__(self, root):
        super().__init__(root.path)
        (self.path / "usr/sbin/policy-rc.d").unlink()
        self.group = ControlGroup()
        self.leader = None
        self.log = fresh_directory("machine") / "console.log"
        with open(self.log, "wb") as console:
            self.guest = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--directory", self.path, "--register=no", "--keep-unit", "--boot",
                 f"--machine=coupon-{uuid.uuid4().hex[:8]}", "--console=pipe", "--link-journal=no"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, env=ENVIRONMENT, preexec_fn=self.group.enter)

    def boot(self):
        """Whether its systemd came up; what it said is in `log`."""
        def booted():
            if self.guest.poll() is not None:
                return True
            children = pathlib.Path(f"/proc/{self.guest.pid}/task/{self.guest.pid}/children").read_text().split()
            self.leader = int(children[0]) if children else None
            return self.leader and self.systemctl("is-system-running", status=None) in ("running\n", "degraded\n")
        with contextlib.suppress(AssertionError):
            eventually(booted, "systemd runs", 90, every_s=0.5)
        return self.guest.poll() is None and self.leader is not None and \
            self.systemctl("is-system-running", status=None) in ("running\n", "degraded\n")

    def inside(self, *command):
        return ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--pid", "--cgroup",
                f"--root=/proc/{self.leader}/root", f"--wd=/proc/{self.leader}/root", *map(str, command)]

    def systemctl(self, *words, **options):
        return self.run("systemctl", "--no-pager", *words, **options)

    def show(self, unit, name):
        return self.systemctl("show", "--value", "--property", name, unit).strip()

    def journal(self, unit):
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit)

    def power_off(self):
        if self.guest.poll() is None:
            self.guest.send_signal(signal.SIGTERM)
            try:
                self.guest.wait(60)
            except subprocess.TimeoutExpired:
                self.guest.kill()
                self.guest.wait()
        self.group.remove()


@pytest.fixture(scope="module")
def machine(installed):
    root = installed.copy("machine")
    for name in ("etc/nginx/conf.d/edge.conf", "etc/nginx/sites-enabled/default"):   # no port is ours yet
        (root.path / name).unlink(missing_ok=True)
    guest = Machine(root)
    try:
        if not guest.boot():
            said = guest.log.read_text(errors="replace").strip().splitlines()
            pytest.skip(f"systemd cannot be booted here ({said[-1] if said else 'no word'}): the units are not started")
        yield guest
    finally:
        guest.power_off()


@pytest.fixture
def shop(machine, new_shop):
    """Its servers are what the machine's workers are configured for; they are stopped at the end."""
    made = new_shop(start=False, click_worker=False)
    machine.put("etc/coupon/credentials/common/DATABASE_URL", made.database.url + "\n", 0o600)
    machine.put("etc/coupon/credentials/common/REDIS_URL", made.redis_server.url(made.redis_number) + "\n", 0o600)
    yield made
    machine.systemctl("stop", "coupon-worker-*@*.service")
    machine.systemctl("reset-failed")


CLICKS = "coupon-worker-clicks@1.service"


def test_nothing_runs_that_nobody_configured(machine):
    assert "coupon" not in machine.systemctl("list-units", "--plain", "--no-legend", "coupon-*")
    assert machine.show("nginx.service", "ActiveState") == "active"


def test_a_worker_gets_its_secrets_and_says_when_it_is_ready(machine, shop):
    machine.put("etc/coupon/credentials/email/SENDGRID_API_KEY", "SG.secret\n", 0o600)
    machine.put("etc/coupon/email.env", "FROM_EMAIL=shop@shop.example\nSHOP_NAME=Shop\nSHOP_URL=https://shop.example\n")
    machine.systemctl("start", CLICKS, "coupon-worker-email@1.service")   # returns once both said READY
    for unit in (CLICKS, "coupon-worker-email@1.service"):
        assert machine.show(unit, "SubState") == "running", machine.journal(unit)
        assert machine.show(unit, "NRestarts") == "0"
        assert machine.show(unit, "WatchdogUSec") == "2min", "nobody would notice that it stands still"
        environment = machine.run("cat", f"/proc/{machine.show(unit, 'MainPID')}/environ")
        assert "postgresql://" not in environment and "SG.secret" not in environment
    folder = "/run/credentials/coupon-worker-clicks@1.service"
    assert machine.run("ls", folder).split() == ["common_DATABASE_URL", "common_REDIS_URL"], "a secret of another role"
    assert "role_SENDGRID_API_KEY" in machine.run("ls", "/run/credentials/coupon-worker-email@1.service")
    assert machine.run("stat", "-c", "%U", f"/proc/{machine.show(CLICKS, 'MainPID')}").strip() == "coupon"


def test_every_role_starts(machine, shop):
    line = machine.run("couponctl", "admin", "password", "ops", "--role", "operator", stdin="a long password\n")
    machine.put("etc/coupon/admin_passwords", line)
    machine.run("chown", "coupon:coupon", "/etc/coupon/admin_passwords")
    machine.run("chmod", "600", "/etc/coupon/admin_passwords")
    machine.put("etc/coupon/admin.env",
                "ADMIN_PASSWORDS=/etc/coupon/admin_passwords\nADMIN_LISTEN=unix:/run/coupon/admin.sock\n")
    machine.put("etc/coupon/sms.env", "SMS_PROVIDERS=twilio\nTWILIO_ACCOUNT_SID=AC1\nTWILIO_FROM=+15005550006\nSHOP_NAME=Shop\n")
    machine.put("etc/coupon/credentials/sms/TWILIO_AUTH_TOKEN", "token\n", 0o600)
    machine.put("etc/coupon/cashback.env", "CASHBACK_NETWORKS=vcommission\n")
    machine.put("etc/coupon/credentials/cashback/VCOMMISSION_API_KEY", "key\n", 0o600)
    units = [f"coupon-worker-{role}@1.service" for role in ("clicks", "webhooks", "sms", "cashback", "cron", "admin")]
    machine.systemctl("start", *units)
    for unit in units:
        assert machine.show(unit, "SubState") == "running", machine.journal(unit)
    # NGINX reaches it as a member of the group.
    assert machine.run("stat", "-c", "%G %a", "/run/coupon/admin.sock").strip() == "coupon 660"


def test_a_killed_worker_starts_anew_and_a_wrong_setting_does_not(machine, shop):
    machine.systemctl("start", CLICKS)
    first = machine.show(CLICKS, "MainPID")
    machine.systemctl("kill", "--signal=KILL", CLICKS)
    eventually(lambda: machine.show(CLICKS, "SubState") == "running" and machine.show(CLICKS, "MainPID") != first,
               "another process works", 20, every_s=0.2)
    machine.put("etc/coupon/credentials/common/REDIS_URL", "nonsense\n", 0o600)
    machine.systemctl("restart", CLICKS, status=None)
    eventually(lambda: machine.show(CLICKS, "ActiveState") == "failed", "it is given up", 20, every_s=0.2)
    assert machine.show(CLICKS, "ExecMainStatus") == "2"


def test_a_worker_that_stands_still_is_started_anew(machine, shop):
    machine.put("etc/systemd/system/coupon-worker-clicks@1.service.d/soon.conf", "[Service]\nWatchdogSec=3s\n")
    machine.systemctl("daemon-reload")
    try:
        machine.systemctl("start", CLICKS)
        first = machine.show(CLICKS, "MainPID")
        stays(lambda: machine.show(CLICKS, "MainPID") == first, "a worker that works is left alone", 7)
        machine.systemctl("kill", "--signal=STOP", CLICKS)
        eventually(lambda: machine.show(CLICKS, "NRestarts") == "1" and machine.show(CLICKS, "SubState") == "running",
                   "systemd starts another", 40, every_s=0.2)
    finally:
        shutil.rmtree(machine.path / "etc/systemd/system/coupon-worker-clicks@1.service.d")
        machine.systemctl("daemon-reload")


def test_autoscale_starts_as_many_as_it_is_told(machine, shop):
    machine.put("etc/coupon/autoscale.env", 'AUTOSCALE_CLICKS="2 3 1000 100"\n')
    machine.systemctl("start", "coupon-autoscale.service")
    eventually(lambda: [machine.show(f"coupon-worker-clicks@{number}.service", "SubState") for number in (1, 2, 3)]
               == ["running", "running", "dead"], "two run", 20, every_s=0.2)


def test_the_shop_works_under_systemd_and_an_upgrade_goes_on_with_it(machine, shop, debs):
    edge = Edge(machine, shop)
    offer = shop.offer()
    machine.systemctl("enable", "--now", CLICKS)
    machine.systemctl("reload", "nginx")

    def click():
        answer = eventually(lambda: redirect(edge.port, offer.path), "a redirect", 20)
        row = "SELECT * FROM offer_clicks WHERE click_id = %s"
        eventually(lambda: shop.database.row(row, [answer.location.partition("sub=")[2]]), "its click", 20)

    click()
    before = machine.show(CLICKS, "MainPID"), workers_of(machine)
    folder = fresh_directory("newer")
    machine.apt("install", *machine.take([newer(deb, folder) for deb in debs.values()]))
    assert machine.show(CLICKS, "SubState") == "running"
    assert machine.show(CLICKS, "MainPID") != before[0], "the old program runs on"
    eventually(lambda: not workers_of(machine) & before[1], "NGINX was reloaded", 20)
    assert machine.show("coupon-worker-email@1.service", "ActiveState") == "inactive", "what did not run was started"
    click()

    # The last test of this machine: nothing runs after the packages are gone, and NGINX goes on.
    for name in ("conf.d/edge.conf", "coupon.conf"):
        (machine.path / "etc/nginx" / name).unlink()
    machine.apt("purge", *debs)
    assert "coupon" not in machine.systemctl("list-units", "--plain", "--no-legend", "--all", "coupon-worker*")
    assert not list((machine.path / "etc/systemd/system").rglob("coupon-worker-*@*.service"))
    assert "coupon-worker" not in machine.run("ps", "-e", "-o", "comm", status=None)
    assert machine.show("nginx.service", "ActiveState") == "active"


def redirect(port, path):
    try:
        answer = http.fetch(port, path)
    except (OSError, http.Cut):
        return None
    return answer if answer.status == 302 else None


def workers_of(machine):
    master = machine.show("nginx.service", "MainPID")
    return set(machine.run("cat", f"/proc/{master}/task/{master}/children").split())
