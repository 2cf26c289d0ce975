"""Runs that a postback, couponctl or an entry of the queue asks for."""
import datetime
import json

import pytest

from harness.waiting import eventually

from .cashback_shop import UTC, now
from .run_fixtures import D, NETWORKS, admitad_shop, bought, idle_shop  # noqa: F401


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
