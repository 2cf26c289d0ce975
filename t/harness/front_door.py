"""nginx-conf/nginx.conf as it is shipped, installed below a folder of the test's own.

What is changed: /etc, /run and /var stand below that folder, ports are free ones, and the addresses of Redis, FastAPI
and the proxy are those of the tests. Everything else is the shipped text.
"""
import json
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess

from .country_database import write_country_database
from .environment import AS_ROOT, CHECKOUT, MODULE, NGINX, sanitizer_environment
from .http import Connection, as_bytes
from .nginx import CLICK_KEY, Nginx, Server
from .tls_redis import PASSWORD

SHIPPED = CHECKOUT / "nginx-conf"
NAME = "shop.example"
PROXY = "127.9.9.9"  # the one whose X-Forwarded-For is believed
COUNTRIES = {"127.78.0.0/16": "IN", "203.0.113.0/24": "BD", "2001:db8:77::/48": "LK"}
ADMITAD_TOKEN = "admitad-token-0123456789abcdef"
SECRETS = {
    "click_key": CLICK_KEY, "link_secret": "a secret of enough bytes", "redis_password": PASSWORD,
    "razorpay_webhook": "a razorpay secret", "phonepe_salt": "099eb0cd-02cf-4e2a-8aca-3e6c6aff0399",
    "phonepe_webhook": "shop_user:Passw0rd2026", "cashfree_secret": "cfsk_test_0123456789abcdef",
    "admitad_token": ADMITAD_TOKEN,
}


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


class TlsConnection(Connection):
    """harness.http.Connection over TLS, checking the certificate; answers are read the same way."""

    def __init__(self, port, authority, source=None, name=NAME, timeout_s=10):
        super().__init__(port, source, timeout_s)
        self.name = name
        self._socket = ssl.create_default_context(cafile=authority.certificate).wrap_socket(
            self._socket, server_hostname=name)

    def request(self, path, method="GET", headers=(), body=b""):
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        if not any(key.lower() == "host" for key, _ in pairs):
            pairs.insert(0, ("Host", self.name))
        if body or method == "POST":
            pairs.append(("Content-Length", str(len(body))))
        lines = [f"{method} {path} HTTP/1.1", *(f"{key}: {value}" for key, value in pairs)]
        self.send(as_bytes("\r\n".join(lines)) + b"\r\n\r\n" + body)
        return self.read(method)


class FrontDoor(Nginx):
    """`root` is where it is installed. text: instead of the shipped nginx.conf; changes: further texts and what stands
    there instead; leave_out: shipped files that are not installed; trusted: the authority that Redis' certificate has
    to be of."""

    def __init__(self, shop, authority, fastapi_ports, redis_port, text=None, changes=None, leave_out=(),
                 trusted=None):
        servers = {name: Server() for name in ("main", "tls", "state", "redis")}  # of which only the ports are used
        super().__init__(servers=servers, workers=2)
        self.root = self.directory
        self.shop = shop
        self.authority = authority
        self.text = text or (SHIPPED / "nginx.conf").read_text()
        self.leave_out = leave_out
        self.trusted = trusted or authority
        ports = {"127.0.0.1:8089": self.port("state"), "127.0.0.1:6380": self.port("redis"),
                 "redis.internal:6380": redis_port, "127.0.0.1:8001": fastapi_ports[0], "127.0.0.1:8002": fastapi_ports[1]}
        self.changes = {there: f"127.0.0.1:{port}" for there, port in ports.items()} | {"192.0.2.10": PROXY} | (changes or {})
        self.configured = self.root / "etc/nginx"
        self.error_log = self.root / "var/log/nginx/error.log"
        self.access_log = self.root / "var/log/nginx/coupon.log"
        self.journal = self.root / "var/lib/coupon/journal"
        self.certificate = authority.issue(NAME)

    # --- installing

    def moved(self, text):
        """The shipped text with the changes of this file's head."""
        text = re.sub(r"(?<![\w./*-])/(etc|run|var)/", rf"{self.root}/\1/", text)
        for shipped, ours in self.changes.items():
            text = text.replace(shipped, ours)
        ports = {"80": self.port(), "443": self.port("tls")}
        text = re.sub(r"listen (80|443)\b", lambda found: f"listen 127.0.0.1:{ports[found[1]]}", text)
        # On a machine without IPv6 the line becomes a comment.
        text = re.sub(r"listen \[::\]:(80|443)\b",
                      lambda found: ("" if has_ipv6() else "# ") + f"listen [::1]:{ports[found[1]]}", text)
        # Where nobody may have more open files than this, root neither in some containers.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if most != resource.RLIM_INFINITY:
            text = re.sub(r"(worker_rlimit_nofile +)(\d+)", lambda found: found[1] + str(min(int(found[2]), most)), text)
        return text

    def write_configuration(self, text=None):
        for folder in ("etc/nginx/coupon", "etc/nginx/modules-enabled", "etc/nginx/conf.d", "etc/coupon", "run/coupon",
                       "run/coupon-edge", "var/log/nginx", "var/lib/coupon", "var/lib/GeoIP", "var/lib/coupon-worker/sitemap",
                       "var/www/shop", "var/www/html/.well-known/acme-challenge", f"etc/letsencrypt/live/{NAME}"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        for path in [SHIPPED / "coupon.conf", *(SHIPPED / "coupon").glob("*.conf")]:
            if path.name not in self.leave_out:
                (self.configured / path.relative_to(SHIPPED)).write_text(self.moved(path.read_text()))
        path = self.configured / "nginx.conf"
        path.write_text(self.moved(text or self.text))
        self._write_surroundings()
        return path

    def _write_surroundings(self):
        """What Debian's packages, certbot, geoipupdate and the operator put beside it."""
        modules = self.configured / "modules-enabled"
        for name in ("stream", "http-geoip2"):
            shutil.copy(f"/usr/share/nginx/modules-available/mod-{name}.conf", modules)
        shutil.copy("/etc/nginx/mime.types", self.configured)
        (modules / "mod-http-coupon.conf").write_text(f"load_module {MODULE};\n")
        if not AS_ROOT:  # nor may others write where Debian's NGINX keeps what it buffers
            (self.configured / "conf.d/temporary.conf").write_text("".join(
                f"{kind}_temp_path {self.root}/tmp;\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")))
        for name, secret in SECRETS.items():
            (self.root / "etc/coupon" / name).write_text(secret + "\n")
        (self.root / "etc/coupon/database_url").write_text(self.shop.database.url + "\n")
        shutil.copy(self.trusted.certificate, self.root / "etc/coupon/redis_ca.pem")
        live = self.root / "etc/letsencrypt/live" / NAME
        for source, name in zip(self.certificate, ("fullchain.pem", "privkey.pem")):
            shutil.copy(source, live / name)
        (self.root / "var/www/shop/index.html").write_text("<h1>the shop</h1>\n")
        (self.root / "var/www/html/.well-known/acme-challenge/token").write_text("proof\n")
        (self.root / "var/lib/coupon-worker/sitemap/sitemap.xml").write_text("<sitemapindex/>\n")
        write_country_database(self.root / "var/lib/GeoIP/GeoLite2-Country.mmdb", COUNTRIES)

    def command(self):
        # In the foreground, as a service manager would say it; its own prefix, so that modules/ is Debian's.
        return [NGINX, "-g", "daemon off;", "-e", self.error_log, "-c", self.configured / "nginx.conf"]

    def check_configuration(self, text=None, environment=None):
        self.write_configuration(text)
        run = subprocess.run([NGINX, "-t", "-e", "stderr", "-c", self.configured / "nginx.conf"],
                             capture_output=True, text=True, env={**os.environ, **sanitizer_environment()})
        return run.returncode == 0, run.stderr

    @property
    def master_pid(self):
        return int((self.root / "run/nginx.pid").read_text())

    def stop(self, number=signal.SIGTERM):
        """At once: while it quits gracefully, its own connections to Redis through itself would keep it alive until
        worker_shutdown_timeout."""
        super().stop(number)

    # --- requests

    def tls(self, source=None, **options):
        return TlsConnection(self.port("tls"), self.authority, source, **options)

    def fetch(self, path, method="GET", headers=(), source=None, body=b""):
        """One request over TLS on a connection of its own."""
        with self.tls(source) as connection:
            return connection.request(path, method, headers, body)

    def stats(self):
        return json.loads(self.get("/stats", server="state").body)
