"""Lists of transactions that move while they are read: none of them is lost, none stands in another's way."""
import datetime
import random

import pytest

from harness.network_stand_ins import query_of

from .cashback_shop import now
from .network_fixtures import NETWORKS, PAGE, admitad, cuelinks, new_network_shop, vcommission  # noqa: F401


def fill(shop, count, **members):
    """`count` transactions, the oldest first."""
    return [shop.world.add(f"click-{number}", commission=f"{number % 90}.{number % 100:02}",
                           occurred=now(hours=500) + datetime.timedelta(minutes=number), **members)
            for number in range(count)]


@pytest.mark.parametrize("network", NETWORKS)
def test_all_pages_are_read(new_network_shop, network):
    shop = new_network_shop(network)
    fill(shop, 3 * PAGE[network] + 7)
    shop.once()
    assert shop.stored() == shop.expected()
    assert shop.network.pages == 4
    assert shop.runs()[0]["seen"] >= 3 * PAGE[network] + 7


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_list_that_shifts_while_it_is_read_loses_nothing(new_network_shop, network, seed):
    """New ones, other states and ones that are gone, before each page; the next run has what changed behind the page."""
    shop = new_network_shop(network)
    dice = random.Random(seed)
    at_first = fill(shop, 5 * PAGE[network])
    touched = set()

    def move(page):
        if page > 8:
            return
        for _ in range(dice.randint(0, 40)):
            shop.world.add("late", occurred=now(minutes=dice.randint(0, 40_000)))
        for one in dice.sample(at_first, 20):
            if one.id in shop.world.transactions:
                shop.world.change(one, status=dice.choice(["approved", "declined"]), commission="17.00")
                touched.add(one.id)
        for one in dice.sample(at_first, dice.randint(0, 3)):
            if one.id in shop.world.transactions:
                shop.world.remove(one)

    shop.network.before_page = move
    shop.once()
    stored = shop.stored()
    missing = [one.id for one in at_first if one.id in shop.world.transactions and shop.id_of(one) not in stored]
    assert not missing
    expected = shop.expected()
    untouched = {shop.id_of(one) for one in at_first if one.id not in touched} & set(expected)
    assert {id: stored[id] for id in untouched} == {id: expected[id] for id in untouched}

    shop.network.before_page = None
    shop.once()
    stored = shop.stored()
    assert {id: stored.get(id) for id in expected} == expected


@pytest.mark.parametrize("network", NETWORKS)
def test_those_that_leave_the_list_hide_no_others(new_network_shop, network):
    """What stood behind them moves to pages that were read already."""
    shop = new_network_shop(network)
    made = fill(shop, 4 * PAGE[network])
    gone = []

    def leave(page):
        if page in (2, 4):   # from the first page, whichever end of the list that is
            for number in range(3):
                gone.append(made.pop(20 if network == "admitad" else -20 - number))
                shop.world.remove(gone[-1])

    shop.network.before_page = leave
    shop.once()
    assert len(gone) == 6
    stored, expected = shop.stored(), shop.expected()
    assert {id: stored.get(id) for id in expected} == expected


@pytest.mark.parametrize("network", NETWORKS)
def test_some_come_as_others_leave(new_network_shop, network):
    """The count stays as it was; Admitad's next page still does not begin with the record it should."""
    shop = new_network_shop(network)
    made = fill(shop, 3 * PAGE[network])

    def swap(page):
        if page == 2:
            for number in range(3):
                if network == "admitad":
                    shop.world.remove(made[10 + number])
                shop.world.add("late")

    shop.network.before_page = swap
    shop.once()
    missing = {shop.id_of(one) for one in made if one.id in shop.world.transactions} - set(shop.stored())
    assert not missing


@pytest.mark.parametrize("network", NETWORKS)
def test_one_that_is_listed_twice_counts_once(new_network_shop, network):
    shop = new_network_shop(network)
    fill(shop, PAGE[network] + 20)
    fill(shop, 10, times=2)
    shop.once()
    assert shop.stored() == shop.expected()
    assert {row["version"] for row in shop.transactions()} == {1}


@pytest.mark.parametrize("network", NETWORKS)
def test_records_that_cannot_be_used_are_put_aside_alone(new_network_shop, network):
    shop = new_network_shop(network)
    amount = {"admitad": "payment", "vcommission": "payout", "cuelinks": "user_commission"}[network]
    id_name = {"admitad": "action_id", "vcommission": "_id", "cuelinks": "id"}[network]
    good = fill(shop, 50)
    bad = {"its commission is negative: -5.00": fill(shop, 1, members={amount: "-5.00"})[0],
           "its commission is no amount: a lot": fill(shop, 1, members={amount: "a lot"})[0],
           "its currency is none: RUPEES": fill(shop, 1, members={"currency": "rupees"})[0]}
    fill(shop, 1, members={id_name: ...})
    for instead in ('"a text"', "null", "17", "[]", '{"half": ', '{"a": NaN}', "{'a': 1}", f'{{"{id_name}": "\\ud800"}}'):
        if instead != '{"half": ':   # which would end the page
            fill(shop, 1, instead=instead)
    shop.once()
    stored = shop.stored()
    assert set(stored) == {shop.id_of(one) for one in good}
    problems = shop.put_aside()
    for problem, one in bad.items():
        assert problems[shop.id_of(one)] == problem
    assert shop.runs()[0]["put_aside"] == 3 + 1 + 7
    assert shop.runs()[0]["error"] is None

    for one in bad.values():
        shop.world.change(one, members={}, commission="6.00")
    shop.once()
    assert not {shop.id_of(one) for one in bad.values()} - set(shop.stored())
    assert not set(shop.put_aside()) & {shop.id_of(one) for one in bad.values()}


@pytest.mark.parametrize("network", NETWORKS)
def test_texts_that_postgresql_cannot_store_are_mended(new_network_shop, network):
    shop = new_network_shop(network)
    name = {"admitad": "order_id", "vcommission": "txnId", "cuelinks": "order_id"}[network]
    fill(shop, 1, members={name: "A\0B\ud83dC"})
    shop.once()
    row, = shop.transactions()
    assert (row["problem"], row["order_ref"]) == (None, "A�B�C")


def test_admitad_is_asked_in_one_order_for_a_window_that_is_still_open(admitad):
    """What changes while it is read must not leave the list."""
    fill(admitad, 1)
    admitad.once()
    query = query_of(admitad.network.calls_to("/statistics/")[0])
    assert query["order_by"] == ["datetime", "action"]
    until = datetime.datetime.strptime(query["status_updated_end"][0], "%d.%m.%Y %H:%M:%S")
    assert until.replace(tzinfo=datetime.timezone.utc) > now(hours=-24)
    assert query["limit"] == ["500"]


def test_amounts_are_exact(admitad):
    for number, (given, _) in enumerate(amounts := [(0.07, "0.07"), (1234567.89, "1234567.89"), ("80.005", "80.01"),
                                                    ("79.99499999999999999", "79.99"), (1e3, "1000.00")]):
        admitad.world.add(f"click-{number}", members={"payment": given})
    admitad.once()
    assert [str(row["commission"]) for row in admitad.transactions()] == [exact for _, exact in amounts]


def test_the_next_run_reads_what_changed(admitad):
    first, second, third = fill(admitad, 3)
    admitad.once()
    admitad.world.change(first, status="approved")
    admitad.world.change(second, status="declined")
    admitad.once()
    assert [row["state"] for row in admitad.transactions()] == ["confirmed", "rejected", "pending"]
    admitad.world.change(first, paid=1)
    admitad.world.change(third, status="approved_but_stalled")
    admitad.once()
    assert [row["state"] for row in admitad.transactions()] == ["paid", "rejected", "pending"]


def test_a_word_that_nobody_knows_is_pending(cuelinks):
    cuelinks.world.add("click", status="levitating")
    cuelinks.once()
    row, = cuelinks.transactions()
    assert (row["state"], row["status"], row["problem"]) == ("pending", "levitating", None)


def test_nothing_at_all_is_no_trouble(cuelinks):
    cuelinks.once()   # 204
    assert cuelinks.runs()[0]["error"] is None
    assert cuelinks.cursor("cuelinks") is not None


def test_other_names_for_the_members(vcommission):
    shop = vcommission
    shop.world.add("click-7", members={"p1": ..., "sub1": "click-7", "payout": ..., "earning": 3.5})
    shop.once(VCOMMISSION_FIELDS="click=sub1 commission=earning order=")
    row, = shop.transactions()
    assert (row["subid"], str(row["commission"]), row["order_ref"]) == ("click-7", "3.50", None)


def test_admitads_click_id_may_stand_in_another_member(admitad):
    admitad.world.add("elsewhere", members={"subid4": "", "subid": "click-8"})
    admitad.once(ADMITAD_SUBID="subid")
    assert [row["subid"] for row in admitad.transactions()] == ["click-8"]


def test_admitads_times_are_in_its_zone(admitad):
    """Moscow's clocks are three hours ahead: read as UTC, the window would begin three hours late."""
    made, = fill(admitad, 1)
    local = made.occurred + datetime.timedelta(hours=3)
    admitad.world.change(made, members={"action_date": local.strftime("%Y-%m-%d %H:%M:%S")})
    admitad.once(ADMITAD_TZ="Europe/Moscow")
    row, = admitad.transactions()
    assert row["occurred_at"] == made.occurred.replace(microsecond=0)
