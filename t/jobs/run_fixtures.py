"""Fixtures of the tests about runs over the affiliate networks."""
import decimal
import threading
import urllib.request

import pytest

D = decimal.Decimal
NETWORKS = ["admitad", "vcommission", "cuelinks"]


@pytest.fixture
def admitad_shop(new_cashback_shop):
    """One network is enough for most; a merchant that gives 4 %, an offer of his and a user."""
    shop = new_cashback_shop(networks=["admitad"])
    shop.offer_1, shop.user_1 = shop.offer(), shop.user()
    return shop


def bought(shop, status="approved", **more):
    """A transaction of Admitad's over 1000.00 after a click of shop.user_1."""
    return shop.admitad.world.add(shop.click(shop.offer_1, shop.user_1), status=status, **more)


def buy(shop, count):
    """As many purchases over 1000.00, each after the same click: the networks do not care."""
    click = shop.click(shop.offer_1, shop.user_1)
    return [shop.admitad.world.add(click, status="approved") for _ in range(count)]


class Gate:
    """Holds a stand-in's page of that number back until it is opened."""

    def __init__(self, network, page):
        self.reached, self.opened = threading.Event(), threading.Event()
        network.before_page = lambda number: number == page and self._wait()

    def _wait(self):
        self.reached.set()
        self.opened.wait(60)

    def wait(self):
        assert self.reached.wait(20), "the page was never asked for"


@pytest.fixture
def idle_shop(admitad_shop):
    """Its worker has made its first run and has nothing to do."""
    admitad_shop.start_cashback()
    admitad_shop.finished_run("admitad", error=None)
    return admitad_shop


def metrics(shop):
    with urllib.request.urlopen(f"http://127.0.0.1:{shop.metrics_port}/metrics", timeout=10) as answer:
        return answer.read().decode()
