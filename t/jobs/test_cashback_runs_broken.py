"""Runs that are stopped or killed, or lose their connections."""
import signal

from harness.waiting import stays

from .run_fixtures import D, Gate, admitad_shop, bought, buy  # noqa: F401


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
