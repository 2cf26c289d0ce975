"""A minimal Debian in a folder, to install packages in: made by debootstrap from where this machine's apt gets its own."""
import functools
import os
import pathlib
import re
import shutil
import subprocess

from harness.environment import AS_ROOT, fresh_directory

FORWARDED = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
ENVIRONMENT = {name: os.environ[name] for name in FORWARDED if name in os.environ} | {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
# No service of a package's starts by itself: its port might be another's.
POLICY = "#!/bin/sh\nexit 101\n"
UNCOUNTED = ("proc", "sys", "dev", "run", "tmp", "root", "var/cache", "var/log", "var/lib/dpkg", "var/lib/apt",
             "var/lib/systemd/deb-systemd-helper-enabled")


class Unavailable(Exception):
    """Why there can be no such Debian here, in one sentence."""


def quietly(*command, within_s=300, **options):
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=within_s, **options)
    return run.returncode, run.stdout + run.stderr


@functools.cache
def sources():
    """(uri, suite) of each Debian archive that this machine's apt uses."""
    _, text = quietly("apt-get", "indextargets", "--format", "$(ORIGIN)|$(COMPONENT)|$(REPO_URI)|$(RELEASE)",
                      "Created-By: Packages")
    lines = [line.split("|") for line in text.splitlines()]
    return [(uri, suite) for origin, component, uri, suite in filter(lambda line: len(line) == 4, lines)
            if origin == "Debian" and component == "main"]


class Root:
    """The folder, and what runs in it."""

    made = []

    def __init__(self, path):
        self.path = pathlib.Path(path)
        Root.made.append(self.path)

    @staticmethod
    def remove_all():
        """Each takes some 300 MB. Nothing is mounted in them but by processes that are gone."""
        for path in Root.made:
            shutil.rmtree(path, ignore_errors=True)

    def inside(self, *command):
        """The words that run a command in it, with a /proc that goes with its process."""
        return ["unshare", "--mount", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"',
                str(self.path), *map(str, command)]

    def run(self, *command, status=0, within_s=300, environment=None, stdin=""):
        """Standard output and error of a command that ends with `status`."""
        run = subprocess.run(self.inside(*command), env=ENVIRONMENT | (environment or {}),
                             capture_output=True, text=True, timeout=within_s, input=stdin)
        said = run.stdout + run.stderr
        assert status is None or run.returncode == status, f"{command}: {run.returncode}\n{said[-3000:]}"
        return said

    def apt(self, *arguments, **options):
        return self.run("apt-get", "-q", "-y", "--no-install-recommends", *arguments, **options)

    def put(self, path, text, mode=0o644):
        there = self.path / str(path).lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(text)
        there.chmod(mode)

    def read(self, path):
        return (self.path / str(path).lstrip("/")).read_text()

    def take(self, debs):
        """Copies .debs into the folder; their paths there."""
        (self.path / "packages").mkdir(exist_ok=True)
        for deb in debs:
            shutil.copy(deb, self.path / "packages")
        return [f"/packages/{deb.name}" for deb in debs]

    def state(self):
        """What a package may leave behind: every path but logs and caches, and every user and group."""
        paths = set()
        for folder, folders, files in os.walk(self.path):
            below = os.path.relpath(folder, self.path)
            folders[:] = [name for name in folders
                          if os.path.normpath(os.path.join(below, name)) not in UNCOUNTED + ("packages",)]
            paths |= {os.path.normpath(os.path.join(below, name)) for name in folders + files if not name.endswith("-")}
        return paths | {line for file in ("passwd", "group", "gshadow", "shadow")
                        for line in self.read(f"etc/{file}").splitlines()}

    def copy(self, name):
        there = fresh_directory(name) / "root"
        subprocess.run(["cp", "-a", "--reflink=auto", self.path, there], check=True)
        return Root(there)


def minimal_debian():
    """debootstrap's minbase of this machine's release. Raises Unavailable."""
    if not AS_ROOT:
        raise Unavailable("only root can make a chroot: the packages are not installed")
    if shutil.which("debootstrap") is None:
        raise Unavailable("debootstrap is not installed: the packages are not installed in a chroot")
    if not sources():
        raise Unavailable("apt has no package lists of Debian here: the packages are not installed in a chroot")
    uri, suite = sources()[0]
    root = Root(fresh_directory("debian") / "root")
    status, said = quietly("debootstrap", "--variant=minbase", suite, root.path, uri, within_s=900,
                           env=os.environ | ENVIRONMENT)
    if status != 0:
        raise Unavailable(f"debootstrap does not work here ({said.strip().splitlines()[-1]}):"
                          " the packages are not installed in a chroot")
    (root.path / "etc/apt/sources.list").unlink(missing_ok=True)
    root.put("etc/apt/sources.list.d/debian.list", "".join(f"deb {uri} {suite} main\n" for uri, suite in sources()))
    _, settings = quietly("apt-config", "dump", "Acquire")
    root.put("etc/apt/apt.conf.d/99host", "".join(f"{line}\n" for line in settings.splitlines()
                                                 if re.search(r"proxy|cainfo|retries", line, re.IGNORECASE)))
    root.put("etc/dpkg/dpkg.cfg.d/fast", "force-unsafe-io\n")
    root.put("usr/sbin/policy-rc.d", POLICY, 0o755)
    for name in ("resolv.conf", "hosts"):
        if pathlib.Path("/etc", name).exists():
            root.put(f"etc/{name}", pathlib.Path("/etc", name).read_text())
    root.apt("update")
    return root
