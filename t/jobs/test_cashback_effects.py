"""What networks report becomes cashback: whose it is, how much, when it is paid, and when it is taken back. The reports are
put into affiliate_transactions as a run would store them; no network can be reached here."""
import datetime
import decimal
import itertools
import random
import subprocess
import threading
import uuid

import pytest

from harness.catalog import add_merchant, add_offer
from harness.environment import COUPON_WORKER, PATIENCE
from harness.links import click_tag
from harness.shop import migrate
from harness.stand_in import Answer, StandIn
from harness.waiting import eventually

D = decimal.Decimal
UTC = datetime.timezone.utc
KEY = "000102030405060708090a0b0c0d0e0f"
DAY = datetime.timedelta(days=1)
# What each network must say before anything is paid.
CREDIT_ON = {"admitad": "confirmed", "vcommission": "confirmed", "cuelinks": "payable"}
RANK = {"pending": 0, "confirmed": 1, "payable": 2, "paid": 3}

_numbers = itertools.count(1)


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
        number = next(_numbers)
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
        transaction = transaction or f"T{next(_numbers)}"
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


# --- the way of one transaction

def test_pending_is_shown_and_confirmed_is_paid(effects):
    click = effects.click()
    transaction = effects.report(click, "pending", order_ref="OD-77")
    effects.run()
    assert effects.events(transaction) == [("pending", D("25.00"))]
    assert effects.balance(click.user) == 0
    assert effects.messages() == []
    effects.report(click, "confirmed", transaction, order_ref="OD-77")
    effects.run()
    assert effects.events(transaction) == [("paid", D("25.00"))]
    assert effects.balance(click.user) == D("25.00")
    assert effects.transitions(transaction) == [(None, "pending"), ("pending", "confirmed"), ("confirmed", "paid")]
    event = effects.database.row("SELECT * FROM cashback_events")
    assert (event["user_id"], event["offer_id"], event["merchant_id"], str(event["click_id"])) == (
        click.user, effects.offer.id, effects.merchant.id, click.id)
    assert (event["transaction_amount"], event["commission_amount"], event["currency"]) == (D("1000.00"), D("100.00"), "INR")
    assert event["paid_at"] is not None
    assert (effects.account("commission_receivable"), effects.account("margin")) == (D("-100.00"), D("75.00"))
    assert effects.database.value("SELECT description FROM wallet_transactions") == "Cashback for a purchase at Myntra"
    cause = effects.database.value("SELECT cause FROM cashback_transitions WHERE to_state = 'paid'")
    assert "admitad says confirmed" in cause


def test_the_user_hears_of_it_once(effects):
    user = effects.user(email="asha@example.com", mobile="+919876543210", full_name="Asha")
    transaction = effects.report(effects.click(user), "confirmed", order_ref="OD-77")
    effects.run()
    event = effects.database.value("SELECT id FROM cashback_events")
    data = {"cashback_event_id": event, "amount": "25.00", "currency": "INR", "name": "Asha", "merchant": "Myntra",
            "order_number": "OD-77", "wallet_balance": "25.00"}
    assert effects.messages() == [{"type": "cashback_credited", "to": "asha@example.com", "data": data,
                                   "idempotency_key": f"cashback_credited:asha@example.com:{event}"}]
    assert effects.messages("sms") == [{"type": "cashback_credited", "to": "+919876543210", "data": data,
                                        "idempotency_key": f"cashback_credited:+919876543210:{event}"}]
    effects.report(effects.transaction(transaction)["subid"], "paid", transaction, order_ref="OD-77")
    effects.run()
    assert len(effects.messages()) == len(effects.messages("sms")) == 1
    assert effects.balance(user) == D("25.00")


def test_a_user_without_an_address_is_paid_all_the_same(effects):
    nobody = effects.user(email=None, mobile=None)
    by_phone = effects.user(email=None, mobile="+919876543299")
    effects.report(effects.click(nobody))
    effects.report(effects.click(by_phone))
    effects.run()
    assert [effects.balance(user) for user in (nobody, by_phone)] == [D("25.00")] * 2
    assert effects.messages() == []
    assert [sms["to"] for sms in effects.messages("sms")] == ["+919876543299"]


def test_a_network_pays_later_than_it_confirms(effects):
    """CueLinks' validated is not payable yet."""
    click = effects.click()
    transaction = effects.report(click, "confirmed", network="cuelinks", status="validated")
    effects.run()
    assert effects.events(transaction, "cuelinks") == [("confirmed", D("25.00"))]
    assert effects.balance(click.user) == 0
    effects.report(click, "payable", transaction, "cuelinks")
    effects.run()
    assert effects.events(transaction, "cuelinks") == [("paid", D("25.00"))]
    assert effects.balance(click.user) == D("25.00")


# --- taken back

def test_a_reversal_before_the_credit(effects):
    click, other = effects.click(), effects.click()
    transaction = effects.report(click, "pending")
    effects.run()
    effects.report(click, "rejected", transaction)
    unseen = effects.report(other, "rejected")
    effects.run()
    assert effects.events(transaction) == effects.events(unseen) == [("rejected", D("25.00"))]
    assert effects.balance(click.user) == effects.balance(other.user) == 0
    assert effects.database.value("SELECT count(*) FROM ledger_transactions") == 0
    assert effects.messages() == []


def test_approved_declined_approved(effects):
    click = effects.click()
    transaction = effects.report(click, "confirmed")
    for state, balance in [("confirmed", "25.00"), ("rejected", "0"), ("rejected", "0"), ("confirmed", "25.00"),
                           ("pending", "0"), ("paid", "25.00")]:
        effects.report(click, state, transaction)
        effects.run()
        assert effects.balance(click.user) == D(balance), state
    assert effects.events(transaction) == [("reversed", D("25.00")), ("reversed", D("25.00")), ("paid", D("25.00"))]
    assert effects.account("commission_receivable") == D("-100.00")
    keys = [row["key"] for row in effects.database.run("SELECT key FROM ledger_transactions ORDER BY id")]
    source = effects.transaction(transaction)["id"]
    assert keys[:4] == [f"cashback:{source}:1:commission", f"cashback:{source}:1", f"cashback:{source}:1:reversal",
                        f"cashback:{source}:1:commission:reversal"]
    assert effects.database.value("SELECT description FROM wallet_transactions WHERE type = 'cashback_reversal'") == (
        "Cashback for a purchase at Myntra was taken back")


def test_what_was_spent_becomes_a_debt(effects):
    click = effects.click()
    transaction = effects.report(click)
    effects.run()
    effects.database.run("SELECT wallet_post('order:1', 'purchase', %s, -20, 'order', '1')", [click.user])
    effects.report(click, "rejected", transaction)
    effects.run()
    assert effects.balance(click.user) == D("-20.00")


def test_an_amount_changes_after_the_credit(effects):
    click = effects.click()
    transaction = effects.report(click)
    effects.run()
    effects.report(click, "confirmed", transaction, sale="2000.00", commission="300.00")
    effects.run()
    assert effects.events(transaction) == [("reversed", D("25.00")), ("paid", D("50.00"))]
    assert effects.balance(click.user) == D("50.00")
    assert effects.account("commission_receivable") == D("-300.00")
    assert [mail["data"]["amount"] for mail in effects.messages()] == ["25.00", "50.00"]


def test_a_commission_that_changes_alone_is_booked_without_news(effects):
    click = effects.click()
    transaction = effects.report(click)
    effects.run()
    effects.report(click, "confirmed", transaction, commission="90.00")
    effects.run()
    assert (effects.balance(click.user), effects.account("commission_receivable")) == (D("25.00"), D("-90.00"))
    assert len(effects.messages()) == 1


def test_a_rule_that_is_edited_later_does_not_reach_back(effects):
    click = effects.click()
    transaction = effects.report(click)
    effects.run()
    effects.database.run("UPDATE merchant_commissions SET cashback_value = 1")
    effects.report(click, "paid", transaction)
    effects.run()
    assert effects.balance(click.user) == D("25.00")


# --- how much

def test_the_rules_of_the_merchant(effects):
    """Category before none, valid at the purchase, limited by cap and commission; below the minimum nothing."""
    category = effects.database.value("INSERT INTO categories (name) VALUES ('Shoes') RETURNING id")
    shoes = add_offer(effects.database, effects.merchant, category_id=category)
    effects.add_rule(effects.merchant, category_id=category, cashback_value="10", max_cashback="60", min_order_amount="100")
    effects.add_rule(effects.merchant, category_id=category, cashback_value="50", valid_to=OCCURRED)
    effects.add_rule(effects.merchant, category_id=category, cashback_value="50", valid_from=OCCURRED + DAY / 2)
    other = add_merchant(effects.database)
    effects.add_rule(other, cashback_type="fixed", cashback_value="15")
    expected = {}
    for offer, sale, commission, share in [
            (effects.offer, "333.33", "100", "8.33"), (effects.offer, "333.00", "100", "8.33"),
            (effects.offer, "0.20", "100", "0.01"), (shoes, "500.05", "100", "50.01"), (shoes, "700", "100", "60"),
            (shoes, "700", "59.99", "59.99"), (add_offer(effects.database, other), None, "40", "15")]:
        click = effects.click(offer=offer)
        effects.report(click, sale=sale, commission=commission)
        expected[click.user] = D(share)
    effects.run()
    assert {user: effects.balance(user) for user in expected} == expected


@pytest.mark.parametrize("columns, reason", [
    ({"sale": "99.99"}, "below the minimum"), ({"sale": None}, "does not say what the sale was"),
    ({"commission": "0"}, "no commission"), ({"commission": None}, "no commission"),
    ({"commission": "-5"}, "no commission")])
def test_a_share_of_nothing_is_rejected_with_its_reason(effects, columns, reason):
    effects.database.run("UPDATE merchant_commissions SET min_order_amount = 100")
    click = effects.click()
    transaction = effects.report(click, **columns)
    effects.run()
    assert effects.events(transaction) == [("rejected", D("0.00"))]
    assert reason in effects.database.value("SELECT cause FROM cashback_transitions WHERE to_state = 'rejected'")
    assert effects.database.value("SELECT count(*) FROM ledger_transactions") == 0
    # Said again it is the same; once there is something to share it is the next generation.
    effects.report(click, "paid", transaction, **columns)
    effects.run()
    assert len(effects.events(transaction)) == 1
    effects.report(click, "paid", transaction)
    effects.run()
    assert effects.balance(click.user) == D("25.00")


def test_a_foreign_currency_with_a_rate(effects):
    """The latest rate from before the purchase; each amount exactly, rounded half up once."""
    for valid_from, rate in [(OCCURRED - 9 * DAY, "80"), (OCCURRED, "83.12345678"), (OCCURRED + DAY / 24, "99")]:
        effects.database.run("INSERT INTO exchange_rates (currency, valid_from, rate) VALUES ('USD', %s, %s)",
                             [valid_from, rate])
    click = effects.click()
    transaction = effects.report(click, currency="USD", sale="10.01", commission="2.00")
    effects.run()
    # 832.0658… → 832.07, of which 2.5 % are 20.80; 166.2469… → 166.25
    assert effects.events(transaction) == [("paid", D("20.80"))]
    event = effects.database.row("SELECT * FROM cashback_events")
    assert (event["transaction_amount"], event["commission_amount"], event["currency"]) == (D("832.07"), D("166.25"), "INR")
    assert effects.balance(click.user) == D("20.80")


def test_a_foreign_currency_without_a_rate(effects):
    click = effects.click()
    transaction = effects.report(click, currency="USD", sale="10.00", commission="2.00")
    effects.run()
    assert effects.unmatched(transaction) == "there is no rate from USD to INR"
    assert effects.events(transaction) == [("pending", D("0.00"))]
    assert effects.balance(click.user) == 0
    effects.database.run("INSERT INTO exchange_rates (currency, valid_from, rate) VALUES ('USD', '2020-01-01', 80)")
    effects.run()
    assert effects.unmatched(transaction) is None
    assert effects.balance(click.user) == D("20.00")


def test_a_purchase_before_any_rule_waits_for_one(effects):
    """However long ago the purchase was; and a rule that ends later takes nothing back."""
    effects.database.run("UPDATE merchant_commissions SET valid_from = %s", [OCCURRED + DAY / 2])
    click = effects.click()
    transaction = effects.report(click, "paid")
    effects.run()
    assert effects.unmatched(transaction) == "no rule of the merchant's is valid for it"
    assert effects.events(transaction) == [("pending", D("0.00"))]
    effects.database.run("UPDATE affiliate_transactions SET first_seen_at = now() - interval '300 days'")
    effects.database.run("UPDATE merchant_commissions SET valid_from = NULL")
    effects.run()
    assert effects.unmatched(transaction) is None
    assert effects.balance(click.user) == D("25.00")
    effects.database.run("UPDATE merchant_commissions SET valid_to = %s", [OCCURRED - DAY])
    effects.report(click, "paid", transaction, order_ref="OD-1")
    effects.run()
    assert effects.unmatched(transaction) is None
    assert effects.events(transaction) == [("paid", D("25.00"))]


def test_the_time_of_a_purchase_chooses_its_rule(effects):
    """Also when the network corrects it after the credit; the rule as it is then, and no other edit."""
    effects.database.run("UPDATE merchant_commissions SET valid_from = %s", [OCCURRED])
    effects.add_rule(effects.merchant, cashback_value="5", valid_to=OCCURRED)
    click = effects.click()
    transaction = effects.report(click)
    effects.run()
    assert effects.balance(click.user) == D("25.00")
    effects.report(click, transaction=transaction, occurred_at=OCCURRED - DAY / 24)
    effects.run()
    assert effects.events(transaction) == [("reversed", D("25.00")), ("paid", D("50.00"))]
    assert effects.balance(click.user) == D("50.00")
    effects.database.run("UPDATE merchant_commissions SET cashback_value = 1")
    effects.report(click, "paid", transaction, occurred_at=OCCURRED - DAY / 24)
    effects.run()
    assert effects.balance(click.user) == D("50.00")


# --- whose it is

def test_reasons_why_nobody_gets_it(effects):
    known = effects.click()
    tagged_wrong = known.id[:-1] + ("0" if known.id[-1] != "0" else "1")
    twice = [effects.click(frontend_click_id="fe-twice") for _ in range(2)]
    gone = effects.click()
    gone.columns["click_id"] = click_id(gone.at)
    gone.columns["user_id"] = 999_999_999
    effects.store(gone)
    offerless = effects.click(stored=False)
    offerless.columns["offer_id"] = 999_999_999
    effects.store(offerless)
    merchantless = effects.click(stored=False)
    merchantless.columns["merchant_id"] = 999_999_999
    effects.store(merchantless)
    long_ago = effects.click(at=OCCURRED - 30 * DAY - datetime.timedelta(seconds=1))
    later = effects.click(at=OCCURRED + datetime.timedelta(minutes=61))
    expected = {
        None: "there is no sub-id", tagged_wrong: "the click id's tag is wrong",
        click_id(OCCURRED): "there is no such click", "who-knows": "there is no such click", "x" * 500: "there is no such click",
        "fe-twice": "several clicks have this id", effects.click(None).id: "the click has no user",
        effects.click(flags=["bot"]).id: "the click is a bot's", effects.click(flags=["sig_bad", "head"]).id: "the click is a bot's",
        long_ago.id: "the purchase was more than 30 days after the click", later.id: "the purchase was before the click",
        gone.columns["click_id"]: "the user is gone", offerless.id: "the offer is gone", merchantless.id: "the merchant is gone"}
    reports = {effects.report(subid): reason for subid, reason in expected.items()}
    for _ in range(2):
        effects.run()
        assert {transaction: effects.unmatched(transaction) for transaction in reports} == reports
    assert effects.database.value("SELECT count(*) FROM cashback_events") == 0
    assert effects.database.value("SELECT count(*) FROM affiliate_transactions WHERE user_id IS NOT NULL") == 0
    assert twice[0].user != twice[1].user
    # Said once, however often it is looked at.
    assert effects.database.value("SELECT count(*) FROM cashback_transitions WHERE to_state = 'unmatched'") == len(reports)


def test_the_edges_of_the_window(effects):
    last = effects.click(at=OCCURRED - 30 * DAY)
    skewed = effects.click(at=OCCURRED + datetime.timedelta(minutes=59))
    for click in (last, skewed):
        effects.report(click)
    effects.run()
    assert effects.balance(last.user) == effects.balance(skewed.user) == D("25.00")


def test_a_front_ends_own_id(effects):
    """One click has it; a bot that opened the link as well does not matter."""
    click = effects.click(frontend_click_id="fe-1")
    effects.click(frontend_click_id="fe-1", flags=["bot"])
    effects.report("fe-1")
    theirs = effects.click(frontend_click_id=str(uuid.uuid4()))
    effects.report(theirs.columns["frontend_click_id"])
    effects.run()
    assert effects.balance(click.user) == effects.balance(theirs.user) == D("25.00")


def test_clicks_that_another_program_recorded(effects):
    """Their ids are of any version, and their time is not in them."""
    click = effects.click(stored=False)
    click.columns["click_id"] = click.id = str(uuid.uuid4())
    effects.store(click)
    effects.report(click)
    effects.run()
    assert effects.balance(click.user) == D("25.00")


def test_clicks_from_before_the_migration(postgres, new_job_shop):
    """A plain offer_clicks of FastAPI's, which became offer_clicks_legacy."""
    old = postgres.create_database()
    old.run("CREATE TABLE offer_clicks (id serial PRIMARY KEY, click_id varchar(36) NOT NULL, offer_id integer, user_id integer,"
            " frontend_click_id varchar(64), clicked_at timestamp)")
    migrate(old)
    old.close()
    effects = Effects(new_job_shop(template=old.name))
    clicks = [effects.click(stored=False, frontend_click_id=name) for name in ("fe-old", None)]
    for click in clicks:
        del click.columns["merchant_id"]
        effects.store(click, "offer_clicks_legacy")
    effects.report("fe-old")
    effects.report(clicks[1])
    effects.run()
    assert [effects.balance(click.user) for click in clicks] == [D("25.00")] * 2
    effects.assert_sound()


def test_a_click_that_is_stored_after_its_transaction(effects):
    click = effects.click(stored=False)
    transaction = effects.report(click)
    effects.run()
    assert effects.unmatched(transaction) == "there is no such click"
    effects.store(click)
    effects.run()
    assert effects.unmatched(transaction) is None
    assert effects.balance(click.user) == D("25.00")


def test_old_unmatched_ones_are_looked_at_in_turn(effects):
    """Ten thousand younger ones without a click starve nobody, and what no click can heal is left alone."""
    effects.database.run(
        "INSERT INTO affiliate_transactions (network, transaction_id, state, subid, unmatched, effect_state, processed, problem)"
        " SELECT 'admitad', 'U' || n, 'pending', 'u' || n, 'there is no such click', 'pending', 1, NULL"
        "  FROM generate_series(1, 10000) AS n")
    click = effects.click(stored=False)
    transaction = effects.report(click, first_seen_at=datetime.datetime.now(UTC) - 20 * DAY)
    rejected = effects.report(click_id(OCCURRED), "rejected")
    hopeless = effects.report(None)
    effects.run()
    effects.store(click)
    for _ in range(2):
        effects.run()
    assert effects.balance(click.user) == D("25.00")
    assert [effects.transaction(one)["version"] for one in (rejected, hopeless)] == [1, 1]


def test_a_click_may_be_purged_once_it_is_matched(effects):
    click = effects.click()
    transaction = effects.report(click)
    effects.run()
    effects.database.run("DELETE FROM offer_clicks")
    effects.report(click, "paid", transaction)
    effects.run()
    assert effects.balance(click.user) == D("25.00")
    effects.report(click, "rejected", transaction)
    effects.run()
    assert effects.balance(click.user) == 0


def test_a_transaction_that_turns_out_to_be_anothers(effects):
    first, second = effects.click(), effects.click()
    transaction = effects.report(first)
    effects.run()
    effects.report(second, transaction=transaction)
    effects.run()
    assert (effects.balance(first.user), effects.balance(second.user)) == (0, D("25.00"))
    assert effects.events(transaction) == [("reversed", D("25.00")), ("paid", D("25.00"))]


# --- one order, two reports

@pytest.mark.parametrize("in_one_run", [True, False])
@pytest.mark.parametrize("swapped", [True, False])
def test_two_networks_report_one_order(effects, in_one_run, swapped):
    click = effects.click()
    networks = ["admitad", "vcommission"][::-1 if swapped else 1]
    reports = []
    for network in networks:
        reports.append(effects.report(click, network=network, order_ref="OD-1"))
        if not in_one_run:
            effects.run()
    effects.run()
    first, second = zip(reports, networks)
    assert effects.balance(click.user) == D("25.00")
    assert effects.events(*first) == [("paid", D("25.00"))]
    assert effects.unmatched(*second) == f"order OD-1 is reported by {first[1]} {first[0]} already"
    assert effects.events(*second) == []
    # The first takes it back, so the second counts; and then the first has it again.
    effects.report(click, "rejected", *first, order_ref="OD-1")
    effects.run()
    assert effects.balance(click.user) == D("25.00")
    assert (effects.unmatched(*second), effects.events(*second)) == (None, [("paid", D("25.00"))])
    effects.report(click, "confirmed", *first, order_ref="OD-1")
    effects.run()
    assert effects.balance(click.user) == D("25.00")
    assert effects.events(*second) == [("reversed", D("25.00"))]
    # Another order of the same click is another order.
    effects.report(click, "confirmed", *second, order_ref="OD-2")
    effects.run()
    assert effects.balance(click.user) == D("50.00")


def test_a_late_click_gives_the_order_to_its_first_report(effects):
    """The second report was paid while the first had no click; the wallet never has both."""
    click = effects.click(frontend_click_id="fe-late", stored=False)
    click.columns["frontend_click_id"] = None
    effects.store(click)
    first = effects.report("fe-late", order_ref="OD-1")
    second = effects.report(click, network="vcommission", order_ref="OD-1")
    effects.run()
    assert effects.events(second, "vcommission") == [("paid", D("25.00"))]
    effects.database.run("UPDATE offer_clicks SET frontend_click_id = 'fe-late'")
    effects.run()
    assert effects.events(first) == [("paid", D("25.00"))]
    assert effects.events(second, "vcommission") == [("reversed", D("25.00"))]
    assert effects.balance(click.user) == D("25.00")
    assert effects.database.value("SELECT max(balance_after) FROM wallet_transactions") == D("25.00")


def test_reports_without_an_order_are_of_different_orders(effects):
    click = effects.click()
    for network in ("admitad", "vcommission"):
        effects.report(click, network=network)
    effects.run()
    assert effects.balance(click.user) == D("50.00")


def test_an_order_that_a_network_of_another_worker_reports_as_well(effects):
    """Its report waits for that worker, whose terms are its own; this one neither pays nor takes back for it."""
    click = effects.click()
    first = effects.report(click, network="admitad", order_ref="OD-1")
    second = effects.report(click, "confirmed", network="cuelinks", order_ref="OD-1")
    effects.run()
    effects.report(click, "rejected", first, order_ref="OD-1")
    effects.report(click, "payable", second, "cuelinks", order_ref="OD-1")
    effects.run()
    assert (effects.events(second, "cuelinks"), effects.balance(click.user)) == ([("paid", D("25.00"))], D("25.00"))
    # Only the first is configured now, and has its order again.
    effects.report(click, "confirmed", first, order_ref="OD-1")
    with pytest.raises(AssertionError):
        effects.run(CASHBACK_NETWORKS="admitad")
    waits = effects.transaction(second, "cuelinks")
    assert waits["processed"] < waits["version"]
    assert effects.events(second, "cuelinks") == [("paid", D("25.00"))]
    effects.run()
    assert effects.events(second, "cuelinks") == [("reversed", D("25.00"))]
    assert effects.balance(click.user) == D("25.00")


# --- from before the ledger

def earlier_event(effects, click, transaction, status, **columns):
    columns = {"user_id": click.user, "click_id": click.id, "affiliate_transaction_id": transaction, "status": status,
               "offer_id": click.offer.id, "merchant_id": click.offer.merchant.id, "transaction_amount": "1000",
               "commission_amount": "100", "cashback_amount": "20"} | columns
    return effects.database.value(
        f"INSERT INTO cashback_events ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))}) RETURNING id",
        list(columns.values()))


@pytest.mark.parametrize("named", ["{}", "admitad:{}"])
def test_cashback_that_was_paid_before_the_ledger_is_not_paid_again(effects, named):
    click = effects.click()
    transaction = effects.report(click, order_ref="OD-1")
    event = earlier_event(effects, click, named.format(transaction), "paid")
    second = effects.report(click, network="vcommission", order_ref="OD-1")
    for state in ("confirmed", "paid"):
        effects.report(click, state, transaction, order_ref="OD-1")
        effects.run()
        assert effects.unmatched(transaction) == f"credited before the ledger, as cashback event {event}"
        assert effects.balance(click.user) == 0
    assert effects.unmatched(second, "vcommission").startswith("order OD-1 is reported by admitad")
    effects.report(click, "rejected", transaction)
    effects.report(click, "rejected", second, "vcommission")
    effects.run()
    assert effects.balance(click.user) == 0
    assert effects.events(transaction) == []
    assert effects.database.value("SELECT status FROM cashback_events WHERE id = %s", [event]) == "paid"


@pytest.mark.parametrize("status", ["pending", "confirmed"])
def test_cashback_that_was_open_before_the_ledger_goes_on(effects, status):
    paid, rejected = effects.click(), effects.click()
    events = {}
    for click, state in ((paid, "confirmed"), (rejected, "rejected")):
        transaction = effects.report(click, state)
        events[click] = (transaction, earlier_event(effects, click, transaction, status))
    another = effects.click()
    untouched = earlier_event(effects, another, "T-other", status)
    effects.report(another, "pending")
    effects.run()
    assert effects.events(events[paid][0]) == [("paid", D("25.00"))]
    assert effects.events(events[rejected][0]) == [("rejected", D("20.00"))]
    assert (effects.balance(paid.user), effects.balance(rejected.user)) == (D("25.00"), 0)
    assert effects.transitions(events[paid][0])[-1] == ("confirmed", "paid")
    assert {row["id"] for row in effects.database.run("SELECT id FROM cashback_events WHERE source_id IS NULL")} == {untouched}
    effects.report(paid, "rejected", events[paid][0])
    effects.run()
    assert effects.events(events[paid][0]) == [("reversed", D("25.00"))]
    assert effects.balance(paid.user) == 0


# --- trouble

def test_a_poisonous_rule_stops_nobody_else(effects):
    """And is tried again once the rule is mended, without a word of the network's."""
    bad = add_merchant(effects.database)
    rule = effects.add_rule(bad, cashback_type="points", cashback_value="5")
    poisoned = effects.click(offer=add_offer(effects.database, bad))
    good = [effects.click() for _ in range(5)]
    transaction = effects.report(poisoned)
    for click in good:
        effects.report(click)
    log = effects.run()
    assert [effects.balance(click.user) for click in good] == [D("25.00")] * 5
    assert effects.transaction(transaction)["problem"] == (
        f"no effect: merchant_commissions {rule} has the unknown cashback_type 'points'")
    assert "put aside" in log and transaction in log
    effects.database.run("UPDATE merchant_commissions SET cashback_type = 'fixed' WHERE id = %s", [rule])
    effects.run()
    assert effects.transaction(transaction)["problem"] is None
    assert effects.balance(poisoned.user) == D("5.00")


def test_what_postgresql_refuses_stops_nobody_else(effects):
    """One row of a batch that the database does not take, wherever it stands."""
    clicks = [effects.click() for _ in range(21)]
    refused = clicks[13]
    effects.database.run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                         f" IF NEW.user_id = {refused.user} THEN RAISE EXCEPTION 'not this one'; END IF; RETURN NEW; END $$")
    effects.database.run("CREATE TRIGGER refuse BEFORE INSERT ON cashback_events FOR EACH ROW EXECUTE FUNCTION refuse()")
    reports = [effects.report(click) for click in clicks]
    log = effects.run()
    assert [effects.balance(click.user) for click in clicks] == [
        0 if click is refused else D("25.00") for click in clicks]
    assert effects.transaction(reports[13])["problem"] == "no effect: not this one"
    assert "not this one" in log
    effects.database.run("DROP TRIGGER refuse ON cashback_events")
    effects.run()
    assert effects.balance(refused.user) == D("25.00")


def test_a_user_who_is_locked_keeps_nobody_elses_cashback(effects):
    """Somebody else's long transaction: his own waits, is said to, and follows without the network."""
    clicks = [effects.click() for _ in range(12)]
    held = clicks[5]
    reports = [effects.report(click) for click in clicks]
    other = effects.database.connect()
    logs = []
    worker = threading.Thread(target=lambda: logs.append(effects.start_once()))
    with other.cursor() as cursor:
        cursor.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [held.user])
        worker.start()
        eventually(lambda: effects.database.value("SELECT count(*) FROM wallet_balances WHERE available = 25") == 11,
                   "the others are credited", 30)
        assert effects.balance(held.user) == 0
        waits = effects.transaction(reports[5])
        assert (waits["problem"], waits["processed"] < waits["version"]) == (None, True)
    other.close()
    worker.join()
    assert "waits for what somebody else holds" in logs[0]
    assert effects.balance(held.user) == D("25.00")


def test_a_record_that_is_put_aside_leaves_what_was_paid(effects):
    click = effects.click()
    transaction = effects.report(click)
    effects.run()
    effects.database.run("UPDATE affiliate_transactions SET problem = 'the amount is no number', version = version + 1")
    effects.run()
    assert effects.balance(click.user) == D("25.00")
    assert effects.transaction(transaction)["problem"] == "the amount is no number"


def test_a_network_that_is_not_configured_is_left_alone(effects):
    click = effects.click()
    transaction = effects.report(click, network="another")
    with pytest.raises(AssertionError):
        effects.run()
    assert effects.transaction(transaction, "another")["processed"] == 0
    assert effects.balance(click.user) == 0


def test_two_workers_at_once(effects):
    """They meet at the same users and orders, and pay each once."""
    users = [effects.user() for _ in range(10)]
    clicks = [effects.click(user) for user in users * 20]
    for click in clicks:
        for network in ("admitad", "vcommission"):
            effects.report(click, network=network, order_ref="OD")
    workers = [threading.Thread(target=effects.start_once) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    effects.run()
    assert [effects.balance(user) for user in users] == [D("500.00")] * 10
    assert effects.database.value("SELECT count(*) FROM cashback_events WHERE status = 'paid'") == len(clicks)


def test_integers_and_enumerations_of_another_program(effects):
    """FastAPI's own migrations may have made the tables."""
    effects.database.run("CREATE TYPE cashback_status AS ENUM ('pending', 'confirmed', 'paid', 'rejected', 'reversed')")
    effects.database.run("ALTER TABLE cashback_events ALTER COLUMN status DROP DEFAULT")
    effects.database.run("ALTER TABLE cashback_events ALTER COLUMN status TYPE cashback_status USING status::cashback_status,"
                         " ALTER COLUMN id TYPE integer, ALTER COLUMN user_id TYPE integer,"
                         " ALTER COLUMN commission_amount TYPE numeric, ALTER COLUMN currency TYPE varchar(3)")
    effects.database.run("CREATE TYPE share_type AS ENUM ('percentage', 'fixed')")
    effects.database.run("ALTER TABLE merchant_commissions ALTER COLUMN cashback_type DROP DEFAULT")
    effects.database.run("ALTER TABLE merchant_commissions ALTER COLUMN cashback_type TYPE share_type"
                         " USING cashback_type::share_type, ALTER COLUMN cashback_value TYPE numeric")
    click, rejected = effects.click(), effects.click()
    transaction = effects.report(click, "pending")
    other = effects.report(rejected, "pending")
    effects.run()
    effects.report(click, "confirmed", transaction)
    effects.report(rejected, "rejected", other)
    effects.run()
    assert effects.balance(click.user) == D("25.00")
    assert effects.events(transaction) == [("paid", D("25.00"))]
    assert effects.events(other) == [("rejected", D("25.00"))]


def test_a_credit_that_was_acknowledged_survives_postgresql(effects):
    """The server is killed while a worker credits: what was committed is there, the rest follows, nothing comes twice."""
    users = [effects.user() for _ in range(40)]
    for _ in range(50):
        for user in users:
            effects.report(effects.click(user))
    worker = threading.Thread(target=effects.start_once)
    worker.start()
    paid = eventually(lambda: effects.database.run("SELECT id FROM cashback_events WHERE status = 'paid'"), "a credit", 60)
    effects.shop.postgres.kill()
    effects.shop.postgres.start()
    still_paid = effects.database.run("SELECT id FROM cashback_events WHERE status = 'paid'")
    assert {row["id"] for row in paid} <= {row["id"] for row in still_paid}
    worker.join()
    effects.run()
    assert [effects.balance(user) for user in users] == [D("1250.00")] * len(users)
    assert len(effects.messages()) == len(users) * 50


# --- any history

class Model:
    """What each wallet must hold, from the networks' last words alone."""

    def __init__(self, shares):
        self.shares = shares        # by currency and offer: from sale and commission to the share
        self.last = {}              # (network, transaction): what was said last; in the order of first sight

    def wallets(self):
        wallets, taken = {}, set()
        for (network, _), said in self.last.items():
            click = said["click"]
            if click is None or said["state"] == "rejected":
                continue
            order = (click.id, said["order_ref"])
            if said["order_ref"]:
                if order in taken:
                    continue
                taken.add(order)
            if RANK[said["state"]] >= RANK[CREDIT_ON[network]]:
                wallets[click.user] = wallets.get(click.user, D(0)) + self.share(said)
        return wallets

    def share(self, said):
        rate = {"INR": D(1), "USD": D("83.12345678")}.get(said["currency"])
        if rate is None:
            return D(0)
        sale, commission = (self.half_up(D(said[name]) * rate) for name in ("sale", "commission"))
        return self.half_up(min(self.shares[said["click"].offer.id](sale), commission))

    @staticmethod
    def half_up(amount):
        return amount.quantize(D("0.01"), decimal.ROUND_HALF_UP)


@pytest.mark.deadline(240)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_history_ends_in_the_networks_last_words(effects, seed):
    """Transactions change their states, amounts, orders and clicks at random; runs see some of it."""
    dice = random.Random(seed)
    effects.database.run("INSERT INTO exchange_rates (currency, valid_from, rate) VALUES ('USD', '2020-01-01', 83.12345678)")
    capped = add_merchant(effects.database)
    effects.add_rule(capped, cashback_value="7.77", max_cashback="50", min_order_amount="5")
    fixed = add_merchant(effects.database)
    effects.add_rule(fixed, cashback_type="fixed", cashback_value="12.34")
    offers = [effects.offer, add_offer(effects.database, capped), add_offer(effects.database, fixed)]
    model = Model({
        offers[0].id: lambda sale: sale * D("2.5") / 100,
        offers[1].id: lambda sale: min(sale * D("7.77") / 100, D(50)) if sale >= 5 else D(0),
        offers[2].id: lambda sale: D("12.34")})
    users = [effects.user() for _ in range(12)]
    clicks = [effects.click(dice.choice(users), dice.choice(offers)) for _ in range(40)]
    late = [effects.click(dice.choice(users), dice.choice(offers), stored=False) for _ in range(5)]
    missing = dict.fromkeys(late)

    def amount():
        return f"{dice.choice([0, 0, 1, 20, 400])}.{dice.randrange(100):02}"

    for _ in range(12):
        for _ in range(40):
            if model.last and dice.random() < 0.7:
                network, transaction = dice.choice(list(model.last))
                said = dict(model.last[network, transaction])
            else:
                network, transaction = dice.choice(list(CREDIT_ON)), f"T{next(_numbers)}"
                said = {"click": dice.choice(clicks + late), "order_ref": dice.choice([None, "A", "B"]), "currency": "INR",
                        "sale": amount(), "commission": amount()}
            said["state"] = dice.choice(["pending", "confirmed", "confirmed", "payable", "paid", "rejected"])
            if dice.random() < 0.3:
                said[dice.choice(["sale", "commission"])] = amount()
            if dice.random() < 0.1:
                said["currency"] = dice.choice(["INR", "USD", "EUR"])
            if dice.random() < 0.1:
                said["order_ref"] = dice.choice([None, "A", "B"])
            if dice.random() < 0.05:
                said["click"] = dice.choice(clicks + late)
            model.last[network, transaction] = said
            columns = {name: value for name, value in said.items() if name != "click"}
            effects.report(said["click"], transaction=transaction, network=network, **columns)
        if dice.random() < 0.7:
            effects.run()
        if missing and dice.random() < 0.5:
            effects.store(missing.popitem()[0])
    for click in missing:
        effects.store(click)
    effects.run()
    expected = model.wallets()
    assert {user: effects.balance(user) for user in users} == {user: expected.get(user, D(0)) for user in users}
    # What was paid and not taken back is what the wallets hold, and no generation is paid beside another.
    assert effects.database.value("SELECT COALESCE(sum(cashback_amount), 0) FROM cashback_events WHERE status = 'paid'") == sum(
        expected.values())
    assert effects.database.run("SELECT source_id FROM cashback_events WHERE status = 'paid' GROUP BY 1 HAVING count(*) > 1") == []
    assert sum(1 for status in ("reversed", "rejected") if effects.database.value(
        "SELECT count(*) FROM cashback_events WHERE status = %s", [status])) == 2, "the histories were too tame"
