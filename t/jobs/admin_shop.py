"""A database, Redis, coupon-worker admin on its unix socket, and a real NGINX in front of it."""
import json
import os
import re
import secrets
import socket
import subprocess

from harness.environment import AS_ROOT, CHECKOUT, COUPON_WORKER, fresh_directory
from harness.http import Connection
from harness.process import Process, accepts_connections, free_port
from harness.shop import couponctl

from .job_shop import JobShop

OPERATOR = ("olivia", "correct horse battery")
READER = ("rita", "staple of the reader")
PREFIX = "/admin/workers/"


def password_line(name, role, password):
    made = subprocess.run([str(COUPON_WORKER.parent / "couponctl"), "admin", "password", name, "--role", role],
                          input=password + "\n", capture_output=True, text=True, check=True, timeout=60,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    return made.stdout


def location():
    """The location of the admin worker as every configuration includes it."""
    return (CHECKOUT / "nginx-conf" / "coupon" / "admin.conf").read_text()


class Front:
    """NGINX with nothing but that location."""

    def __init__(self, admin_socket):
        self.directory = fresh_directory("front", owner="nobody")
        self.port = free_port()
        self.directory.joinpath("nginx.conf").write_text(f"""
{"user nobody nogroup;" if AS_ROOT else ""}
daemon off; worker_processes 1; pid {self.directory}/nginx.pid; error_log {self.directory}/error.log info;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {self.directory}/tmp; proxy_temp_path {self.directory}/tmp;
    fastcgi_temp_path {self.directory}/tmp; uwsgi_temp_path {self.directory}/tmp; scgi_temp_path {self.directory}/tmp;
    server {{
        listen 127.0.0.1:{self.port};
{location().replace("/run/coupon/admin.sock", str(admin_socket))}
    }}
}}
""")
        self.process = Process(["/usr/sbin/nginx", "-p", self.directory, "-e", self.directory / "error.log",
                                "-c", self.directory / "nginx.conf"], self.directory / "output.log")
        self.process.expect(lambda: accepts_connections(self.port), "NGINX accepts connections")

    def log(self):
        return (self.directory / "error.log").read_text(errors="replace")

    def stop(self):
        self.process.stop()


class UnixConnection(Connection):
    """harness.http.Connection to a unix socket."""

    def __init__(self, path, timeout_s=20):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout_s)
        self._socket.connect(str(path))
        self._buffer = b""


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.pairs = response.pairs
        self.body = response.body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]

    def __repr__(self):
        return f"Answer({self.status}, {self.body[:300]!r})"


class AdminClient:
    """A browser's or a program's view: one request a connection, directly (`shop.socket`) or through NGINX (a
    port). After sign_in() it sends the cookie and the CSRF token."""

    def __init__(self, place, token=None):
        self.place = place
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.cookie = None
        self.csrf = None

    def connect(self):
        return Connection(self.place) if isinstance(self.place, int) else UnixConnection(self.place)

    def send(self, raw):
        """One raw request, and the answer to it."""
        with self.connect() as connection:
            connection.send(raw)
            return Answer(connection.read())

    def request(self, method, path, body=None, headers=None, prefix=PREFIX):
        sent = {"Host": "shop.test"} | self.headers
        if self.cookie:
            sent["Cookie"] = f"coupon_admin={self.cookie}"
        if self.csrf and method not in ("GET", "HEAD"):
            sent["X-CSRF-Token"] = self.csrf
        data = b""
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
        sent |= headers or {}
        lines = [f"{method} {prefix}{path} HTTP/1.1"] + [f"{name}: {value}" for name, value in sent.items()
                                                        if value is not None]
        with self.connect() as connection:
            connection.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + data)
            return Answer(connection.read(method))

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, {} if body is None else body, **options)

    def delete(self, path, body=None, **options):
        return self.request("DELETE", path, body, **options)

    def sign_in(self, user, password, **options):
        """The answer; on success, what follows is signed in."""
        answer = self.post("api/v1/session", {"user": user, "password": password}, **options)
        if answer.status == 200:
            self.cookie = re.match(r"coupon_admin=([^;]+)", answer.headers["set-cookie"]).group(1)
            self.csrf = answer.json["csrf"]
        return answer


class AdminShop(JobShop):
    """`shop.reader()` and `shop.operator()` are signed in; `shop.token(role)` a bearer token."""

    _password_lines = {}  # hashing takes its time: once a run

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.home = fresh_directory("admin", owner="nobody")
        self.socket = self.home / "admin.sock"
        self.passwords = self.home / "passwords"
        self.tokens = self.home / "tokens"
        self.passwords.write_text("".join(self.password_line(*person) for person in
                                          ((*OPERATOR, "operator"), (*READER, "read-only"))))
        self.known_tokens = {}
        self.tokens.write_text("")
        self.front = None

    @classmethod
    def password_line(cls, name, password, role):
        key = (name, password, role)
        if key not in cls._password_lines:
            cls._password_lines[key] = password_line(name, role, password)
        return cls._password_lines[key]

    @property
    def environment(self):
        return super().environment | {
            "ADMIN_LISTEN": f"unix:{self.socket}", "ADMIN_PASSWORDS": str(self.passwords),
            "ADMIN_TOKENS": str(self.tokens), "ADMIN_SECURE_COOKIE": "off"} | (
                {"ADMIN_SOCKET_GROUP": "nogroup"} if AS_ROOT else {})

    def start_admin(self, front=False, **environment):
        worker = self.start_worker(role="admin", **environment)
        if front:
            self.front = Front(self.socket)
        return worker

    def token(self, role="read-only"):
        """A bearer token of that role."""
        if role not in self.known_tokens:
            made = couponctl("admin", "token", f"robot-{role}", "--role", role, check=True)
            with open(self.tokens, "a") as file:
                file.write(made.stdout)
            self.known_tokens[role] = made.stderr.split()[-1]
        return self.known_tokens[role]

    def client(self, role=None, through_nginx=False):
        """Nobody in particular, or a program with a token of that role."""
        return AdminClient(self.front.port if through_nginx else self.socket, role and self.token(role))

    def signed_in(self, person, through_nginx=False):
        client = self.client(through_nginx=through_nginx)
        answer = client.sign_in(*person, headers={"X-Real-IP": f"192.0.2.{secrets.randbelow(250) + 1}"})
        assert answer.status == 200, answer
        return client

    def operator(self, **options):
        return self.signed_in(OPERATOR, **options)

    def reader(self, **options):
        return self.signed_in(READER, **options)

    def audit(self, where="true", values=()):
        return self.database.run(f"SELECT actor, action, entity, entity_id, details FROM audit_logs WHERE {where}"
                                  " ORDER BY id", values)

    def metric(self, name, **labels):
        """A sample of the admin worker's own metrics; 0 where there is none."""
        text = self.client("read-only").get("metrics").body.decode()
        wanted = "{" + ",".join(f'{label}="{value}"' for label, value in labels.items()) + "}" if labels else ""
        for line in text.splitlines():
            if line.startswith(f"{name}{wanted} "):
                return float(line.split()[-1])
        return 0

    def close(self):
        if self.front:
            self.front.stop()
            assert "[alert]" not in self.front.log() and "[emerg]" not in self.front.log(), self.front.log()
        super().close()
