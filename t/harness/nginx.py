"""NGINX with the module, configured for one test or shared by many."""
import json
import os
import re
import signal
import subprocess
from dataclasses import dataclass, field

from . import http
from .environment import AS_ROOT, MODULE, NGINX, fresh_directory, load_module, sanitizer_environment
from .process import Process, accepts_connections, free_port, is_alive, kill_all
from .waiting import eventually

CLICK_KEY = "000102030405060708090a0b0c0d0e0f"

FORBIDDEN = re.compile(r"\[alert\]|\[emerg\]|Sanitizer|runtime error|exited on signal"
                       r"|exited with code [^0]")
AFTER_KILL = re.compile(r"exited on signal 9|was locked by")

ACCESS_LOG = ("log_format json escape=json '{\"status\":$status,\"uri\":\"$request_uri\","
              "\"click\":\"$coupon_click_id\",\"offer\":\"$coupon_offer\","
              "\"cache\":\"$coupon_cache\",\"verdict\":\"$coupon_verdict\","
              "\"request\":\"$request_id\"}';")

# The variables as headers, so that a test sees them with the answer.
SHOW_VARIABLES = """
        add_header X-Click-Id $coupon_click_id always;
        add_header X-Offer    $coupon_offer    always;
        add_header X-Cache    $coupon_cache    always;
        add_header X-Verdict  $coupon_verdict  always;"""


@dataclass
class Server:
    """One server block on a port of its own: directives inside location /out/, and beside it."""
    out: str = ""
    extra: str = ""
    port: int = field(default_factory=free_port)

    def text(self):
        return f"""
    server {{
        listen 127.0.0.1:{self.port};{SHOW_VARIABLES}
        location /out/ {{ coupon_redirect on; {self.out} }}
        location = /health  {{ coupon_health; }}
        location = /stats   {{ coupon_stats; }}
        location = /metrics {{ coupon_metrics; }}
        {self.extra}
    }}"""


class Nginx:
    """An instance. `settings` are the coupon_* directives of http{}: name → text after the name
    (None leaves the directive out); they override the defaults."""

    def __init__(self, settings=None, servers=None, workers=1, http_extra="", main_extra="", daemon=False):
        self.directory = fresh_directory("nginx", owner="nobody")
        self.error_log = self.directory / "error.log"
        self.access_log = self.directory / "access.log"
        self.journal = self.directory / "journal"
        self.click_key = self.secret_file("click.key", CLICK_KEY)
        self.settings = {
            "coupon_catalog_zone": "offers:8m",
            "coupon_rate_zone": "visitors:4m",
            "coupon_journal": f"{self.journal} size=64m segment=1m webhooks=16m keep=10m",
            "coupon_edge_id": "edge-test",
            "coupon_click_key": f"file:{self.click_key}",
        } | (settings or {})
        self.servers = servers or {"main": Server()}
        self.workers = workers
        self.http_extra = http_extra
        self.main_extra = main_extra
        self.daemon = daemon  # a master that is replaced by USR2 must not be its starter's child
        self.module = MODULE
        self.process = None
        self.planned_kill = False
        self.expected_problem = None  # a text whose [emerg] lines a test provokes

    # --- configuration

    def secret_file(self, name, text):
        path = self.directory / name
        path.write_text(text + "\n")
        return path

    def configuration(self):
        settings = "\n".join(f"    {name} {value};" for name, value in self.settings.items()
                             if value is not None)
        servers = "".join(server.text() for server in self.servers.values())
        temporary = "\n".join(f"    {kind}_temp_path {self.directory}/tmp;" for kind in
                              ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        # A binary that replaces this one gets only the variables that are named.
        handed_on = "\n".join(f"env {name};" for name in sanitizer_environment())
        return f"""
{handed_on}
{load_module()}
{"user nobody nogroup;" if AS_ROOT else ""}
daemon {"on" if self.daemon else "off"};
worker_processes {self.workers};
pid {self.directory}/nginx.pid;
error_log {self.error_log} info;
{self.main_extra}
events {{ worker_connections 1024; }}
http {{
    {ACCESS_LOG}
    access_log {self.access_log} json;
    keepalive_requests 1000000;
{temporary}
{settings}
{self.http_extra}
{servers}
}}
"""

    def write_configuration(self, text=None):
        path = self.directory / "nginx.conf"
        path.write_text(text or self.configuration())
        return path

    def command(self):
        # By absolute path: a binary upgrade starts argv[0] again.
        return [NGINX, "-p", self.directory, "-e", self.error_log,
                "-c", self.directory / "nginx.conf"]

    def check_configuration(self, text=None, environment=None):
        """nginx -t: (accepted?, everything it said)."""
        self.write_configuration(text)
        run = subprocess.run(
            [NGINX, "-t", "-p", self.directory, "-e", "stderr",
             "-c", self.directory / "nginx.conf"],
            capture_output=True, text=True, errors="replace",
            env={**os.environ, **sanitizer_environment(), **(environment or {})})
        said = run.stderr + (self.error_log.read_text() if self.error_log.exists() else "")
        return run.returncode == 0, said

    # --- life

    def start(self, wait_for_catalog=True, environment=None):
        self.write_configuration()
        self.process = Process(self.command(), self.directory / "output.log",
                               {**sanitizer_environment(), **(environment or {})})
        if self.daemon:
            assert self.process.wait() == 0, self.process.tail()
        else:
            self.process.expect(lambda: accepts_connections(self.port()), "NGINX accepts connections")
        if wait_for_catalog:
            self.wait_healthy()
        return self

    def wait_healthy(self, within_s=10):
        eventually(lambda: self.get("/health").status == 200, "/health is 200", within_s)

    @property
    def master_pid(self):
        """The master named in the pid file: another one after a binary upgrade."""
        return int((self.directory / "nginx.pid").read_text())

    def worker_pids(self):
        """Worker processes alive now, of all masters."""
        started = re.findall(r"start worker process (\d+)", self.log())
        return [pid for pid in dict.fromkeys(map(int, started)) if is_alive(pid)]

    def reload(self):
        """SIGHUP; returns once new workers serve and the old ones are gone."""
        old = self.worker_pids()
        os.kill(self.master_pid, signal.SIGHUP)
        eventually(lambda: set(self.worker_pids()) and not set(old) & set(self.worker_pids()),
                   "old workers gone after a reload", 20)

    def kill_worker(self, pid):
        """SIGKILL of one worker; returns once its successor runs."""
        self.planned_kill = True
        kill_all([pid])
        eventually(lambda: len(self.worker_pids()) == self.workers, "a new worker", 10)

    def kill_master(self):
        """SIGKILL of the master alone: its workers serve on."""
        self.planned_kill = True
        kill_all([self.master_pid])

    def kill_everything(self):
        self.planned_kill = True
        kill_all([self.master_pid, *self.worker_pids()])

    def stop(self, number=signal.SIGQUIT):
        """Graceful by default; nothing of this instance is left afterwards."""
        if self.process is None:
            return
        pids = self.worker_pids()
        try:
            master = self.master_pid
        except (OSError, ValueError):
            master = self.process.pid
        if is_alive(master):
            os.kill(master, number)
        if self.process.running or is_alive(master):
            eventually(lambda: (not self.process.running or self.process.pid != master)
                       and not is_alive(master), "the master leaves", 20)
        self.process.kill()
        self.process = None
        kill_all(pids)

    # --- what it says

    def log(self):
        return self.error_log.read_text(errors="replace") if self.error_log.exists() else ""

    def wait_for_log(self, pattern, within_s=5, after=0):
        """Waits for a line of error.log (from offset `after`) that matches."""
        return eventually(lambda: re.search(pattern, self.log()[after:]), f"log: {pattern}", within_s)

    def access(self):
        """The access log's lines as dictionaries."""
        return [json.loads(line) for line in self.access_log.read_text().splitlines()]

    def assert_clean(self, after=0):
        """The last assertion of every test: nothing in the log (from offset `after`) is alarming."""
        output = (self.directory / "output.log")
        text = self.log()[after:] + (output.read_text(errors="replace") if output.exists() else "")
        bad = [line for line in text.splitlines() if FORBIDDEN.search(line)
               and not (self.planned_kill and AFTER_KILL.search(line))
               and not (self.expected_problem and self.expected_problem in line)]
        assert not bad, "\n".join(bad[:20])

    # --- requests

    def port(self, server="main"):
        return self.servers[server].port

    def get(self, path, headers=(), method="GET", server="main", source=None):
        return http.fetch(self.port(server), path, method, headers, source)

    def head(self, path, headers=(), server="main"):
        return self.get(path, headers, "HEAD", server)

    def connect(self, server="main", source=None):
        return http.Connection(self.port(server), source)

    def stats(self):
        return json.loads(self.get("/stats").body)
