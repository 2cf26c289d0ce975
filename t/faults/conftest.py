"""A shop under steady load, and the table of counts at the end of the run."""
import time

import pytest

from harness.catalog import unknown_uuid
from harness.waiting import eventually

from .steady_load import BOT, SteadyLoad, Visit

# Cheap first: a broken build is noticed early.
ORDER = ["queue_entries", "planted_loss", "damaged_segments", "damaged_snapshot", "full", "clock", "nginx",
         "flushall", "redis_refuses", "servers_killed", "click_worker", "mixed", "webhooks", "messages", "ledger", "cashback", "cron", "servers_away", "overdue"]

COLUMNS = ["faults", "answers", "clicks", "accepted", "unjournaled", "unavailable", "cut", "refused", "stored", "served", "missing", "unknown", "twice", "drain_s",
           "seconds"]


def pytest_collection_modifyitems(items):
    def rank(item):
        name = item.module.__name__.rpartition("test_")[2]
        return ORDER.index(name) if name in ORDER else len(ORDER)
    ours = [place for place, item in enumerate(items) if item.path.parent.name == "faults"]
    for place, item in zip(ours, sorted((items[place] for place in ours), key=rank)):
        items[place] = item


class Counts:
    """The numbers of one test."""

    def __init__(self):
        self.values = {}
        self.started = time.monotonic()

    def add(self, **values):
        self.values |= values

    def load(self, load):
        self.add(answers=sum(load.statuses.values()), clicks=len(load.clicks), unjournaled=len(load.unjournaled),
                 cut=load.cuts, refused=load.refused)


@pytest.fixture
def counts(request):
    mine = Counts()
    yield mine
    mine.add(seconds=round(time.monotonic() - mine.started, 1))
    # A report's properties reach the terminal from another process, too, where tests run side by side.
    request.node.user_properties.append(("counts", mine.values))


def pytest_terminal_summary(terminalreporter):
    counts = [(report.nodeid.rpartition("::")[2], values) for report in terminalreporter.stats.get("", [])
              if report.when == "teardown" for name, values in report.user_properties if name == "counts"]
    if not counts:
        return
    terminalreporter.section("counts of the fault tests")
    rows = [[name, *(str(values.get(column, "")) for column in COLUMNS)] for name, values in counts]
    heads = ["test", *COLUMNS]
    widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]
    for row in [heads, *rows]:
        terminalreporter.write_line("  ".join(
            text.ljust(width) if place == 0 else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, widths))))


@pytest.fixture
def busy_shop(new_shop):
    """busy_shop(…) → a running shop of two NGINX workers and load(), which makes its visitors."""
    def make(**options):
        shop = new_shop(start=False, **({"workers": 2} | options))
        shop.live = [
            shop.offer(),
            shop.offer(affiliate_url="https://store.example/a?x=1&sub={click_id}#top"),
            shop.offer(shop.merchant(tracking_url_template="https://net.example/t?o={offer_id}&sub={subid}"),
                       affiliate_url=None),
            shop.offer(shop.merchant(subid_param="sub"), affiliate_url="https://store.example/plain"),
        ]
        shop.edge.start()
        eventually(lambda: shop.edge.stats()["catalog"]["entries"] == len(shop.live), "the catalogue is loaded")
        shop.load = lambda **settings: load_of(shop, **settings)
        return shop
    return make


def load_of(shop, unknown=frozenset({404}), **settings):
    """Visitors of all kinds; `unknown`: what may be answered to an offer that does not exist."""
    first, second, third, fourth = (offer.path for offer in shop.live)
    visits = [Visit(first), Visit(second), Visit(third), Visit(fourth), Visit(f"{first}/42"), Visit(f"{fourth}?c=front-1"),
              Visit(first, agent=BOT), Visit(second, method="HEAD"), Visit(third),
              Visit(f"/out/shop/{unknown_uuid()}", allowed=unknown),
              Visit("/out/shop/nonsense", allowed=frozenset({400}))]
    return SteadyLoad(shop.edge.port(), visits, **settings)
