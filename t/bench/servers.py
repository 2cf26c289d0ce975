"""The NGINX instances that are compared: equal but for what /out/ does."""
from harness.environment import AS_ROOT
from harness.nginx import Nginx
from harness.process import free_port

from .processes import children

# As long as an expanded destination of the bench's offers.
TARGET = ("https://store-17.example/deals/offer-12345?aff_id=aff17"
          "&subid=0190a4c8-1b2c-7d3e-8f40-5a6b7c8d9e0f&utm_source=coupon")

# More than wrk can ask for; the limit is computed for every request and never bites.
REDIRECT = "coupon_redirect on; coupon_rate_limit 1000000r/s;"
RETURN_302 = f"return 302 {TARGET};"

# The header of that 302 without its 145-byte page: NGINX writes no page for a 204.
NO_PAGE = f'add_header Location "{TARGET}"; return 204;'

# What NGINX can log of a click by itself, written in blocks.
LOGGED = RETURN_302 + " access_log {directory}/clicks.json click buffer=64k flush=1s;"
LOG_FORMAT = ("log_format click escape=json '{\"ts\":$msec,\"id\":\"$request_id\",\"uri\":\"$request_uri\","
              "\"ip\":\"$remote_addr\",\"ua\":\"$http_user_agent\",\"ref\":\"$http_referer\","
              "\"status\":$status}';")


class BenchServer:
    """One server block: /out/ does `location`, and with the module the edge's own pages. `listen`: more
    words of that directive."""

    def __init__(self, location, with_module, more="", listen=""):
        self.location = location
        self.listen = listen
        self.pages = "location = /health { coupon_health; } location = /stats { coupon_stats; }" if with_module else ""
        self.more = more
        self.port = free_port()

    def text(self):
        return f"""
    server {{
        listen 127.0.0.1:{self.port}{self.listen};
        location /out/ {{ {self.location} }}
        {self.pages}
        {self.more}
    }}"""


class BenchNginx(Nginx):
    """One worker, or several that the kernel shares connections out to (reuseport); without `settings`
    an NGINX that never heard of the module."""

    def __init__(self, location, settings=None, log_format="", more="", workers=1):
        super().__init__(workers=workers)
        self.with_module = settings is not None
        self.settings = self.settings | {
            "coupon_catalog_zone": "offers:64m",
            "coupon_rate_zone": "visitors:16m",
            "coupon_journal": f"{self.journal} size=2g segment=8m keep=10m",
        } | (settings or {})
        self.servers = {"main": BenchServer(location.format(directory=self.directory), self.with_module, more,
                                            " reuseport" if workers > 1 else "")}
        self.log_format = log_format
        self.callgrind_file = None
        self.valgrind = None   # all of it under another tool, master and workers: the words before its command

    def configuration(self):
        coupon = "\n".join(f"    {name} {value};" for name, value in self.settings.items())
        return f"""
{f"load_module {self.module};" if self.with_module else ""}
{"user nobody nogroup;" if AS_ROOT else ""}
daemon off;
{"master_process off;" if self.callgrind_file else ""}
worker_processes {self.workers};
pid {self.directory}/nginx.pid;
error_log {self.error_log} notice;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    {self.log_format}
    keepalive_requests 1000000000;
{coupon if self.with_module else ""}
{self.servers["main"].text()}
}}
"""

    def command(self):
        if self.valgrind is not None:
            return [*self.valgrind, *super().command()]
        if self.callgrind_file is None:
            return super().command()
        return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={self.callgrind_file}",
                "--compress-strings=no", "--compress-pos=no", *super().command()]

    def start(self, wait_for_catalog=True, environment=None):
        super().start(wait_for_catalog=False, environment=environment)
        if self.with_module and wait_for_catalog:
            self.wait_healthy(within_s=120)   # callgrind takes its time
        return self

    def pids(self):
        """Master and workers."""
        return [self.process.pid, *children(self.process.pid)]


def reference(location=RETURN_302):
    return BenchNginx(location, log_format=LOG_FORMAT)
