"""What the packages are: their version, what Debian's own check says, and that one tree makes one version."""
import re
import shutil
import subprocess

import pytest

from harness.environment import CHECKOUT

needs_lintian = pytest.mark.skipif(shutil.which("lintian") is None,
                                   reason="lintian is not installed: the packages are not checked")


def field(deb, name):
    return subprocess.run(["dpkg-deb", "-f", deb, name], check=True, capture_output=True, text=True).stdout.strip()


def test_the_version_is_the_projects_and_the_commits(debs):
    project = re.search(r"^project\(coupon VERSION ([0-9.]+)", (CHECKOUT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
    versions = {field(deb, "Version") for deb in debs.values()}
    assert len(versions) == 1
    assert re.fullmatch(re.escape(project) + r"(\+git\d{8}\.\d{6})?(\+local)?", versions.pop())


@needs_lintian
def test_lintian_finds_no_error(debs):
    run = subprocess.run(["lintian", "--no-cfg", "--allow-root", "--fail-on", "error", *debs.values()],
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_checkout_stays_as_it_was(debs):
    assert not (CHECKOUT / "debian").exists()
