"""Where things are: the checkout, the build, the scratch directory; and as whom servers run."""
import functools
import grp
import os
import pathlib
import pwd
import subprocess
import tempfile

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("COUPON_BUILD_DIR", CHECKOUT / ".build" / "test"))
MODULE = BUILD / "ngx_http_coupon_module.so"
DEBIANS_NGINX = pathlib.Path("/usr/sbin/nginx")
NGINX = pathlib.Path(os.environ.get("COUPON_NGINX", DEBIANS_NGINX)).absolute()
COUPON_WORKER = BUILD / "coupon-worker"
COUPONCTL = BUILD / "couponctl"
SANITIZE = bool(os.environ.get("COUPON_SANITIZE"))
AS_ROOT = os.geteuid() == 0

# Under sanitizers everything is several times slower.
PATIENCE = 4 if SANITIZE else 1


@functools.cache
def load_module():
    """The line with which a configuration loads the module; none where it is linked into NGINX."""
    linked_in = b"\0ngx_http_coupon_module\0" in NGINX.read_bytes()  # as in NGINX's table of names
    return "" if linked_in else f"load_module {MODULE};"


@functools.cache
def scratch():
    """The directory of this test run; other users may pass through it."""
    path = os.environ.get("COUPON_SCRATCH")
    if path is None:
        path = tempfile.mkdtemp(prefix="coupon-t.")
        os.chmod(path, 0o755)
    return pathlib.Path(path)


def fresh_directory(name, owner=None):
    """A new directory in scratch(); as root, owned by `owner` (a user name)."""
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=scratch()))
    os.chmod(path, 0o755)
    if AS_ROOT and owner:
        entry = pwd.getpwnam(owner)
        os.chown(path, entry.pw_uid, entry.pw_gid)
    return path


def as_user(name):
    """Command prefix that runs a program as `name` when this is root (some refuse to be root)."""
    if not AS_ROOT:
        return []
    gid = pwd.getpwnam(name).pw_gid
    return ["setpriv", f"--reuid={name}", f"--regid={grp.getgrgid(gid).gr_name}", "--clear-groups"]


def sanitizer_environment():
    """What makes a stock NGINX load a module built with -fsanitize=address,undefined."""
    if not SANITIZE:
        return {}

    def library(name):
        found = subprocess.run(["g++", f"-print-file-name={name}"], capture_output=True, text=True,
                               check=True)
        return found.stdout.strip()

    return {
        "LD_PRELOAD": f"{library('libasan.so')} {library('libubsan.so')}",
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
