"""What the shop gave before there was a ledger is not given again, and what was open goes on."""
import datetime

import pytest

from .effects_fixtures import D, DAY, OCCURRED, UTC, effects  # noqa: F401

HOUR = DAY / 24


def earlier_event(effects, click, transaction, status="paid", **columns):
    """An hour ago, which is after the purchases."""
    columns = {"user_id": click.user, "click_id": click.id, "affiliate_transaction_id": transaction, "status": status,
               "offer_id": click.offer.id, "merchant_id": click.offer.merchant.id, "transaction_amount": "1000",
               "commission_amount": "100", "cashback_amount": "20", "created_at": datetime.datetime.now(UTC) - HOUR} | columns
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
    assert effects.unmatched(second, "vcommission") == f"credited before the ledger, as cashback event {event}"
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


def earlier_line(effects, user, amount="20", **columns):
    """A line of a user's statement that the old back end wrote."""
    columns = {"user_id": user, "amount": amount, "type": "cashback_credit", "created_at": OCCURRED} | columns
    old = effects.database.connect()
    with old, old.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")   # before there were triggers
        cursor.execute(f"INSERT INTO wallet_transactions ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
                       " RETURNING id", list(columns.values()))
        line = cursor.fetchone()["id"]
    old.close()
    return line


def is_held(effects, transaction, network, reason):
    """Not credited, for this reason, however often it is looked at."""
    for _ in range(2):
        effects.run()
        row = effects.transaction(transaction, network)
        assert (row["unmatched"], effects.events(transaction, network)) == (reason, [])
        assert effects.balance(row["user_id"]) == 0
    return True


@pytest.mark.parametrize("other_first", [True, False])
@pytest.mark.parametrize("same_click", [True, False])
def test_another_networks_report_of_an_order_that_was_credited(effects, other_first, same_click):
    """The report that was credited tells which order it was."""
    click = effects.click()
    another = click if same_click else effects.click(click.user)
    event = earlier_event(effects, click, "A-1")
    if not other_first:
        effects.report(click, transaction="A-1", order_ref="OD-1")
        effects.run()
    effects.report(another, transaction="V-1", network="vcommission", order_ref="OD-1", sale="990.00")
    if other_first:
        effects.report(click, transaction="A-1", order_ref="OD-1")
    effects.run()
    assert effects.unmatched("A-1") == f"credited before the ledger, as cashback event {event}"
    assert effects.unmatched("V-1", "vcommission") == f"credited before the ledger, as cashback event {event}"
    # The networks change their minds; the shop had paid it all the same.
    effects.report(click, "rejected", "A-1", order_ref="OD-1")
    effects.run()
    assert is_held(effects, "V-1", "vcommission", f"credited before the ledger, as cashback event {event}")


def test_an_order_that_the_event_itself_names(effects):
    """By the shop's hand, or since its old back end kept the order instead of the network's id."""
    told, kept = effects.click(), effects.click()
    for click, columns in ((told, {"order_ref": "OD-1", "affiliate_transaction_id": None}), (kept, {})):
        event = earlier_event(effects, click, "OD-1", **columns)
        report = effects.report(effects.click(click.user), network="vcommission", order_ref="OD-1")
        assert is_held(effects, report, "vcommission", f"credited before the ledger, as cashback event {event}")


def test_a_report_that_may_have_been_credited_waits(effects):
    """The same click, while nobody knows which order was credited; the credited report tells, or the shop does."""
    told, same, by_hand = effects.click(), effects.click(), effects.click()
    reports = {}
    for click in (told, same, by_hand):
        event = earlier_event(effects, click, f"A-{click.user}")
        reports[click] = effects.report(click, network="vcommission", order_ref="OD-1")
        assert is_held(effects, reports[click], "vcommission",
                       f"may have been credited before the ledger, as cashback event {event}")
    effects.database.run("UPDATE affiliate_transactions SET first_seen_at = now() - interval '300 days'")
    effects.report(told, transaction=f"A-{told.user}", order_ref="OD-2")
    effects.report(same, transaction=f"A-{same.user}", order_ref="OD-1")
    effects.database.run("UPDATE cashback_events SET order_ref = 'OD-3' WHERE user_id = %s", [by_hand.user])
    effects.run()
    assert [effects.balance(click.user) for click in (told, same, by_hand)] == [D("25.00"), 0, D("25.00")]
    assert effects.unmatched(reports[same], "vcommission").startswith("credited before the ledger")


def test_the_same_amount_at_the_same_merchants_without_an_order(effects):
    """Two networks, two clicks, no reference in common."""
    click = effects.click()
    event = earlier_event(effects, click, "A-1")
    effects.report(click, transaction="A-1", order_ref="OD-1")
    close = effects.report(effects.click(click.user), network="vcommission", occurred_at=OCCURRED - 23 * HOUR)
    assert is_held(effects, close, "vcommission", f"may have been credited before the ledger, as cashback event {event}")
    unknown = effects.click()
    event = earlier_event(effects, unknown, "?")
    early = effects.report(effects.click(unknown.user), network="vcommission")
    assert is_held(effects, early, "vcommission", f"may have been credited before the ledger, as cashback event {event}")


@pytest.mark.parametrize("other, columns", [
    ("the network's own next order of the click", {"network": "admitad", "order_ref": "OD-2"}),
    ("the network's own next order, without a reference", {"network": "admitad"}),
    ("another order of the click", {"order_ref": "OD-2"}),
    ("another sum of the click", {"sale": "1000.01"}),
    ("after the credit", {"order_ref": None, "occurred_at": datetime.datetime.now(UTC)})])
def test_the_next_purchase_is_paid(effects, other, columns):
    """Also where an earlier one of its click was credited before the ledger."""
    click = effects.click()
    earlier_event(effects, click, "A-1", created_at=OCCURRED + HOUR)
    effects.report(click, transaction="A-1", order_ref="OD-1")
    effects.report(click, **{"network": "vcommission"} | columns)
    effects.run()
    assert effects.balance(click.user) == D("25.00"), other


@pytest.mark.parametrize("other, columns", [
    ("another sum", {"sale": "1000.01"}), ("no sum", {"sale": None, "commission": "100"}),
    ("another day", {"occurred_at": OCCURRED - 25 * HOUR}), ("after the credit", {"occurred_at": datetime.datetime.now(UTC)})])
def test_the_next_purchase_at_the_merchants_is_paid(effects, other, columns):
    """By another click and another network, whose report has no order."""
    effects.database.run("UPDATE merchant_commissions SET cashback_type = 'fixed', cashback_value = 25")
    click = effects.click(at=OCCURRED - 2 * DAY)
    earlier_event(effects, click, "A-1", created_at=OCCURRED + HOUR)
    effects.report(click, transaction="A-1", order_ref="OD-1")
    again = effects.report(effects.click(click.user, at=OCCURRED - 2 * DAY), **{"network": "vcommission"} | columns)
    effects.run()
    assert effects.events(again, "vcommission") == [("paid", D("25.00"))], other
    elsewhere = effects.click(click.user, effects.offer)
    effects.report(elsewhere, order_ref="OD-9", network="vcommission")
    effects.run()
    assert effects.balance(click.user) == D("50.00")


@pytest.mark.parametrize("status", ["pending", "confirmed"])
def test_an_open_event_whose_money_is_in_the_statement_is_not_paid_again(effects, status):
    """The old back end was stopped between the two."""
    click, taken_back = effects.click(), effects.click()
    event = earlier_event(effects, click, "A-1", status)
    earlier_line(effects, click.user, reference_type="cashback_event", reference_id=event)
    earlier_line(effects, click.user, "-5", reference_type="withdrawal", reference_id=event)
    effects.report(click, transaction="A-1")
    assert is_held(effects, "A-1", "admitad", f"credited before the ledger, as cashback event {event}")
    assert effects.database.value("SELECT status FROM cashback_events WHERE id = %s", [event]) == status
    # What it gave and took back is not given.
    event = earlier_event(effects, taken_back, "A-2", status)
    for amount in ("20", "-20"):
        earlier_line(effects, taken_back.user, amount, reference_type="cashback_event", reference_id=event)
    effects.report(taken_back, transaction="A-2")
    effects.run()
    assert effects.balance(taken_back.user) == D("25.00")


@pytest.mark.parametrize("description, held", [
    ("Cashback for order OD.1-77 at Myntra", True), ("cashback (od.1-77)", True), ("Cashback A-12345", True),
    ("Cashback for order OD.1-778", False), ("Cashback for order ODX1-77", False), (None, False)])
def test_a_line_of_the_statement_that_names_the_order(effects, description, held):
    click = effects.click()
    line = earlier_line(effects, click.user, description=description)
    report = effects.report(click, transaction="A-12345", order_ref="OD.1-77")
    if held:
        assert is_held(effects, report, "admitad", f"credited before the ledger, as line {line} of the user's statement")
    else:
        effects.run()
        assert effects.balance(click.user) == D("25.00")
