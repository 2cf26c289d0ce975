"""What networks report becomes cashback: shown when it is pending, paid when it is confirmed, and taken back."""
from .effects_fixtures import D, effects  # noqa: F401


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
