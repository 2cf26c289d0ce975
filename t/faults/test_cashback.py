"""Cashback while its workers and PostgreSQL are killed and the networks change their minds: in the end each wallet is what
the networks' last word says, to the paisa, as computed here from the stand-ins alone."""
import collections
import datetime
import decimal
import io
import random
import time
import uuid

import pytest

from harness.waiting import eventually
from jobs.cashback_shop import UTC, CashbackShop, new_click_id

D = decimal.Decimal
TRANSACTIONS = 50_000
USERS = 400
CREDITED = {"admitad": {"approved"}, "vcommission": {"approved"}, "cuelinks": {"approved"}}   # as the stand-ins say it


@pytest.fixture
def shop(postgres, redis_server, template):
    made = CashbackShop(postgres, redis_server, template)
    yield made
    made.close()


class Fair:
    """Users, three merchants with rules of different kinds, and a click for each transaction of the three networks."""

    def __init__(self, shop, transactions=TRANSACTIONS, seed=None):
        self.shop = shop
        self.seed = seed if seed is not None else random.randrange(1 << 32)
        self.dice = random.Random(self.seed)
        self.rules = [dict(percent=D("4")), dict(fixed=D("25.00")), dict(percent=D("10"), cap=D("60.00"), minimum=D("200"))]
        self.offers = [
            shop.offer(shop.merchant(percent="4.00")),
            shop.offer(shop.merchant(percent="25.00", cashback_type="fixed")),
            shop.offer(shop.merchant(percent="10.00", max_cashback="60.00", min_order_amount="200.00"))]
        self.users = [row["id"] for row in shop.database.run(
            "INSERT INTO users (email) SELECT 'user-' || n || '@example.com' FROM generate_series(1, %s) n RETURNING id",
            [USERS])]
        self.of = {}      # click id: (user, rule)
        self.made = collections.defaultdict(list)
        clicks = io.StringIO()
        networks = list(shop.networks.values())
        for number in range(transactions):
            at = datetime.datetime.now(UTC) - datetime.timedelta(minutes=self.dice.randrange(60, 20 * 1440))
            click, rule = new_click_id(at), self.dice.randrange(3)
            user = self.dice.choice(self.users)
            self.of[click] = (user, self.rules[rule])
            clicked = datetime.datetime.fromtimestamp((uuid.UUID(click).int >> 80) / 1000, UTC)
            offer = self.offers[rule]
            clicks.write(f"{click}\t{offer.id}\t{offer.uuid}\t{offer.merchant.id}\t{user}\tmobile\t{clicked.isoformat()}\n")
            network = networks[number % len(networks)]
            sale = D(self.dice.randrange(5_000, 500_000)) / 100
            self.made[network].append(network.world.add(
                click, sale=f"{sale:.2f}", commission=f"{sale * D('0.12'):.2f}", status=self.dice.choice(["pending", "approved"]),
                occurred=at + datetime.timedelta(minutes=30), order=f"order-{number}", times=1 + (number % 50 == 0)))
        clicks.seek(0)
        connection = shop.database.connect()
        with connection, connection.cursor() as cursor:
            cursor.copy_expert("COPY offer_clicks (click_id, offer_id, offer_uuid, merchant_id, user_id, device_type,"
                               " clicked_at) FROM STDIN", clicks)
            cursor.execute("ANALYZE offer_clicks")
        connection.close()

    def change_minds(self, many=20):
        """Some transactions of each network get another status, a few another amount."""
        for network, made in self.made.items():
            for transaction in self.dice.sample(made, many):
                members = {"status": self.dice.choice(["pending", "approved", "declined"])}
                if self.dice.random() < 0.2:
                    sale = D(self.dice.randrange(5_000, 500_000)) / 100
                    members |= {"sale": f"{sale:.2f}", "commission": f"{sale * D('0.12'):.2f}"}
                network.world.change(transaction, **members)

    def expected(self):
        """{user: balance} by the networks' last word."""
        wallets = collections.defaultdict(D)
        for name, network in self.shop.networks.items():
            for transaction in self.made[network]:
                if transaction.status in CREDITED[name]:
                    user, rule = self.of[transaction.subid]
                    wallets[user] += share(rule, D(transaction.sale), D(transaction.commission))
        return {user: wallets[user] for user in self.users}

    def wallets(self):
        return {row["id"]: row["wallet_balance"] for row in self.shop.database.run("SELECT id, wallet_balance FROM users")}


def share(rule, sale, commission):
    if sale < rule.get("minimum", 0):
        return D(0)
    amount = rule["fixed"] if "fixed" in rule else sale * rule["percent"] / 100
    amount = min(amount, rule.get("cap", amount), commission)
    return amount.quantize(D("0.01"), decimal.ROUND_HALF_UP)


def settle(shop, fair, counts, faults):
    """One undisturbed run of everything; then the wallets must agree, and the ledger with itself."""
    shop.once(within_s=240)
    expected, wallets = fair.expected(), fair.wallets()
    wrong = {user: (expected[user], wallets[user]) for user in expected if expected[user] != wallets[user]}
    stored = shop.database.value("SELECT count(*) FROM affiliate_transactions")
    reversals = shop.database.value("SELECT count(*) FROM ledger_transactions WHERE kind = 'cashback_reversal'")
    credits = shop.database.value("SELECT count(*) FROM ledger_transactions WHERE kind = 'cashback'")
    counts.add(faults=faults, accepted=len(fair.of), stored=stored, served=credits, refused=reversals, missing=len(wrong))
    assert not wrong, f"seed {fair.seed}: {len(wrong)} wallets are wrong, as {next(iter(wrong.items()))}"
    assert stored == len(fair.of)
    assert shop.problems() == []
    mails = shop.database.row("SELECT count(*) AS all, count(DISTINCT idempotency_key) AS different FROM email_queue")
    assert mails["all"] == mails["different"] <= credits


@pytest.mark.deadline(900)
def test_cashback_workers_killed_twenty_times(shop, counts):
    """50,000 transactions over pages that shift while they are read; tokens end in the middle."""
    fair = Fair(shop)

    def disturb(page):
        if page % 7 == 0:
            fair.change_minds(many=5)
        if page % 31 == 0:
            shop.admitad.expire()
    for network in shop.networks.values():
        network.before_page = disturb
    for _ in range(20):
        pages = sum(network.pages for network in shop.networks.values())
        worker = shop.begin_once()
        eventually(lambda: sum(network.pages for network in shop.networks.values()) > pages or not worker.running,
                   "the networks are read", 30)
        time.sleep(fair.dice.uniform(0, 1.5))
        worker.kill()
        fair.change_minds()
    for network in shop.networks.values():
        network.before_page = None
    settle(shop, fair, counts, faults=20)


@pytest.mark.deadline(600)
def test_postgres_killed_while_cashback_is_credited(shop, counts):
    fair = Fair(shop, transactions=6_000)
    for _ in range(5):
        worker = shop.begin_once()
        eventually(lambda: credited(shop) or not worker.running, "cashback is credited", 30)
        time.sleep(fair.dice.uniform(0, 0.7))
        shop.postgres.kill()
        shop.postgres.start()
        worker.wait(120)
        fair.change_minds(many=200)
    settle(shop, fair, counts, faults=5)


def credited(shop):
    return shop.database.value("SELECT count(*) FROM ledger_transactions WHERE kind = 'cashback'")


@pytest.mark.deadline(600)
def test_two_cashback_workers_and_postbacks(shop, counts):
    """Runs and postbacks of the same transactions at once, on two processes, one of which is killed again and again."""
    fair = Fair(shop, transactions=3_000)
    shop.start_cashback(CASHBACK_EVERY="1m")
    for _ in range(6):
        other = shop.start_cashback(CASHBACK_EVERY="1m")
        fair.change_minds(many=50)
        for transaction in fair.dice.sample(fair.made[shop.admitad], 20):
            shop.add_job("postback", "admitad", {"id": str(transaction.id), "click": transaction.subid,
                                                 "status": "approved", "amount": "99999"})
        time.sleep(fair.dice.uniform(0.3, 1.0))
        other.kill()
    settle(shop, fair, counts, faults=6)
