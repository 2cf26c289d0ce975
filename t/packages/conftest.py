"""The packages of this build, and a Debian with them."""
import os
import pathlib
import re
import subprocess

import pytest

from harness.environment import BUILD, CHECKOUT, SANITIZE, fresh_directory

from .debian import Root, Unavailable, minimal_debian

NAMES = ("libnginx-mod-http-coupon", "coupon-workers")


@pytest.fixture(scope="session")
def debs():
    """name → .deb: those in COUPON_PACKAGES_DIR, else the programs of this build, packaged."""
    if SANITIZE:
        pytest.skip("programs with sanitizers are not packaged")
    folder = pathlib.Path(os.environ.get("COUPON_PACKAGES_DIR") or fresh_directory("packages"))
    if "COUPON_PACKAGES_DIR" not in os.environ:
        run = subprocess.run([CHECKOUT / "nginx-conf/packages/build", "--built", BUILD, folder],
                             capture_output=True, text=True, timeout=600)
        assert run.returncode == 0, run.stdout + run.stderr
    found = {path.name.partition("_")[0]: path for path in folder.glob("*.deb")}
    return {name: found[name] for name in NAMES}


@pytest.fixture(scope="session")
def debian():
    try:
        root = minimal_debian()
    except Unavailable as why:
        pytest.skip(str(why))
    yield root
    Root.remove_all()


@pytest.fixture(scope="session")
def prepared(debian, debs):
    """A Debian that has all that the packages need, and NGINX, but not them."""
    root = debian
    simulated = root.apt("-s", "install", *root.take(debs.values()))
    ours = set(NAMES)
    needed = set(re.findall(r"^Inst (\S+)", simulated, re.MULTILINE)) - ours
    assert ours <= set(re.findall(r"^Inst (\S+)", simulated, re.MULTILINE))
    root.apt("install", "nginx", "systemd-sysv", "dbus", *needed)
    root.apt("clean")
    root.run("nginx", "-t")   # makes folders of its own
    return root


@pytest.fixture(scope="session")
def installed(prepared, debs):
    """A Debian with both packages. Tests may add files, but take no package away."""
    root = prepared.copy("installed")
    root.apt("install", *root.take(debs.values()))
    return root
