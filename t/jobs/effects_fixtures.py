"""Fixtures of the tests about cashback: reports are put into affiliate_transactions as a run would store them, and have
their effects; no network can be reached here."""
import datetime
import decimal
import itertools
import random
import subprocess
import uuid

import pytest

from harness.catalog import add_merchant, add_offer
from harness.environment import COUPON_WORKER, PATIENCE
from harness.links import click_tag
from harness.stand_in import Answer, StandIn

D = decimal.Decimal
UTC = datetime.timezone.utc
KEY = "000102030405060708090a0b0c0d0e0f"
DAY = datetime.timedelta(days=1)
# What each network must say before anything is paid.
CREDIT_ON = {"admitad": "confirmed", "vcommission": "confirmed", "cuelinks": "payable"}

numbers = itertools.count(1)


def click_id(at, key=KEY):
    value = int(at.timestamp() * 1000) << 80 | random.getrandbits(80)
    made = uuid.UUID(int=value & ~(0xf << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)
    return str(uuid.UUID(int=made.int >> 32 << 32 | click_tag(key, made)))


class Click:
    def __init__(self, id, user, offer, at):
        self.id, self.user, self.offer, self.at = id, user, offer, at


class Effects:
    """A shop with one merchant who gives 2.5 % of the sale, and what the tests say about it."""

    def __init__(self, shop):
        self.shop = shop
        self.network = StandIn(Answer(401))      # refuses whoever asks
        self.database = shop.database
        self.merchant = add_merchant(self.database, name="Myntra")
        self.offer = add_offer(self.database, self.merchant)
        self.rule = self.add_rule(self.merchant, cashback_value="2.5")

    def add_rule(self, merchant, **columns):
        columns = {"merchant_id": merchant.id, "cashback_type": "percentage"} | columns
        return self.database.value(
            f"INSERT INTO merchant_commissions ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
            " RETURNING id", list(columns.values()))

    def user(self, **columns):
        number = next(numbers)
        columns = {"email": f"user{number}@example.com", "mobile": f"+9198765{number:05}", "full_name": "Asha"} | columns
        return self.database.value(
            f"INSERT INTO users ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))}) RETURNING id",
            list(columns.values()))

    def click(self, user=..., offer=None, at=None, stored=True, **columns):
        user = self.user() if user is ... else user
        offer = offer or self.offer
        at = at or datetime.datetime.now(UTC) - 2 * DAY
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        click = Click(click_id(at), user, offer, at)
        click.columns = {"click_id": click.id, "offer_id": offer.id, "merchant_id": offer.merchant.id, "user_id": user,
                         "clicked_at": at} | columns
        if stored:
            self.store(click)
        return click

    def store(self, click, table="offer_clicks"):
        self.database.run(f"INSERT INTO {table} ({', '.join(click.columns)})"
                          f" VALUES ({', '.join(['%s'] * len(click.columns))})", list(click.columns.values()))

    def report(self, subid, state="confirmed", transaction=None, network="admitad", **columns):
        """What a network says of a transaction now; the transaction's id there."""
        transaction = transaction or f"T{next(numbers)}"
        columns = {"network": network, "transaction_id": transaction, "state": state,
                   "subid": subid.id if isinstance(subid, Click) else subid, "status": state, "commission": "100.00",
                   "sale": "1000.00", "currency": "INR", "occurred_at": OCCURRED} | columns
        self.database.run(
            f"INSERT INTO affiliate_transactions AS t ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
            " ON CONFLICT (network, transaction_id) DO UPDATE SET version = t.version + 1, problem = NULL, "
            + ", ".join(f"{name} = excluded.{name}" for name in columns), list(columns.values()))
        return transaction

    def start_once(self, **environment):
        """Everything that waits has its effect, although each network refuses; the log."""
        away = {"COUPON_CLICK_KEY": KEY, "ADMITAD_BASE_URL": self.network.url, "ADMITAD_CLIENT_ID": "client",
                "ADMITAD_CLIENT_SECRET": "secret", "VCOMMISSION_BASE_URL": self.network.url, "VCOMMISSION_API_KEY": "key",
                "CUELINKS_BASE_URL": self.network.url, "CUELINKS_API_KEY": "key", "CUELINKS_PUBLISHER_ID": "1",
                "CUELINKS_RATE": "1000r/s"}
        done = subprocess.run([str(COUPON_WORKER), "cashback", "--once"], timeout=60 * PATIENCE, capture_output=True,
                              text=True, env=self.shop.environment | away | environment)
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr[-3000:]
        return done.stderr

    def run(self, **environment):
        log = self.start_once(**environment)
        waiting = self.database.value("SELECT count(*) FROM affiliate_transactions WHERE processed < version")
        assert waiting == 0, log[-3000:]
        return log

    def transaction(self, id, network="admitad"):
        return self.database.row("SELECT * FROM affiliate_transactions WHERE network = %s AND transaction_id = %s",
                                 [network, id])

    def unmatched(self, id, network="admitad"):
        return self.transaction(id, network)["unmatched"]

    def events(self, transaction, network="admitad"):
        """[(status, cashback)] of its generations, in order."""
        return [(row["status"], row["cashback_amount"]) for row in self.database.run(
            "SELECT e.* FROM cashback_events e JOIN affiliate_transactions t ON t.id = e.source_id"
            " WHERE t.network = %s AND t.transaction_id = %s ORDER BY generation", [network, transaction])]

    def transitions(self, transaction):
        return [(row["from_state"], row["to_state"]) for row in self.database.run(
            "SELECT x.* FROM cashback_transitions x JOIN affiliate_transactions t ON t.id = x.source_id"
            " WHERE t.transaction_id = %s AND x.event_id IS NOT NULL ORDER BY x.id", [transaction])]

    def balance(self, user):
        """Exact: in the wallet and in the sum that FastAPI shows."""
        wallet = self.database.value("SELECT available FROM wallet_balances WHERE user_id = %s", [user]) or D(0)
        assert wallet == self.database.value("SELECT wallet_balance FROM users WHERE id = %s", [user])
        return wallet

    def most_ever(self):
        """What the fullest wallet has ever held."""
        return self.database.value("SELECT max(balance_after) FROM wallet_transactions")

    def account(self, name):
        return self.database.value("SELECT COALESCE(sum(amount), 0) FROM ledger_entries WHERE account = %s", [name])

    def messages(self, queue="email"):
        return self.database.run(f'SELECT type, "to", data, idempotency_key FROM {queue}_queue ORDER BY created_at')

    def assert_sound(self):
        assert self.database.run("SELECT * FROM ledger_problems()") == []
        # Whatever was confirmed was credited with it.
        assert self.account("cashback_liability") == 0


OCCURRED = datetime.datetime.now(UTC).replace(microsecond=0) - DAY


@pytest.fixture
def effects(job_shop):
    effects = Effects(job_shop)
    yield effects
    effects.network.close()
    effects.assert_sound()
