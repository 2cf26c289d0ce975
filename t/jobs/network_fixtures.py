"""Fixtures of the tests about the affiliate networks' clients: what they ask, and what they make of the answers."""
import decimal

import pytest

from .cashback_shop import CashbackShop

NETWORKS = ["admitad", "vcommission", "cuelinks"]
# What a page of each holds at most.
PAGE = {"admitad": 500, "vcommission": 200, "cuelinks": 100}
# The states of the words that worlds use.
STATES = {"admitad": {"pending": "pending", "approved": "confirmed", "declined": "rejected"},
          "vcommission": {"pending": "pending", "approved": "confirmed", "declined": "rejected"},
          "cuelinks": {"pending": "pending", "approved": "payable", "declined": "rejected"}}


class NetworkShop(CashbackShop):
    """One network; nothing that is written down may hold its key, secret or a token."""

    def __init__(self, *arguments, network, **options):
        super().__init__(*arguments, networks=[network], **options)
        self.name = network
        self.network = self.networks[network]
        self.world = self.network.world

    def close(self):
        try:
            written = self.log() + " ".join(row["error"] or "" for row in self.runs())
        finally:
            super().close()
        assert not [secret for secret in self.network.secrets if secret in written], written

    def error(self):
        """Why the last run failed."""
        return self.runs()[-1]["error"]

    def stored(self):
        """Each transaction's state and amounts, by the id that the network gave it."""
        return {row["transaction_id"]: (row["state"], row["commission"], row["sale"])
                for row in self.transactions(self.name) if not row["problem"]}

    def id_of(self, one):
        return self.network.id_of(one) if self.name == "vcommission" else str(one.id)

    def expected(self):
        """The same of the world as it is now."""
        return {self.id_of(one): (STATES[self.name][one.status], decimal.Decimal(one.commission),
                                  decimal.Decimal(one.sale))
                for one in self.world.transactions.values()}

    def put_aside(self):
        """Why records are put aside, by their id."""
        return {row["transaction_id"]: row["problem"] for row in self.transactions(self.name) if row["problem"]}


@pytest.fixture
def new_network_shop(new_shop_of):
    """new_network_shop(name, …) → a NetworkShop of the test's own, without a worker yet."""
    return lambda network, **options: new_shop_of(NetworkShop, network=network, **options)


@pytest.fixture
def admitad(new_network_shop):
    return new_network_shop("admitad")


@pytest.fixture
def vcommission(new_network_shop):
    return new_network_shop("vcommission")


@pytest.fixture
def cuelinks(new_network_shop):
    return new_network_shop("cuelinks")
