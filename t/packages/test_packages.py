"""The .debs in a clean Debian: what they bring, that it works there, and what they leave behind."""
import contextlib
import http.client
import re
import socket
import subprocess

import pytest

from harness import http as plain_http
from harness.environment import fresh_directory
from harness.process import Process, accepts_connections
from harness.waiting import eventually

from .debian import ENVIRONMENT
from .edge import Edge
from .newer import newer

pytestmark = pytest.mark.deadline(900)   # the first test waits for debootstrap

ENABLED = "etc/nginx/modules-enabled/50-mod-http-coupon.conf"


@contextlib.contextmanager
def running(root, *command, **environment):
    """A program of the Debian, as its child; ended at the end."""
    process = Process(root.inside(*command), fresh_directory("inside") / "log", ENVIRONMENT | environment)
    try:
        yield process
    finally:
        process.stop(within_s=60)


def as_coupon(*command):
    return ["setpriv", "--reuid=coupon", "--regid=coupon", "--init-groups", *command]


@pytest.fixture
def shop(new_shop):
    return new_shop(start=False, click_worker=False)


def mode(root, path):
    found = root.run("stat", "-c", "%a %U:%G", path).split()
    return f"{found[0]} {found[1]}"


# --- what they bring

def test_they_bring_what_they_need_and_start_nothing(installed):
    assert (installed.path / ENABLED).is_symlink()
    assert installed.run("cat", f"/{ENABLED}") == "load_module modules/ngx_http_coupon_module.so;\n"
    depends = installed.run("dpkg-query", "-W", "-f", "${Depends}", "libnginx-mod-http-coupon")
    abi = installed.run("dpkg-query", "-W", "-f", "${Provides}", "nginx")
    assert re.search(r"nginx-abi-[0-9.]+-\d+", depends)[0] in abi
    assert "syntax is ok" in installed.run("nginx", "-t")
    assert "NAMES" not in installed.run("sh", "-c", "cat /var/lib/dpkg/info/libnginx-mod-http-coupon.p*")
    assert installed.run("id", "-Gn", "www-data").split() == ["www-data", "coupon"]
    assert "nologin" in installed.run("getent", "passwd", "coupon")
    assert mode(installed, "/etc/coupon") == "750 root:coupon"
    assert mode(installed, "/etc/coupon/credentials/email") == "700 root:root"
    enabled = list((installed.path / "etc/systemd/system").rglob("*coupon*"))
    assert enabled == [], "a service would start without a configuration"
    assert installed.run("dpkg", "--verify", "coupon-workers", "libnginx-mod-http-coupon") == ""


def test_each_role_has_its_unit(installed):
    roles = re.findall(r"^  ([a-z]+) ", installed.run("coupon-worker", "--help").partition("Subcommands:")[2], re.MULTILINE)
    assert len(roles) >= 7
    for role in roles:
        assert (installed.path / f"lib/systemd/system/coupon-worker-{role}@.service").exists(), role
        assert (installed.path / f"etc/coupon/credentials/{role}").is_dir(), role
    units = [f"coupon-worker-{role}@1.service" for role in roles] + ["coupon-autoscale.timer", "coupon-autoscale.service"]
    assert installed.run("systemd-analyze", "verify", "--man=no", *units) == ""


def test_the_programs_find_what_is_installed(installed, postgres):
    """migrate its SQL, templates the mails, and no path of where they were built."""
    database = postgres.create_database()
    try:
        said = installed.run("couponctl", "migrate", environment={"DATABASE_URL": database.url})
        assert "0001_" in said
        assert database.value("SELECT count(*) FROM coupon_migrations") >= 10
    finally:
        database.close()
    mail = installed.run("couponctl", "templates", "render", "order_confirmation", "--text", "-",
                         environment={"SHOP_NAME": "The Shop", "SHOP_URL": "https://shop.example"})
    assert "The Shop" in mail


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def test_the_dashboard_is_served(installed, shop):
    line = installed.run("couponctl", "admin", "password", "ops", "--role", "operator", stdin="a long password\n")
    installed.put("etc/coupon/admin_passwords", line)
    installed.run("chown", "coupon:coupon", "/etc/coupon/admin_passwords")
    installed.run("chmod", "600", "/etc/coupon/admin_passwords")
    installed.run("install", "-d", "-o", "coupon", "-g", "coupon", "/run/coupon")
    with running(installed, *as_coupon("coupon-worker", "admin"), DATABASE_URL=shop.database.url,
                 REDIS_URL=shop.redis_server.url(shop.redis_number), ADMIN_LISTEN="unix:/run/coupon/admin.sock",
                 ADMIN_PASSWORDS="/etc/coupon/admin_passwords") as worker:
        worker.says('"started"')
        connection = UnixConnection(installed.path / "run/coupon/admin.sock")
        connection.request("GET", "/admin/workers/")
        answer = connection.getresponse()
        assert answer.status == 200 and b"<html" in answer.read()


def test_a_redirect_becomes_a_row(installed, shop):
    edge = Edge(installed, shop)
    offer = shop.offer()
    assert "test is successful" in installed.run("nginx", "-t")
    with running(installed, "nginx", "-g", "daemon off;") as nginx, \
            running(installed, *as_coupon("coupon-worker", "clicks"), DATABASE_URL=shop.database.url,
                    REDIS_URL=shop.redis_server.url(shop.redis_number)) as worker:
        worker.says('"started"')
        nginx.expect(lambda: accepts_connections(edge.port), "NGINX listens")
        eventually(lambda: plain_http.fetch(edge.port, "/health").status == 200, "the catalogue is loaded", 20)
        answer = plain_http.fetch(edge.port, offer.path_for(7))
        assert answer.status == 302 and answer.location.startswith("https://store.example/buy?sub=")
        click = answer.location.partition("sub=")[2]
        row = eventually(lambda: shop.database.row("SELECT * FROM offer_clicks WHERE click_id = %s", [click]),
                         "the click in PostgreSQL", 20)
        assert row["user_id"] is None, "an unsigned link's user was believed"
    assert not re.search(r"\[(alert|emerg)\]", installed.read("var/log/nginx/error.log"))


# --- versions, and the end

def test_an_upgrade_keeps_the_configuration(installed, debs):
    root = installed.copy("upgraded")
    root.put("etc/coupon/worker.env", "LOG_LEVEL=debug\n")
    root.put("etc/coupon/credentials/email/SENDGRID_API_KEY", "SG.key\n", 0o600)
    root.run("rm", f"/{ENABLED}")   # the administrator's word: not this module

    def change(folder):
        (folder / "etc/coupon/worker.env").write_text("# A newer comment.\n")

    folder = fresh_directory("newer")
    later = [newer(debs["coupon-workers"], folder, change), newer(debs["libnginx-mod-http-coupon"], folder)]
    root.apt("-o", "Dpkg::Options::=--force-confold", "install", *root.take(later))
    assert root.run("dpkg-query", "-W", "-f", "${Version}", "coupon-workers").endswith(".next")
    assert root.read("etc/coupon/worker.env") == "LOG_LEVEL=debug\n"
    assert root.read("etc/coupon/worker.env.dpkg-dist") == "# A newer comment.\n"
    assert root.read("etc/coupon/credentials/email/SENDGRID_API_KEY") == "SG.key\n"
    assert not (root.path / ENABLED).is_symlink(), "the module was enabled again"
    assert mode(root, "/etc/coupon") == "750 root:coupon"


def test_nothing_is_left_but_data(prepared, debs):
    root = prepared.copy("left")
    before = root.state()
    root.apt("install", *root.take(debs.values()))
    names = list(debs)
    root.run("ln", "-s", "/lib/systemd/system/coupon-worker-clicks@.service",
             "/etc/systemd/system/multi-user.target.wants/coupon-worker-clicks@1.service")
    root.run("install", "-d", "-o", "coupon", "-g", "coupon", "/var/lib/coupon-worker", "/var/lib/coupon-worker/sitemap")
    root.put("var/lib/coupon-autoscale/state.json", "{}")
    assert root.state() - before
    root.apt("remove", *names)
    assert "syntax is ok" in root.run("nginx", "-t")
    assert (root.path / "etc/coupon/worker.env").exists(), "configuration stays until it is purged"
    root.apt("purge", *names)
    assert root.state() == before

    # With data: it stays, and so does the user it belongs to.
    root.apt("install", *root.take(debs.values()))
    root.run("install", "-d", "-o", "coupon", "-g", "coupon", "/var/lib/coupon-worker")
    root.put("var/lib/coupon-worker/archive/clicks.csv.gz", "data")
    root.put("var/lib/coupon/journal/segment", "data")
    root.apt("purge", *names)
    left = root.state() - before
    paths = {line for line in left if ":" not in line}
    assert paths == {"var/lib/coupon-worker", "var/lib/coupon-worker/archive", "var/lib/coupon-worker/archive/clicks.csv.gz",
                     "var/lib/coupon", "var/lib/coupon/journal", "var/lib/coupon/journal/segment"}
    assert {line.partition(":")[0] for line in left - paths} == {"coupon"}, left
