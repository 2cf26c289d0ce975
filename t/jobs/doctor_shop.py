"""A healthy shop for couponctl doctor, with an edge, two workers and a Redis of its own: what a test breaks is its own."""
import json
import subprocess

import pytest

from harness.environment import COUPON_WORKER, fresh_directory, scratch
from harness.process import Process
from harness.redis_server import Redis
from harness.shop import Shop, couponctl

from .cron_shop import JOBS


class DoctorShop:
    def __init__(self, postgres, template):
        kind = subprocess.run(["stat", "-f", "-c", "%T", scratch()], capture_output=True, text=True, check=True).stdout.strip()
        if kind in ("tmpfs", "overlayfs"):
            pytest.skip(f"no journal is healthy on {kind}, where the tests' scratch folder is (TMPDIR)")
        self.redis_server = Redis()
        self.redis_server.client().config_set("appendonly", "yes")
        self.redis_server.client().config_set("maxmemory-policy", "noeviction")
        self.shop = Shop(postgres, self.redis_server, template)
        self.edge, self.database, self.redis = self.shop.edge, self.shop.database, self.shop.redis
        self.edge.click_key.chmod(0o600)
        self.shop.edge.start()
        self.directory = fresh_directory("doctor")
        self.workers = [self.start("cron")]

    @property
    def environment(self):
        return {"DATABASE_URL": self.database.url, "REDIS_URL": self.redis_server.url(self.shop.redis_number),
                "COUPON_EDGE_URL": f"http://127.0.0.1:{self.edge.port()}/stats",
                "COUPON_CLICK_KEY_FILE": str(self.edge.click_key)} | {f"CRON_{job}": "off" for job in JOBS}

    def start(self, role):
        return Process([COUPON_WORKER, role], self.directory / f"{role}.log", self.environment).says('"started"')

    def close(self):
        try:
            for worker in self.workers:
                worker.stop()
            self.shop.close()
        finally:
            self.redis_server.stop()

    def run(self, *arguments, **environment):
        return couponctl("doctor", "--nginx-conf", self.edge.directory / "nginx.conf", *arguments,
                         environment=self.environment | environment)

    def findings(self, *arguments, level=None, status=None, **environment):
        """All findings, or those of that level."""
        run = self.run("--json", *arguments, **environment)
        assert run.returncode in (0, 1), run.stderr
        report = json.loads(run.stdout)
        assert (run.returncode == 1) == (report["problems"] > 0)
        assert status is None or run.returncode == status, run.stdout
        return [one for one in report["findings"] if level is None or one["level"] == level]

    def problems(self, *arguments, **environment):
        return self.findings(*arguments, level="problem", **environment)

    def role(self, name, grants="", connection_limit=-1):
        """A role that owns nothing; its DATABASE_URL."""
        role = f"{name}_{self.database.name}"
        self.database.run(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT {connection_limit}")
        if grants:
            self.database.run(grants.format(role=role))
        return self.database.url.replace("//coupon@", f"//{role}@")


def found(findings, what, where=""):
    """The one finding that says it; it has a remedy unless it is fine."""
    matching = [one for one in findings if what in one["what"] and where in one["where"]]
    assert len(matching) == 1, f"{what} in {json.dumps(findings, indent=1)}"
    assert matching[0]["remedy"] or matching[0]["level"] == "ok", matching[0]
    return matching[0]
