"""nginx-conf/systemd: systemd understands every unit, and every role runs from the one template."""
import re
import shutil
import subprocess

import pytest

from harness.environment import BUILD, CHECKOUT, COUPON_WORKER, fresh_directory
from harness.shop import couponctl

UNITS = CHECKOUT / "nginx-conf" / "systemd"
TEMPLATE = UNITS / "coupon-worker@.service"

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None,
                                   reason="systemd-analyze is not installed: the units are not verified")


def roles():
    text = subprocess.run([COUPON_WORKER, "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  ([a-z]+) ", text.partition("Subcommands:")[2], re.MULTILINE)


@pytest.fixture
def installed():
    """The units as they are installed, with the programs of this build."""
    directory = fresh_directory("units")
    (directory / "environment").write_text("")
    for path in UNITS.glob("*.*"):
        if path.suffix in (".service", ".timer"):
            text = path.read_text().replace("/usr/bin/coupon", f"{BUILD}/coupon")
            text = re.sub(r"^EnvironmentFile=/.*$", f"EnvironmentFile={directory}/environment", text, flags=re.MULTILINE)
            names = [f"coupon-worker-{role}@.service" for role in roles()] if path == TEMPLATE else [path.name]
            for name in names:
                (directory / name).write_text(text)
    return directory


def verify(*units):
    run = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, timeout=60)
    return run.returncode, run.stdout + run.stderr


@needs_systemd
def test_systemd_accepts_each_unit(installed):
    assert len(roles()) >= 5
    units = [installed / f"coupon-worker-{role}@1.service" for role in roles()]
    assert verify(*units, installed / "coupon-autoscale.timer", installed / "coupon-autoscale.service") == (0, "")
    # What would be wrong is found.
    broken = installed / "coupon-worker-email@.service"
    broken.write_text(broken.read_text().replace("NoNewPrivileges", "NoNewPrivilege"))
    assert "Unknown key 'NoNewPrivilege'" in verify(installed / "coupon-worker-email@1.service")[1]


@needs_systemd
@pytest.mark.parametrize("unit", ["coupon-worker-email@1.service", "coupon-autoscale.service"])
def test_a_unit_can_do_little_but_its_work(installed, unit):
    """systemd's own rating of what a unit may do: 0 nothing, 10 everything."""
    run = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager",
                          installed / unit], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout[-500:] + run.stderr


def test_the_sample_limits_are_valid(job_shop):
    lines = re.findall(r'^(AUTOSCALE_\w+)="(.*)"$', (UNITS / "autoscale.env").read_text(), re.MULTILINE)
    assert len(lines) == 4
    run = couponctl("autoscale", "--dry-run", "--systemctl", "true",
                    environment=job_shop.environment | dict(lines))
    assert run.returncode == 0 and len(run.stdout.splitlines()) == 4, run.stdout + run.stderr
