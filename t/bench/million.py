"""A million live offers in a database of their own, and edges that hold them; made when first asked for."""
import os
import re
import subprocess
import time

from harness.environment import scratch
from harness.postgres import program
from harness.shop import migrate
from harness.waiting import eventually

from .load import Links
from .say import say

OFFERS = 1_000_000
MERCHANTS = 100
ZONE = "381m"          # 399.5 MB
LINKS = 10_000         # offers that visitors ask for, all over the catalogue
CHANGES_A_SECOND = 1_000

ADD_MERCHANTS = """
    INSERT INTO merchants (slug, name, website_url, affiliate_network, affiliate_id, allowed_hosts)
    SELECT 'merchant-' || n, 'Merchant ' || n, 'https://store-' || n || '.example', 'direct', 'aff' || n,
           ARRAY['store-' || n || '.example']
      FROM generate_series(1, %s) n"""

# 80 to 240 bytes, 160 on average.
DESTINATION = """rpad('https://store-' || {merchant} || '.example/deals/offer-' || {offer}
                      || '?subid={{subid}}&path=', 80 + ({offer} * 79 %% 161), {letter})"""

ADD_OFFERS = f"""
    INSERT INTO offers (merchant_id, title, is_verified, is_active, affiliate_url)
    SELECT 1 + n %% %s, 'Offer ' || n, true, true,
           {DESTINATION.format(merchant='(1 + n %% %s)', offer='n', letter="'a'")}
      FROM generate_series(1, %s) n"""

SOME_LINKS = """
    SELECT '/out/' || m.slug || '/' || o.uuid || '/' || (100000 + o.id * 7) AS path
      FROM offers o JOIN merchants m ON m.id = o.merchant_id WHERE o.id %% %s = 0 ORDER BY o.id"""

# A random offer gets another destination of the length it had.
CHANGE_SCRIPT = """
\\set offer random(1, :offers)
\\set letter random(98, 122)
UPDATE offers SET affiliate_url = overlay(affiliate_url placing chr(:letter) from length(affiliate_url)) WHERE id = :offer;
"""


class Million:
    def __init__(self, shop):
        self.shop = shop
        self.database = shop.postgres.create_database()
        say(f"adding {OFFERS:,} offers")
        migrate(self.database)
        # As if they were there for long: the change log knows nothing of them.
        self.database.run("SET session_replication_role = replica")
        self.database.run(ADD_MERCHANTS, [MERCHANTS])
        self.database.run(ADD_OFFERS, [MERCHANTS, MERCHANTS, OFFERS])
        self.database.run("SET session_replication_role = origin")
        self.database.run("VACUUM ANALYZE")
        self.database.run("CHECKPOINT")
        self.links = Links([row["path"] for row in self.database.run(SOME_LINKS, [OFFERS // LINKS])], "million")

    def edge(self, workers, more="", **settings):
        """Not yet started; settings as BenchShop.edge()."""
        return self.shop.edge(more=more, workers=workers, **{"coupon_postgres": self.database.url,
                                                             "coupon_catalog_zone": f"offers:{ZONE}"} | settings)

    def start(self, edge, environment=None):
        """Starts it and waits until every offer is loaded; seconds of the load by the edge's own log."""
        said = len(edge.log())
        edge.start(wait_for_catalog=False, environment=environment)
        line = eventually(lambda: re.search(r"the catalogue is loaded: (\d+) offers in (\d+) ms", edge.log()[said:]),
                          "the catalogue is loaded", 300, every_s=0.2)
        assert int(line[1]) == OFFERS, line[0]
        return int(line[2]) / 1000

    def changes(self, seconds):
        """CHANGES_A_SECOND commits a second of another process, for so long."""
        return Changes(self.database, OFFERS, CHANGES_A_SECOND, seconds)


class Changes:
    """Commits of another process, each of a random one of the offers 1 to `offers`; under way once this is made."""

    def __init__(self, database, offers, a_second, seconds):
        script = scratch() / "change.sql"
        script.write_text(CHANGE_SCRIPT)
        self._process = subprocess.Popen(
            [program("pgbench"), "-n", "-f", script, "-D", f"offers={offers}", "-c", "4", "-j", "1", "-R", str(a_second),
             "-T", str(seconds), database.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(database.server.port), "PGUSER": "coupon",
                 # The commits need not be on disk for what is measured, and the disk is shared.
                 "PGOPTIONS": "-c synchronous_commit=off"})
        time.sleep(0.5)   # connected, in step

    def finished(self):
        """Waits for the end; commits a second."""
        said, _ = self._process.communicate()
        assert self._process.returncode == 0, said
        return float(re.search(r"tps = ([\d.]+)", said)[1])

    def stop(self):
        self._process.terminate()
        self._process.communicate()


def million(shop):
    """The one of this run."""
    if shop.million is None:
        shop.million = Million(shop)
    return shop.million
