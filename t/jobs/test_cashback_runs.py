"""Runs over the affiliate networks: when, how far back, one at a time, and what is left when one fails."""
import contextlib
import datetime
import decimal
import json
import os
import signal
import subprocess
import threading
import urllib.request

import pytest

from harness.environment import COUPON_WORKER
from harness.stand_in import Answer
from harness.waiting import eventually, stays

from .cashback_shop import UTC, new_click_id, now

D = decimal.Decimal
NETWORKS = ["admitad", "vcommission", "cuelinks"]


@pytest.fixture
def admitad_shop(new_cashback_shop):
    """One network is enough for most; a merchant that gives 4 %, an offer of his and a user."""
    shop = new_cashback_shop(networks=["admitad"])
    shop.offer_1, shop.user_1 = shop.offer(), shop.user()
    return shop


def bought(shop, status="approved", **more):
    """A transaction of Admitad's over 1000.00 after a click of shop.user_1."""
    return shop.admitad.world.add(shop.click(shop.offer_1, shop.user_1), status=status, **more)


def buy(shop, count):
    """As many purchases over 1000.00, each after the same click: the networks do not care."""
    click = shop.click(shop.offer_1, shop.user_1)
    return [shop.admitad.world.add(click, status="approved") for _ in range(count)]


class Gate:
    """Holds a stand-in's page of that number back until it is opened."""

    def __init__(self, network, page):
        self.reached, self.opened = threading.Event(), threading.Event()
        network.before_page = lambda number: number == page and self._wait()

    def _wait(self):
        self.reached.set()
        self.opened.wait(60)

    def wait(self):
        assert self.reached.wait(20), "the page was never asked for"


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


# --- windows and cursors

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


# --- one at a time

def test_one_run_at_a_time_per_network(admitad_shop):
    buy(admitad_shop, 10)
    gate = Gate(admitad_shop.admitad, 1)
    first = admitad_shop.begin_once()
    gate.wait()
    second = admitad_shop.begin_once()
    stays(lambda: len(admitad_shop.runs()) == 1 and second.running, "the second one waits", 1.5)
    gate.opened.set()
    assert (first.wait(), second.wait(40)) == (0, 0)
    one, other = admitad_shop.runs()
    assert one["finished_at"] <= other["started_at"]


def test_two_workers_make_one_run_of_each(cashback_shop):
    for _ in range(2):
        cashback_shop.start_cashback()
    for network in NETWORKS:
        cashback_shop.finished_run(network, error=None)
    stays(lambda: len(cashback_shop.runs()) == 3, "no second run of any", 2)


def test_the_next_run_comes_after_its_time(admitad_shop):
    admitad_shop.start_cashback(CASHBACK_EVERY="2s")
    eventually(lambda: len([run for run in admitad_shop.runs(error=None) if run["finished_at"]]) >= 3, "three runs", 30)
    first, second = admitad_shop.runs()[:2]
    assert (second["started_at"] - first["finished_at"]).total_seconds() >= 2


def test_a_failed_run_is_tried_again_by_the_worker(admitad_shop):
    """Not before its time; which is brought forward here."""
    admitad_shop.admitad.trouble[1] = Answer(400)
    purchase = bought(admitad_shop)
    admitad_shop.start_cashback()
    failed = admitad_shop.finished_run("admitad")
    assert failed["error"] and 15 <= (failed["retry_at"] - failed["finished_at"]).total_seconds() <= 40
    stays(lambda: len(admitad_shop.runs()) == 1, "it waits", 1)
    admitad_shop.database.run("UPDATE network_runs SET retry_at = now()")
    assert admitad_shop.finished_run("admitad", error=None)["failures"] == 0
    assert admitad_shop.transaction(purchase)


def test_the_daily_run_reaches_further_back(admitad_shop):
    """It is owed once its time of day has passed since the first run."""
    zone = "Asia/Kolkata"
    admitad_shop.database.run("INSERT INTO network_runs (network, cause, started_at, finished_at)"
                              " VALUES ('admitad', 'schedule', now() - interval '26 hours', now())")
    admitad_shop.start_cashback(CASHBACK_REVERSAL_DAYS="120", CASHBACK_DAILY_AT="02:00", COUPON_TZ=zone)
    run = admitad_shop.finished_run("admitad", cause="daily")
    assert abs((run["started_at"] - run["window_from"]).total_seconds() - 120 * 86_400) < 60
    stays(lambda: len(admitad_shop.runs()) == 2, "once a day", 1)


def test_what_waits_for_its_credit_is_asked_for_however_old(new_cashback_shop):
    """CueLinks lists by the day of the purchase, and pays for it months later."""
    shop = new_cashback_shop(networks=["cuelinks"])
    offer, user = shop.offer(), shop.user()

    def bought_before(days, status):
        return shop.cuelinks.world.add(shop.click(offer, user, now(days=days)), status=status, occurred=now(days=days))

    declined, paid = bought_before(390, "declined"), bought_before(380, "approved")
    slow = bought_before(200, "validated")
    bought_before(410, "pending")
    shop.once(CASHBACK_WINDOW_DAYS="500")
    assert [shop.transaction(one)["state"] for one in (declined, paid, slow)] == ["rejected", "payable", "confirmed"]
    assert len(shop.transactions()) == 4
    shop.cuelinks.world.change(slow, status="approved")
    shop.database.run("UPDATE network_runs SET started_at = now() - interval '26 hours'")
    shop.start_cashback()
    run = shop.finished_run("cuelinks", cause="daily", error=None)
    assert abs((run["window_from"] - slow.occurred).total_seconds()) < 60
    eventually(lambda: shop.balance(user) == D("80.00"), "both are credited")
    assert shop.transaction(paid)["version"] == 1


# --- what is killed

def test_sigterm_ends_between_two_pages(admitad_shop):
    buy(admitad_shop, 1200)
    gate = Gate(admitad_shop.admitad, 2)
    worker = admitad_shop.start_cashback()
    gate.wait()
    worker.send(signal.SIGTERM)
    gate.opened.set()
    assert worker.wait(30) == 0
    run, = admitad_shop.runs()
    assert (run["error"], run["seen"], run["failures"]) == ("stopped", 1000, 0)
    assert admitad_shop.cursor("admitad") is None
    admitad_shop.start_cashback()
    admitad_shop.finished_run("admitad", error=None)
    assert admitad_shop.balance(admitad_shop.user_1) == 1200 * D("40.00")


def test_sigkill_amid_a_run(admitad_shop):
    buy(admitad_shop, 1200)
    for page in (1, 3, 5):
        gate = Gate(admitad_shop.admitad, page)
        worker = admitad_shop.begin_once()
        gate.wait()
        worker.kill()
        gate.opened.set()
    admitad_shop.once()
    ended = [run["error"] for run in admitad_shop.runs()]
    assert ended == ["its process ended before it did"] * 3 + [None]
    assert len(admitad_shop.transactions()) == 1200
    assert admitad_shop.balance(admitad_shop.user_1) == 1200 * D("40.00")
    assert admitad_shop.problems() == []


def test_a_connection_that_breaks_takes_its_lock_along(new_cashback_shop):
    """Nothing more of that run is stored: by now another process may have the network."""
    shop = new_cashback_shop(networks=["admitad"], gates=True)
    shop.offer_1, shop.user_1 = shop.offer(), shop.user()
    buy(shop, 1200)
    gate = Gate(shop.admitad, 2)
    shop.start_cashback()
    gate.wait()
    shop.postgres_gate.shut()
    shop.postgres_gate.open()
    gate.opened.set()
    broken = shop.finished_run("admitad")
    assert "the connection broke" in broken["error"] and broken["seen"] == len(shop.transactions()) == 500
    shop.database.run("UPDATE network_runs SET retry_at = now()")
    shop.finished_run("admitad", error=None)
    assert shop.balance(shop.user_1) == 1200 * D("40.00")


def test_postgresql_and_redis_away(new_cashback_shop):
    shop = new_cashback_shop(networks=["admitad"], gates=True)
    shop.offer_1, shop.user_1 = shop.offer(), shop.user()
    purchase = bought(shop)
    shop.postgres_gate.shut()
    shop.redis_gate.shut()
    worker = shop.start_cashback()
    stays(lambda: worker.running, "it waits", 1)
    shop.postgres_gate.open()
    shop.redis_gate.open()
    shop.finished_run("admitad", error=None, within_s=60)
    assert shop.balance(shop.user_1) == D("40.00") and shop.transaction(purchase)


# --- postbacks and runs on demand

@pytest.fixture
def idle_shop(admitad_shop):
    """Its worker has made its first run and has nothing to do."""
    admitad_shop.start_cashback()
    admitad_shop.finished_run("admitad", error=None)
    return admitad_shop


def test_a_postback_has_its_transaction_fetched(idle_shop):
    purchase = bought(idle_shop)
    job = idle_shop.add_job("postback", "admitad", {"id": str(purchase.id), "status": "approved", "amount": "1000"})
    idle_shop.job_reaches(job, "completed")
    assert idle_shop.balance(idle_shop.user_1) == D("40.00")
    run = idle_shop.runs()[-1]
    assert (run["cause"], run["seen"], run["window_from"]) == ("postback", 1, None)


def test_a_postback_pays_nothing_by_itself(idle_shop):
    """It says approved, the network says pending: the network is right."""
    purchase = bought(idle_shop, status="pending")
    job = idle_shop.add_job("postback", "admitad", {"id": str(purchase.id), "status": "approved", "amount": "99999"})
    idle_shop.job_reaches(job, "completed")
    assert idle_shop.transaction(purchase)["state"] == "pending"
    assert idle_shop.balance(idle_shop.user_1) == 0


def test_a_postback_about_nothing_changes_nothing(idle_shop):
    job = idle_shop.add_job("postback", "admitad", {"id": "424242", "status": "approved", "amount": "99999"})
    eventually(lambda: idle_shop.job(job)["attempts"] == 1, "it is tried again later")
    assert "does not know" in idle_shop.job(job)["last_error"]
    assert idle_shop.transactions() == []


def test_postbacks_of_a_network_that_cannot_be_asked_for_one(new_cashback_shop):
    """All of them together lead to one run."""
    shop = new_cashback_shop(networks=["cuelinks"])
    offer, user = shop.offer(), shop.user()
    shop.start_cashback()
    shop.finished_run("cuelinks", error=None)
    shop.database.run("UPDATE network_runs SET started_at = started_at - interval '10 minutes'")
    purchases = [shop.cuelinks.world.add(shop.click(offer, user), status="approved") for _ in range(5)]
    jobs = [shop.add_job("postback", "cuelinks", {"id": str(one.id), "status": "payable"}) for one in purchases]
    for job in jobs:
        shop.job_reaches(job, "completed")
    assert [run["cause"] for run in shop.runs()] == ["schedule", "postback"]
    assert shop.balance(user) == 5 * D("40.00")
    late = shop.add_job("postback", "cuelinks", {"id": "99", "status": "payable"})
    eventually(lambda: shop.job(late)["attempts"] == 1, "it waits for the next run")
    assert 100 < shop.job(late)["wait"].total_seconds() <= 300


@pytest.mark.parametrize("is_known", [True, False])
def test_a_postback_about_an_old_purchase(new_cashback_shop, is_known):
    """The run begins at the purchase, or at the click that the postback names; a later one that did not reach so far
    is none for it."""
    shop = new_cashback_shop(networks=["cuelinks"])
    offer, user = shop.offer(), shop.user()
    click = shop.click(offer, user, now(days=60))
    purchase = shop.cuelinks.world.add(click, status="validated", occurred=now(days=59))
    shop.once(CASHBACK_WINDOW_DAYS="90" if is_known else "30")
    assert len(shop.transactions()) == is_known
    shop.cuelinks.world.change(purchase, status="approved")
    shop.database.run("UPDATE network_runs SET window_from = now() - interval '30 days',"
                      " started_at = started_at - interval '10 minutes'")
    job = shop.add_job("postback", "cuelinks", {"id": str(purchase.id), "click": "" if is_known else click},
                       created_at=now(hours=1))
    shop.start_cashback(CASHBACK_EVERY="1d", CASHBACK_DAILY_AT=f"{(now().hour + 12) % 24:02}:00", COUPON_TZ="UTC")
    shop.job_reaches(job, "completed")
    run = shop.runs()[-1]
    begin = purchase.occurred if is_known else now(days=60)
    assert run["cause"] == "postback" and abs((run["window_from"] - begin).total_seconds()) < 120
    assert shop.balance(user) == D("40.00")


def test_a_run_on_demand_by_couponctl(idle_shop):
    purchase = bought(idle_shop)
    answer = idle_shop.couponctl("cashback", "run", "--network", "admitad", "--from", "2026-01-02", check=True)
    idle_shop.job_reaches(answer.stdout.split()[1], "completed")
    assert idle_shop.transaction(purchase)["user_id"] == idle_shop.user_1
    run = idle_shop.runs()[-1]
    assert run["cause"] == "demand" and run["window_from"] == datetime.datetime(2026, 1, 2, tzinfo=UTC)
    assert idle_shop.database.value("SELECT count(*) FROM audit_logs WHERE action = 'cashback run'") == 1


def test_a_run_on_demand_of_all_networks_by_the_queue(cashback_shop):
    cashback_shop.start_cashback()
    for network in NETWORKS:
        cashback_shop.finished_run(network, error=None)
    entry = {"id": "on-demand-1", "type": "run", "data": {}}
    for _ in range(3):
        cashback_shop.redis.rpush("queue:cashback", json.dumps(entry))
    for network in NETWORKS:
        cashback_shop.finished_run(network, cause="demand", error=None)
    eventually(lambda: not cashback_shop.redis.keys("*queue:cashback*"), "the queue is taken in")
    assert len(cashback_shop.runs(cause="demand")) == 3


@pytest.mark.parametrize("entry, why", [
    ("no JSON at all", "is not valid JSON"),
    (json.dumps({"id": "a", "type": "run", "data": {"network": "etsy"}}), "the network etsy is not configured"),
    (json.dumps({"id": "b", "type": "run", "data": {"network": "admitad", "from": "soon"}}), '"from" is no time'),
    (json.dumps({"id": "c", "type": "pay", "data": {"network": "admitad"}}), "the type pay are not known"),
    (json.dumps({"id": "d", "type": "postback", "data": {"network": "admitad"}}), "names no transaction")])
def test_an_entry_nobody_can_work_on_is_a_dead_letter(idle_shop, entry, why):
    idle_shop.redis.rpush("queue:cashback", entry)
    dead = eventually(lambda: idle_shop.database.row("SELECT * FROM cashback_jobs WHERE status = 'failed'"), "dead")
    assert why in dead["last_error"]


def test_a_bad_time_stops_couponctl(admitad_shop):
    answer = admitad_shop.couponctl("cashback", "run", "--from", "soon")
    assert answer.returncode == 1 and "--from is no time: soon" in answer.stderr
    assert admitad_shop.database.value("SELECT count(*) FROM cashback_jobs") == 0


# --- the ledger in between

def test_holds_expire_and_the_ledger_is_sealed(admitad_shop):
    bought(admitad_shop)
    admitad_shop.once()
    admitad_shop.database.run("SELECT wallet_hold('w1', %s, 10, 'withdrawal', '1', now())", [admitad_shop.user_1])
    assert admitad_shop.balance(admitad_shop.user_1) == D("30.00")
    admitad_shop.start_cashback()
    eventually(lambda: admitad_shop.balance(admitad_shop.user_1) == D("40.00"), "the hold expires")
    eventually(lambda: admitad_shop.database.value("SELECT count(*) FROM ledger_seals"), "a seal")


def test_a_click_that_comes_late_is_matched(admitad_shop):
    click = new_click_id(now(minutes=5))
    admitad_shop.admitad.world.add(click, status="approved")
    admitad_shop.once()
    assert admitad_shop.transactions()[0]["unmatched"]
    admitad_shop.click(admitad_shop.offer_1, admitad_shop.user_1, id=click)
    admitad_shop.once()
    assert admitad_shop.balance(admitad_shop.user_1) == D("40.00")


def test_too_many_unmatched_alert(admitad_shop):
    for number in range(20):
        admitad_shop.admitad.world.add(new_click_id() if number < 5 else admitad_shop.click(
            admitad_shop.offer_1, admitad_shop.user_1), status="approved")
    admitad_shop.once()
    admitad_shop.start_cashback(METRICS_LISTEN=f"127.0.0.1:{admitad_shop.metrics_port}", UNMATCHED_ALERT="24")
    eventually(lambda: "too many of the last day's transactions are unmatched" in admitad_shop.log(), "the alert")
    text = metrics(admitad_shop)
    assert "\ncoupon_cashback_unmatched 5\n" in text and "\ncoupon_cashback_unmatched_alert 1\n" in text


def test_metrics_tell_of_runs(idle_shop):
    bought(idle_shop)
    idle_shop.start_cashback(METRICS_LISTEN=f"127.0.0.1:{idle_shop.metrics_port}", CASHBACK_EVERY="1s")
    eventually(lambda: len(idle_shop.runs(error=None)) > 1 and idle_shop.runs()[1]["finished_at"], "a run", 20)
    text = metrics(idle_shop)
    for line in ('coupon_cashback_transactions_total{network="admitad",outcome="changed"} 1',
                 'coupon_cashback_effects_total{outcome="credited"} 1', 'coupon_cashback_run_age_seconds{network="admitad"}',
                 'coupon_cashback_runs_total{network="admitad",outcome="done"}', 'coupon_queue_depth{queue="cashback"} 0'):
        assert line in text, text
    assert len([line for line in text.splitlines() if line.startswith("coupon_worker_jobs_total{")]) == 6


def metrics(shop):
    with urllib.request.urlopen(f"http://127.0.0.1:{shop.metrics_port}/metrics", timeout=10) as answer:
        return answer.read().decode()


# --- --check

def test_check_says_what_is_missing(admitad_shop):
    def check(**environment):
        return subprocess.run([COUPON_WORKER, "cashback", "--check"], capture_output=True, text=True, timeout=30,
                              env={**os.environ, **admitad_shop.environment, **environment})
    assert check().returncode == 0, check().stderr
    for name, value, sentence in (("COUPON_TZ", "Mars/Base", "COUPON_TZ is no time zone"),
                                  ("CASHBACK_EVERY", "often", "CASHBACK_EVERY is none of"),
                                  ("CASHBACK_DAILY_AT", "25:00", "CASHBACK_DAILY_AT is no time of day"),
                                  ("UNMATCHED_ALERT", "101", "UNMATCHED_ALERT: not a whole number from 0 to 100"),
                                  ("COUPON_CLICK_KEY", "", "COUPON_CLICK_KEY is not set"),
                                  ("COUPON_CLICK_KEY", "abc", "a key is 32 hexadecimal digits"),
                                  ("CASHBACK_NETWORKS", "etsy", "CASHBACK_NETWORKS"),
                                  ("ADMITAD_CLIENT_SECRET", "", "ADMITAD_CLIENT_SECRET")):
        answer = check(**{name: value})
        assert answer.returncode == 1 and sentence in answer.stderr, answer.stderr
