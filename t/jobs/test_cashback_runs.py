"""What a run over an affiliate network stores and credits, how far back it reads, and what is left when one fails."""
import contextlib

import pytest

from harness.stand_in import Answer
from harness.waiting import eventually, stays

from .run_fixtures import D, NETWORKS, admitad_shop, bought, buy  # noqa: F401


@pytest.mark.parametrize("network", NETWORKS)
def test_a_purchase_becomes_cashback(new_cashback_shop, network):
    shop = new_cashback_shop(networks=[network])
    offer, user = shop.offer(), shop.user()
    purchase = shop.networks[network].world.add(shop.click(offer, user), status="approved")
    shop.once()
    row = shop.transaction(purchase, network)
    assert (row["user_id"], row["offer_id"], row["sale"], row["commission"]) == (user, offer.id, D(1000), D(80))
    assert shop.balance(user) == D("40.00")
    assert shop.problems() == []
    run, = shop.runs()
    assert (run["network"], run["cause"], run["seen"], run["changed"], run["put_aside"], run["error"]) == (
        network, "schedule", 1, 1, 0, None)
    assert shop.cursor(network) is not None


def test_what_is_the_same_changes_nothing(admitad_shop):
    purchase = bought(admitad_shop)
    admitad_shop.once()
    admitad_shop.once()
    first, second = admitad_shop.runs()
    assert (first["seen"], first["changed"], second["seen"], second["changed"]) == (1, 1, 1, 0)
    assert admitad_shop.transaction(purchase)["version"] == 1
    assert admitad_shop.balance(admitad_shop.user_1) == D("40.00")


def test_each_network_is_read_once(cashback_shop):
    offer, user = cashback_shop.offer(), cashback_shop.user()
    for stand_in in cashback_shop.networks.values():
        stand_in.world.add(cashback_shop.click(offer, user), status="approved")
    cashback_shop.once()
    assert sorted(run["network"] for run in cashback_shop.runs(error=None)) == sorted(NETWORKS)
    assert cashback_shop.balance(user) == D("120.00")
    assert cashback_shop.problems() == []


def test_the_window_reaches_back_by_the_overlap(admitad_shop):
    admitad_shop.once(CASHBACK_WINDOW_DAYS="10")
    run, = admitad_shop.runs()
    assert abs((run["started_at"] - run["window_from"]).total_seconds() - 10 * 86_400) < 60
    cursor = admitad_shop.cursor("admitad")
    assert abs((run["started_at"] - cursor).total_seconds()) < 60
    admitad_shop.database.run("UPDATE network_cursors SET read_until = now() - interval '5 days'")
    admitad_shop.once(CASHBACK_WINDOW_DAYS="10")
    run = admitad_shop.runs()[-1]
    assert abs((run["started_at"] - run["window_from"]).total_seconds() - 15 * 86_400) < 60
    assert admitad_shop.cursor("admitad") > cursor


def test_a_network_that_fails_leaves_the_cursor(admitad_shop):
    """The first page is committed, the second one never comes: the next run begins where this one did."""
    stored = buy(admitad_shop, 600)
    admitad_shop.admitad.trouble[2] = Answer(400)
    admitad_shop.once(status=1)
    run, = admitad_shop.runs()
    assert run["finished_at"] and run["error"] and run["retry_at"] > run["finished_at"] and run["failures"] == 1
    assert run["seen"] == len(admitad_shop.transactions()) == 500 and admitad_shop.cursor("admitad") is None
    admitad_shop.once()
    assert admitad_shop.cursor("admitad") is not None
    assert len(admitad_shop.transactions()) == len(stored)
    assert admitad_shop.balance(admitad_shop.user_1) == 600 * D("40.00")


def test_the_wait_that_a_network_asks_for_is_kept(admitad_shop):
    admitad_shop.admitad.trouble[1] = Answer(503, headers={"Retry-After": "1800"})
    admitad_shop.once(status=1)
    run, = admitad_shop.runs()
    assert 1700 < (run["retry_at"] - run["finished_at"]).total_seconds() <= 1800


def test_wrong_credentials_are_told_without_the_secret(admitad_shop):
    admitad_shop.once(status=1, ADMITAD_CLIENT_SECRET="another-secret")
    run, = admitad_shop.runs()
    assert "another-secret" not in admitad_shop.log() + run["error"]
    assert "a network could not be read to the end" in admitad_shop.log()


def test_effects_are_done_though_the_network_is_away(admitad_shop):
    """What an earlier run stored does not wait for the network."""
    purchase = bought(admitad_shop)
    admitad_shop.once()
    admitad_shop.database.run("UPDATE affiliate_transactions SET state = 'rejected', version = version + 1")
    admitad_shop.admitad.trouble = {number: Answer(400) for number in range(1, 50)}
    admitad_shop.once(status=1)
    assert admitad_shop.balance(admitad_shop.user_1) == 0
    assert admitad_shop.transaction(purchase)["processed"] == 2


def test_one_network_away_does_not_stop_the_others(new_cashback_shop):
    shop = new_cashback_shop(networks=["admitad", "cuelinks"])
    offer, user = shop.offer(), shop.user()
    shop.admitad.trouble = {number: Answer(400) for number in range(1, 50)}
    shop.cuelinks.world.add(shop.click(offer, user), status="approved")
    shop.once(status=1)
    assert shop.balance(user) == D("40.00")
    assert [bool(run["error"]) for run in shop.runs("admitad") + shop.runs("cuelinks")] == [True, False]


def test_rows_that_others_hold_delay_a_page(admitad_shop):
    """Longer than a statement waits for them; the run goes on all the same."""
    stored = buy(admitad_shop, 600)
    admitad_shop.once()
    for one in stored:
        admitad_shop.admitad.world.change(one, status="declined")
    other = admitad_shop.database.connect()
    with contextlib.closing(other):
        other.cursor().execute("SELECT FROM affiliate_transactions WHERE transaction_id = %s FOR UPDATE",
                               [str(stored[0].id)])
        worker = admitad_shop.begin_once()
        eventually(lambda: len(admitad_shop.runs()) == 2, "the second run")
        stays(lambda: worker.running, "it waits for the row", 4)
        other.rollback()
        assert worker.wait(40) == 0
    assert [run["error"] for run in admitad_shop.runs()] == [None, None]
    assert admitad_shop.balance(admitad_shop.user_1) == 0
