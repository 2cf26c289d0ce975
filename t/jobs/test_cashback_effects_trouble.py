"""What goes wrong with one transaction keeps nobody else from his cashback."""
import threading

import pytest

from harness.catalog import add_merchant, add_offer
from harness.waiting import eventually

from .effects_fixtures import D, effects  # noqa: F401


def test_a_poisonous_rule_stops_nobody_else(effects):
    """And is tried again once the rule is mended, without a word of the network's."""
    bad = add_merchant(effects.database)
    rule = effects.add_rule(bad, cashback_type="points", cashback_value="5")
    poisoned = effects.click(offer=add_offer(effects.database, bad))
    good = [effects.click() for _ in range(5)]
    transaction = effects.report(poisoned)
    for click in good:
        effects.report(click)
    log = effects.run()
    assert [effects.balance(click.user) for click in good] == [D("25.00")] * 5
    assert effects.transaction(transaction)["problem"] == (
        f"no effect: merchant_commissions {rule} has the unknown cashback_type 'points'")
    assert "put aside" in log and transaction in log
    effects.database.run("UPDATE merchant_commissions SET cashback_type = 'fixed' WHERE id = %s", [rule])
    effects.run()
    assert effects.transaction(transaction)["problem"] is None
    assert effects.balance(poisoned.user) == D("5.00")


def test_what_postgresql_refuses_stops_nobody_else(effects):
    """One row of a batch that the database does not take, wherever it stands."""
    clicks = [effects.click() for _ in range(21)]
    refused = clicks[13]
    effects.database.run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                         f" IF NEW.user_id = {refused.user} THEN RAISE EXCEPTION 'not this one'; END IF; RETURN NEW; END $$")
    effects.database.run("CREATE TRIGGER refuse BEFORE INSERT ON cashback_events FOR EACH ROW EXECUTE FUNCTION refuse()")
    reports = [effects.report(click) for click in clicks]
    log = effects.run()
    assert [effects.balance(click.user) for click in clicks] == [
        0 if click is refused else D("25.00") for click in clicks]
    assert effects.transaction(reports[13])["problem"] == "no effect: not this one"
    assert "not this one" in log
    effects.database.run("DROP TRIGGER refuse ON cashback_events")
    effects.run()
    assert effects.balance(refused.user) == D("25.00")


def test_a_user_who_is_locked_keeps_nobody_elses_cashback(effects):
    """Somebody else's long transaction: his own waits, is said to, and follows without the network."""
    clicks = [effects.click() for _ in range(12)]
    held = clicks[5]
    reports = [effects.report(click) for click in clicks]
    other = effects.database.connect()
    logs = []
    worker = threading.Thread(target=lambda: logs.append(effects.start_once()))
    with other.cursor() as cursor:
        cursor.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [held.user])
        worker.start()
        eventually(lambda: effects.database.value("SELECT count(*) FROM wallet_balances WHERE available = 25") == 11,
                   "the others are credited", 30)
        assert effects.balance(held.user) == 0
        waits = effects.transaction(reports[5])
        assert (waits["problem"], waits["processed"] < waits["version"]) == (None, True)
    other.close()
    worker.join()
    assert "waits for what somebody else holds" in logs[0]
    assert effects.balance(held.user) == D("25.00")


def test_a_record_that_is_put_aside_leaves_what_was_paid(effects):
    click = effects.click()
    transaction = effects.report(click)
    effects.run()
    effects.database.run("UPDATE affiliate_transactions SET problem = 'the amount is no number', version = version + 1")
    effects.run()
    assert effects.balance(click.user) == D("25.00")
    assert effects.transaction(transaction)["problem"] == "the amount is no number"


def test_a_network_that_is_not_configured_is_left_alone(effects):
    click = effects.click()
    transaction = effects.report(click, network="another")
    with pytest.raises(AssertionError):
        effects.run()
    assert effects.transaction(transaction, "another")["processed"] == 0
    assert effects.balance(click.user) == 0


def test_two_workers_at_once(effects):
    """They meet at the same users and orders, and pay each once."""
    users = [effects.user() for _ in range(10)]
    clicks = [effects.click(user) for user in users * 20]
    for click in clicks:
        for network in ("admitad", "vcommission"):
            effects.report(click, network=network, order_ref="OD")
    workers = [threading.Thread(target=effects.start_once) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    effects.run()
    assert [effects.balance(user) for user in users] == [D("500.00")] * 10
    assert effects.database.value("SELECT count(*) FROM cashback_events WHERE status = 'paid'") == len(clicks)


def test_integers_and_enumerations_of_another_program(effects):
    """FastAPI's own migrations may have made the tables."""
    effects.database.run("CREATE TYPE cashback_status AS ENUM ('pending', 'confirmed', 'paid', 'rejected', 'reversed')")
    effects.database.run("ALTER TABLE cashback_events ALTER COLUMN status DROP DEFAULT")
    effects.database.run("DROP INDEX IF EXISTS cashback_events_waiting")   # it compares with a text
    effects.database.run("ALTER TABLE cashback_events ALTER COLUMN status TYPE cashback_status USING status::cashback_status,"
                         " ALTER COLUMN id TYPE integer, ALTER COLUMN user_id TYPE integer,"
                         " ALTER COLUMN commission_amount TYPE numeric, ALTER COLUMN currency TYPE varchar(3)")
    effects.database.run("CREATE TYPE share_type AS ENUM ('percentage', 'fixed')")
    effects.database.run("ALTER TABLE merchant_commissions ALTER COLUMN cashback_type DROP DEFAULT")
    effects.database.run("ALTER TABLE merchant_commissions ALTER COLUMN cashback_type TYPE share_type"
                         " USING cashback_type::share_type, ALTER COLUMN cashback_value TYPE numeric")
    click, rejected = effects.click(), effects.click()
    transaction = effects.report(click, "pending")
    other = effects.report(rejected, "pending")
    effects.run()
    effects.report(click, "confirmed", transaction)
    effects.report(rejected, "rejected", other)
    effects.run()
    assert effects.balance(click.user) == D("25.00")
    assert effects.events(transaction) == [("paid", D("25.00"))]
    assert effects.events(other) == [("rejected", D("25.00"))]


def test_a_credit_that_was_acknowledged_survives_postgresql(effects):
    """The server is killed while a worker credits: what was committed is there, the rest follows, nothing comes twice."""
    users = [effects.user() for _ in range(40)]
    for _ in range(50):
        for user in users:
            effects.report(effects.click(user))
    worker = threading.Thread(target=effects.start_once)
    worker.start()
    paid = eventually(lambda: effects.database.run("SELECT id FROM cashback_events WHERE status = 'paid'"), "a credit", 60)
    effects.shop.postgres.kill()
    effects.shop.postgres.start()
    still_paid = effects.database.run("SELECT id FROM cashback_events WHERE status = 'paid'")
    assert {row["id"] for row in paid} <= {row["id"] for row in still_paid}
    worker.join()
    effects.run()
    assert [effects.balance(user) for user in users] == [D("1250.00")] * len(users)
    assert len(effects.messages()) == len(users) * 50
