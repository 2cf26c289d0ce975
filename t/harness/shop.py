"""A whole shop: a database, a Redis database, an edge and a click worker that belong together."""
import os
import signal
import subprocess

from .catalog import add_merchant, add_offer
from .environment import COUPON_WORKER, COUPONCTL, fresh_directory, sanitizer_environment
from .gate import Gate
from .nginx import Nginx
from .process import Process
from .waiting import eventually


def migrate(database):
    couponctl("migrate", environment={"DATABASE_URL": database.url}, check=True)


def couponctl(*arguments, environment=None, check=False):
    run = subprocess.run([str(COUPONCTL), *map(str, arguments)], capture_output=True, text=True,
                         timeout=60, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0",
                                          **(environment or {})})
    assert not check or run.returncode == 0, f"couponctl {arguments}: {run.stdout}{run.stderr}"
    return run


class ClickWorker:
    """coupon-worker clicks."""

    def __init__(self, database_url, redis_url):
        self.directory = fresh_directory("clicks")
        self.environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url,
                            "LOG_LEVEL": "debug", "ASAN_OPTIONS": "detect_leaks=0"}
        self.process = None

    def start(self):
        self.process = Process([COUPON_WORKER, "clicks"], self.directory / "worker.log",
                               self.environment).says('"started"')
        return self

    def stop(self):
        """SIGTERM: it settles what it has claimed and leaves with status 0."""
        if self.process is None:
            return
        status = self.process.stop(signal.SIGTERM)
        text = self.log()
        self.process = None
        assert status == 0, f"coupon-worker left with status {status}\n{text[-3000:]}"
        assert "Sanitizer" not in text and "runtime error" not in text, text[-3000:]

    def kill(self):
        self.process.kill()
        self.process = None

    def log(self):
        return (self.directory / "worker.log").read_text(errors="replace")


class Shop:
    """Made by the fixtures `shop` (shared) and `new_shop` (one test's own).

    gates=True puts a Gate before PostgreSQL and Redis as the edge sees them; click_worker=False
    leaves the clicks in Redis.
    """

    def __init__(self, postgres, redis_server, template, *, gates=False, click_worker=True,
                 settings=None, **nginx):
        self.postgres = postgres
        self.redis_server = redis_server
        self.database = postgres.create_database(template)
        self.redis_number = redis_server.next_number()
        self.redis = redis_server.client(self.redis_number)
        self.postgres_gate = Gate(postgres.port) if gates else None
        self.redis_gate = Gate(redis_server.port) if gates else None
        self.edges = []
        self.edge = self.add_edge(settings=settings, **nginx)
        self.worker = None
        if click_worker:
            self.start_worker()

    def start_worker(self):
        self.worker = ClickWorker(self.database.url, self.redis_server.url(self.redis_number)).start()
        return self.worker

    def add_edge(self, settings=None, **nginx):
        """Another NGINX of the same shop, not yet started."""
        postgres_port = self.postgres_gate.port if self.postgres_gate else None
        redis_port = (self.redis_gate or self.redis_server).port
        edge = Nginx(settings={
            "coupon_postgres": self.postgres.url(self.database.name, postgres_port),
            "coupon_redis": f"127.0.0.1:{redis_port} db={self.redis_number}",
        } | (settings or {}), **nginx)
        self.edges.append(edge)
        return edge

    def close(self):
        """Stops everything; the logs have to be clean."""
        try:
            for edge in self.edges:
                edge.stop()
            if self.worker is not None:
                self.worker.stop()
        finally:
            for gate in (self.postgres_gate, self.redis_gate):
                if gate is not None:
                    gate.close()
            self.database.close()
            self.redis.close()
        for edge in self.edges:
            edge.assert_clean()

    # --- catalogue

    def merchant(self, **columns):
        return add_merchant(self.database, **columns)

    def offer(self, merchant=None, **columns):
        return add_offer(self.database, merchant, **columns)

    def sql(self, statement, *parameters):
        return self.database.run(statement, parameters)

    # --- clicks

    def click(self, path, **request):
        """Follows a link that must redirect; the answer."""
        answer = self.edge.get(path, **request)
        assert answer.status == 302, answer
        return answer

    def stored(self, answer, within_s=10):
        """The row in offer_clicks of an answer's click, once it is there."""
        click_id = answer.headers["x-click-id"]
        return eventually(
            lambda: self.database.row("SELECT * FROM offer_clicks WHERE click_id = %s", [click_id]),
            f"click {click_id} in PostgreSQL", within_s)

    def clicks_of(self, offer):
        return self.database.value("SELECT count(*) FROM offer_clicks WHERE offer_id = %s", [offer.id])

    def couponctl(self, *arguments, edge=None, check=False):
        return couponctl(*arguments, check=check, environment={
            "DATABASE_URL": self.database.url,
            "REDIS_URL": self.redis_server.url(self.redis_number),
            "COUPON_EDGE_URL": f"http://127.0.0.1:{(edge or self.edge).port()}/stats"})
