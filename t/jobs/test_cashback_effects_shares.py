"""How much of a purchase is the user's: by the merchant's rules, in the wallets' currency."""
import pytest

from harness.catalog import add_merchant, add_offer

from .effects_fixtures import D, DAY, OCCURRED, effects  # noqa: F401


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
