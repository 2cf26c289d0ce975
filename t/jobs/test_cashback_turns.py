"""When networks are read: one run of each at a time, at their times, again after a failure."""
from harness.stand_in import Answer
from harness.waiting import eventually, stays

from .cashback_shop import now
from .run_fixtures import D, NETWORKS, Gate, admitad_shop, bought, buy  # noqa: F401


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
