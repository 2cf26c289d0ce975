"""Records of a network that cannot be used, that mean nothing known, or that never end."""
import json

import pytest

from harness.stand_in import Answer

from .run_fixtures import D, admitad_shop, bought, buy  # noqa: F401


@pytest.mark.parametrize("damage", [
    {"payment": "a lot"}, {"payment": "99999999999999999.00"}, {"action_id": None}, {"currency": "rupees"},
    {"status_updated": "the other day"}], ids=lambda damage: next(iter(damage)))
def test_a_poisonous_record_is_put_aside_and_the_rest_goes_on(admitad_shop, damage):
    good = buy(admitad_shop, 3)
    bad = bought(admitad_shop, members=damage)
    good += buy(admitad_shop, 3)
    admitad_shop.once()
    run, = admitad_shop.runs()
    assert (run["seen"], run["put_aside"], run["error"]) == (7, 1, None)
    assert admitad_shop.balance(admitad_shop.user_1) == 6 * D("40.00")
    assert "a record of a network is put aside" in admitad_shop.log()
    if "action_id" not in damage:
        row = admitad_shop.database.row("SELECT * FROM affiliate_transactions WHERE transaction_id = %s", [str(bad.id)])
        assert row["problem"] and row["user_id"] is None
        admitad_shop.admitad.world.change(bad, members={})
        admitad_shop.once()
        assert admitad_shop.balance(admitad_shop.user_1) == 7 * D("40.00")
    assert admitad_shop.problems() == []


def test_damage_leaves_what_was_credited(admitad_shop):
    """A record that was good before and cannot be read now says nothing about the money."""
    purchase = bought(admitad_shop)
    admitad_shop.once()
    admitad_shop.admitad.world.change(purchase, members={"payment": "a lot"})
    admitad_shop.once()
    row = admitad_shop.database.row("SELECT * FROM affiliate_transactions")
    assert row["problem"] and (row["state"], row["commission"]) == ("confirmed", D("80.00"))
    assert admitad_shop.balance(admitad_shop.user_1) == D("40.00")


@pytest.mark.parametrize("damage", [
    {"payment": "-80.00", "cart": "-1000.00"}, {"currency": ""}, {"action_date": "the other day", "status_updated": None}],
    ids=lambda damage: next(iter(damage)))
def test_a_purchase_is_declined_however_its_money_is_written(admitad_shop, damage):
    """The amounts stay those that were known, and the same answer again changes nothing more."""
    purchase = bought(admitad_shop)
    admitad_shop.once()
    before = admitad_shop.transaction(purchase)
    admitad_shop.admitad.world.change(purchase, status="declined", members=damage)
    for _ in range(2):
        admitad_shop.once()
    row = admitad_shop.transaction(purchase)
    assert (row["state"], row["problem"], row["version"]) == ("rejected", None, 2)
    for column in ("commission", "sale", "currency", "occurred_at"):
        assert row[column] == before[column]
    assert admitad_shop.balance(admitad_shop.user_1) == 0
    assert admitad_shop.problems() == []


def test_an_unknown_status_counts_as_pending_and_alerts(admitad_shop):
    bought(admitad_shop, status="being_thought_about")
    admitad_shop.once()
    assert admitad_shop.transactions()[0]["state"] == "pending"
    assert admitad_shop.balance(admitad_shop.user_1) == 0
    assert '"status":"being_thought_about"' in admitad_shop.log()


def test_a_network_that_repeats_itself_is_left(new_cashback_shop):
    """The same records whatever page is asked for, and always more to come."""
    shop = new_cashback_shop(networks=["admitad"])
    shop.offer_1, shop.user_1 = shop.offer(), shop.user()
    record = shop.admitad._record(bought(shop))
    results = [record | {"action_id": number} for number in range(500)]
    page = json.dumps({"results": results, "_meta": {"count": 10**9, "limit": 500, "offset": 0}}).encode()
    shop.admitad.trouble = {number: Answer(body=page) for number in range(1, 1000)}
    shop.once(status=1)
    run, = shop.runs()
    assert run["error"] and shop.admitad.pages < 100 and shop.cursor("admitad") is None
