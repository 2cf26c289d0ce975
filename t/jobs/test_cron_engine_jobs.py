"""What cron does to offers, holds and wallets."""
import decimal

import pytest

from harness.waiting import eventually

from .cron_runs import add_holds, add_offers, leads, reaches, runs
from .test_job_lifecycle import metrics_of

D = decimal.Decimal


@pytest.fixture
def shop(new_cron_shop):
    return new_cron_shop()


def active(shop):
    return {row["id"] for row in shop.database.run("SELECT id FROM offers WHERE is_active")}


def problems(shop):
    return shop.database.run("SELECT problem FROM ledger_problems()")


def test_offers_whose_time_is_over_are_switched_off(shop):
    over, live = add_offers(shop, 1203), add_offers(shop, 5, over=False)
    shop.database.run("UPDATE offers SET expires_at = NULL WHERE id = %s", [live[0]])
    shop.database.run("UPDATE offers SET is_active = false WHERE id = %s", [over[0]])
    shop.database.run("UPDATE offers SET updated_at = '2020-01-01'")
    shop.database.run("DELETE FROM catalog_log")
    assert shop.run("expire_offers") == {"expired": 1202, "left": 0}
    assert active(shop) == set(live)
    touched = shop.database.run("SELECT id FROM offers WHERE updated_at > '2020-01-01'")
    assert {row["id"] for row in touched} == set(over[1:])
    # The edges hear of each.
    assert shop.database.value("SELECT count(DISTINCT id) FROM catalog_log WHERE kind = 'offer'") == 1202
    assert shop.run("expire_offers") == {"expired": 0, "left": 0}


def test_an_offer_that_somebody_holds_delays_no_other(shop):
    over = add_offers(shop, 3)
    connection = shop.database.connect()
    connection.cursor().execute("SELECT FROM offers WHERE id = %s FOR UPDATE", [over[1]])
    assert shop.run("expire_offers") == {"expired": 2, "left": 1}
    assert active(shop) == {over[1]}
    connection.close()


def test_holds_whose_time_is_over_give_back(shop):
    user = add_holds(shop, 600)
    other = add_holds(shop, 1)
    kept = shop.database.value("SELECT wallet_post('more', 'cashback', %s, 5, 'test', '2')", [other])
    assert kept and shop.database.value(
        "SELECT wallet_hold('kept', %s, 5, 'withdrawal', 'x', now() + interval '1 hour')", [other])
    balances = "SELECT available, held FROM wallet_balances WHERE user_id = %s"
    assert shop.database.row(balances, [user]) == {"available": D(0), "held": D(600)}
    assert shop.run("release_holds") == {"released": 601}
    assert shop.database.row(balances, [user]) == {"available": D(600), "held": D(0)}
    assert shop.database.row(balances, [other]) == {"available": D(1), "held": D(5)}
    assert problems(shop) == []
    assert shop.run("release_holds") == {"released": 0}


def test_a_hold_that_cannot_end_is_told_of(shop):
    user = add_holds(shop, 3)
    shop.database.run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                      " $$ BEGIN IF OLD.id = (SELECT min(id) FROM ledger_holds) THEN RAISE 'no'; END IF; RETURN NEW; END $$")
    shop.database.run("CREATE TRIGGER refuse BEFORE UPDATE ON ledger_holds FOR EACH ROW EXECUTE FUNCTION refuse()")
    assert shop.run("release_holds") == {"released": 2}
    assert shop.database.value("SELECT available FROM wallet_balances WHERE user_id = %s", [user]) == D(2)
    assert "cannot expire: no" in shop.log()


def test_wallets_are_compared_with_the_ledger(shop):
    user = add_holds(shop, 2)
    shop.start_cron(METRICS_LISTEN=f"127.0.0.1:{shop.metrics_port}")
    leads(shop)
    assert "coupon_ledger_problems" not in metrics_of(shop.metrics_port)
    result = shop.run("wallet_check")
    assert result == {"transactions": 3, "wallets": 1, "problems": 0}
    assert metrics_of(shop.metrics_port)["coupon_ledger_problems"] == 0

    shop.database.run("ALTER TABLE users DISABLE TRIGGER USER")
    shop.database.run("UPDATE users SET wallet_balance = 7 WHERE id = %s", [user])
    result = shop.run("wallet_check")
    assert result["problems"] == 1 and f"user {user}: users.wallet_balance is 7.00" in result["first"][0]
    assert metrics_of(shop.metrics_port)["coupon_ledger_problems"] == 1
    assert '"the wallets are not what the ledger says; see couponctl wallet verify"' in shop.log()


def test_wallets_are_compared_at_one_moment(shop):
    """What is posted while they are compared is no difference."""
    user = add_holds(shop, 2)
    connection = shop.database.connect()
    connection.cursor().execute("LOCK TABLE ledger_seals IN ACCESS EXCLUSIVE MODE")
    shop.start_cron()
    leads(shop)
    number = shop.ask_for("wallet_check")
    eventually(lambda: shop.database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%%wallet_check' AND wait_event_type = 'Lock'"),
        "it waits in the middle", 20)
    shop.database.run("SELECT wallet_post('meanwhile', 'cashback', %s, 5, 'test', '3')", [user])
    connection.close()
    assert reaches(shop, number, "completed")["result"] == {"transactions": 3, "wallets": 1, "problems": 0}
    assert runs(shop, "wallet_check", status="failed") == []


def test_the_wallet_check_takes_longer_than_the_server_lets_others(shop):
    shop.database.run(f"ALTER DATABASE {shop.database.name} SET statement_timeout = '1s'")
    shop.database.run("ALTER FUNCTION ledger_problems() RENAME TO quick_ledger_problems")
    shop.database.run("CREATE FUNCTION ledger_problems() RETURNS TABLE (problem text) LANGUAGE plpgsql AS $$ BEGIN"
                      " PERFORM pg_sleep(3); RETURN QUERY SELECT q.problem FROM quick_ledger_problems() q; END $$")
    assert shop.run("wallet_check")["problems"] == 0
