"""The shop under measurement: PostgreSQL that syncs, Redis, 10,000 offers, an edge, a click worker."""
import signal

from harness.environment import fresh_directory
from harness.postgres import Postgres
from harness.redis_server import Redis
from harness.shop import ClickWorker, couponctl, migrate
from harness.waiting import eventually

from .load import Links
from .processes import children
from .servers import REDIRECT, BenchNginx

OFFERS = 10_000
MERCHANTS = 100
QUEUE_MAX = 20_000_000  # sending never pauses

QUEUE = "queue:clicks"
CLAIMS = "{queue:clicks}:claims"

ADD_MERCHANTS = """
    INSERT INTO merchants (slug, name, website_url, affiliate_network, affiliate_id, allowed_hosts)
    SELECT 'merchant-' || n, 'Merchant ' || n, 'https://store-' || n || '.example', 'direct', 'aff' || n,
           ARRAY['store-' || n || '.example']
      FROM generate_series(1, %s) n"""

ADD_OFFERS = """
    INSERT INTO offers (merchant_id, title, is_verified, is_active, affiliate_url)
    SELECT m.id, 'Offer ' || n, true, true,
           'https://store-' || m.id || '.example/deals/offer-' || (10000 + n)
           || '?aff_id={affiliate_id}&subid={subid}&utm_source=coupon'
      FROM generate_series(1, %s) n
      JOIN merchants m ON m.id = 1 + n %% %s"""

LINKS = """
    SELECT '/out/' || m.slug || '/' || o.uuid || '/' || (100000 + o.id * 7) AS path
      FROM offers o JOIN merchants m ON m.id = o.merchant_id ORDER BY o.id"""


class SyncingPostgres(Postgres):
    """The harness's server leaves out what only a power failure would miss; a measurement may not."""

    def start(self):
        with open(self.data / "postgresql.auto.conf", "a") as settings:
            settings.write("fsync = on\nshared_buffers = '256MB'\n")
        super().start()


class BenchShop:
    def __init__(self):
        self.postgres = SyncingPostgres()
        # A socket file, as for a Redis on the edge's own host: loopback TCP costs both sides more.
        self.redis_socket = fresh_directory("socket", owner="redis") / "redis.sock"
        self.redis_server = Redis(listen=("--unixsocket", self.redis_socket, "--unixsocketperm", "777"))
        self.database = self.postgres.create_database()
        migrate(self.database)
        self.database.run(ADD_MERCHANTS, [MERCHANTS])
        self.database.run(ADD_OFFERS, [OFFERS, MERCHANTS])
        self.database.run("ANALYZE")
        self.links = Links([row["path"] for row in self.database.run(LINKS)])
        self.redis = self.redis_server.client()
        self.edges = []
        self.million = None   # million.py
        self._template = None
        self.worker = None

    def database_template(self):
        """Name of a migrated, empty database that new ones are copied from."""
        if self._template is None:
            template = self.postgres.create_database()
            migrate(template)
            template.close()
            self._template = template.name
        return self._template

    def edge(self, more="", workers=1, **settings):
        """An edge of this shop, not yet started; `more` locations beside /out/."""
        edge = BenchNginx(REDIRECT, more=more, workers=workers, settings={
            "coupon_postgres": self.database.url,
            "coupon_redis": f"unix:{self.redis_socket} db=0",
            "coupon_queue_max": str(QUEUE_MAX),
        } | settings)
        self.edges.append(edge)
        return edge

    def postgres_pids(self):
        master = self.postgres.process.pid
        return [master, *children(master)]

    # --- the click worker

    def start_worker(self):
        self.worker = ClickWorker(self.database.url, self.redis_server.url(0)).start()
        return self.worker

    def pause_worker(self):
        """Only while it has nothing in hand: a stopped transaction would hold locks."""
        self.worker.process.send(signal.SIGSTOP)

    def resume_worker(self):
        self.worker.process.send(signal.SIGCONT)

    def stop_worker(self):
        self.worker.stop()
        self.worker = None

    # --- clicks

    def queued(self):
        return self.redis.llen(QUEUE)

    def wait_until_drained(self, within_s=300):
        eventually(lambda: self.queued() == 0 and self.redis.scard(CLAIMS) == 0, "all clicks taken in", within_s)

    def wait_until_settled(self, edge):
        """The edge has read what is stored; it asks once a second."""
        eventually(lambda: edge.stats()["journal"]["clicks_unsettled"] == 0, "the edge reads what is settled",
                   60, every_s=0.25)

    def stored(self):
        return self.database.value("SELECT count(*) FROM offer_clicks")

    def forget_clicks(self):
        """Before another measurement, and only once all are settled, else the edge sends them again."""
        self.redis.flushdb()
        self.database.run("TRUNCATE offer_clicks, journal_segments, click_rejects")

    def audit(self, edge):
        """couponctl clicks audit: (is nothing missing?, what it says)."""
        run = couponctl("clicks", "audit", "--journal", edge.journal, environment={
            "DATABASE_URL": self.database.url, "REDIS_URL": self.redis_server.url(0),
            "COUPON_EDGE_URL": f"http://127.0.0.1:{edge.port()}/stats"})
        return run.returncode == 0, run.stdout + run.stderr

    def close(self):
        for edge in self.edges:
            edge.stop()
        if self.worker is not None:
            self.worker.process.send(signal.SIGCONT)
            self.worker.stop()
        self.database.close()
        if self.million is not None:
            self.million.database.close()
        self.redis.close()
        self.redis_server.stop()
        self.postgres.stop()
        for edge in self.edges:
            edge.assert_clean()
