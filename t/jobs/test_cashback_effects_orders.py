"""Several reports of one order: one of them is paid, whichever worker sees which."""
import threading

import psycopg2
import pytest

from harness.waiting import eventually

from .effects_fixtures import D, effects  # noqa: F401


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
    """What it gave is taken back before the first report has its order again; what it is worth else, by its own terms, is
    left to that worker."""
    click = effects.click()
    first = effects.report(click, network="admitad", order_ref="OD-1")
    second = effects.report(click, "confirmed", network="cuelinks", order_ref="OD-1")
    effects.run()
    effects.report(click, "rejected", first, order_ref="OD-1")
    effects.report(click, "payable", second, "cuelinks", order_ref="OD-1")
    effects.start_once(CASHBACK_NETWORKS="admitad")
    waits = effects.transaction(second, "cuelinks")
    assert waits["processed"] < waits["version"]
    assert (effects.events(second, "cuelinks"), effects.balance(click.user)) == ([], 0)
    effects.run()
    assert (effects.events(second, "cuelinks"), effects.balance(click.user)) == ([("paid", D("25.00"))], D("25.00"))
    effects.report(click, "confirmed", first, order_ref="OD-1")
    effects.run(CASHBACK_NETWORKS="admitad")
    assert effects.events(second, "cuelinks") == [("reversed", D("25.00"))]
    assert effects.unmatched(second, "cuelinks") == f"order OD-1 is reported by admitad {first} already"
    assert effects.balance(click.user) == effects.most_ever() == D("25.00")


@pytest.mark.parametrize("told", [["cuelinks", "admitad"], ["admitad", "cuelinks"]])
def test_workers_who_are_told_of_different_networks_pay_an_order_once(effects, told):
    click = effects.click()
    effects.report(click, "paid", network="admitad", order_ref="OD-1")
    effects.report(click, "paid", network="cuelinks", order_ref="OD-1")
    for networks in told:
        effects.start_once(CASHBACK_NETWORKS=networks)
    assert effects.balance(click.user) == effects.most_ever() == D("25.00")
    effects.run()
    assert effects.balance(click.user) == effects.most_ever() == D("25.00")


def test_a_report_that_somebody_holds_is_waited_for(effects):
    """It is paid, and the first report of its order has found its click: it cannot be paid beside it."""
    click = effects.click(frontend_click_id="fe-late", stored=False)
    click.columns["frontend_click_id"] = None
    effects.store(click)
    first = effects.report("fe-late", order_ref="OD-1")
    second = effects.report(click, network="vcommission", order_ref="OD-1")
    effects.run()
    effects.database.run("UPDATE offer_clicks SET frontend_click_id = 'fe-late'")
    effects.report(click, "paid", second, "vcommission", order_ref="OD-1")
    other = effects.database.connect()
    with other.cursor() as cursor:
        cursor.execute("SELECT FROM affiliate_transactions WHERE transaction_id = %s FOR UPDATE", [second])
        worker = threading.Thread(target=effects.start_once)
        worker.start()
        eventually(lambda: effects.events(first) or effects.database.value(
            "SELECT count(*) FROM pg_locks WHERE NOT granted"), "the worker comes to the order", 30)
    other.close()
    worker.join()
    effects.run()
    assert (effects.events(first), effects.balance(click.user)) == ([("paid", D("25.00"))], D("25.00"))
    assert effects.most_ever() == D("25.00")


def test_the_database_itself_pays_an_order_once(effects):
    """Whoever calls its functions, and whatever he has looked at before."""
    click = effects.click()
    effects.report(click, order_ref="OD-1")
    effects.run()
    event = effects.database.value("SELECT id FROM cashback_events")
    effects.report(click, "rejected", network="vcommission", order_ref="OD-1")
    effects.run()
    other = effects.transaction(effects.report(click, "rejected", network="cuelinks", order_ref="OD-1"), "cuelinks")["id"]
    effects.database.run("UPDATE affiliate_transactions SET click_id = %s, processed = version WHERE id = %s", [click.id, other])
    effects.database.run("INSERT INTO cashback_events (source_id, user_id, commission_amount, cashback_amount, status)"
                         " VALUES (%s, %s, 100, 25, 'confirmed')", [other, click.user])
    with pytest.raises(psycopg2.Error) as refused:
        effects.database.run("SELECT cashback_credit(%s, 'by hand')", [other])
    assert (refused.value.pgcode, str(refused.value).split("\n", maxsplit=1)[0]) == (
        "CL003", f"order OD-1 is credited already, as cashback event {event}")
    assert effects.balance(click.user) == D("25.00")
