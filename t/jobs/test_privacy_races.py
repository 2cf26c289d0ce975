"""couponctl privacy erase while others write the same user's rows: nothing is passed over, and nothing is lost that money needs."""
import os
import subprocess

import pytest

from harness.environment import COUPONCTL
from harness.waiting import eventually

from .privacy_person import make_person, traces


@pytest.fixture
def shop(cashback_shop):
    return cashback_shop


@pytest.fixture
def person(shop):
    return make_person(shop)


def erase_while(shop, person, hold, then=()):
    """Erases while another session holds what `hold` touched, until it waits for that; then → (status, what it said)."""
    connection = shop.database.connect()
    connection.autocommit = False
    with connection.cursor() as cursor:
        cursor.execute(hold, [person.id] if "%s" in hold else None)
        child = subprocess.Popen([COUPONCTL, "privacy", "erase", str(person.id), "--yes"], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, env=os.environ | shop.environment)
        try:
            eventually(lambda: shop.database.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                                   " AND datname = current_database()"), "the run waits", 30)
            for sql in then:
                cursor.execute(sql, [person.id])
            connection.commit()
            said, _ = child.communicate(timeout=60)
        finally:
            child.kill()
            child.wait()
            connection.close()
    return child.returncode, said


@pytest.mark.parametrize("hold", [
    "UPDATE offer_clicks SET user_agent = user_agent WHERE user_id = %s",
    "UPDATE email_queue SET type = type",
    "UPDATE sms_queue SET type = type",
    "UPDATE webhook_logs SET latency_ms = 7",
    "UPDATE withdrawals SET processed_at = now() WHERE user_id = %s",
    "UPDATE orders SET updated_at = now() WHERE user_id = %s",
    "UPDATE users SET updated_at = now() WHERE id = %s"],
    ids=["clicks", "emails", "texts", "webhooks", "withdrawals", "orders", "users"])
def test_a_row_that_somebody_writes_is_waited_for(shop, person, hold):
    status, said = erase_while(shop, person, hold)
    assert status == 0, said
    assert traces(shop.database, person) == set(), said


def untouched(shop, person):
    assert shop.database.value("SELECT email FROM users WHERE id = %s", [person.id]) == person.email
    assert shop.database.value("SELECT finished_at IS NULL FROM privacy_erasures WHERE user_id = %s", [person.id])
    assert shop.database.value("SELECT count(*) FROM audit_logs WHERE action = 'privacy.erase'") == 0


def test_a_withdrawal_that_is_asked_for_meanwhile_keeps_its_account(shop, person):
    status, said = erase_while(
        shop, person, "UPDATE audit_logs SET actor = actor",
        ["INSERT INTO withdrawals (user_id, amount, method, upi_id, status) VALUES (%s, 1, 'upi', 'new@upi', 'pending')"])
    assert status == 1 and "try again in a minute" in said and "withdrawal" in said
    assert shop.database.value("SELECT upi_id FROM withdrawals WHERE status = 'pending'") == "new@upi"
    untouched(shop, person)


@pytest.mark.parametrize("change, kept", [
    ("INSERT INTO withdrawals (user_id, amount, method, upi_id, status) VALUES (%s, 1, 'upi', 'new@upi', 'pending')", "withdrawals"),
    ("UPDATE orders SET status = 'processing' WHERE user_id = %s", "orders")], ids=["withdrawal", "order"])
def test_money_that_moves_at_the_last_moment_is_seen(shop, person, change, kept):
    status, said = erase_while(shop, person, "SELECT FROM users WHERE id = %s FOR UPDATE", [change])
    assert status == 1 and "try again in a minute" in said
    assert shop.database.value("SELECT count(*) FROM withdrawals WHERE upi_id IS NULL") == 0
    assert shop.database.value("SELECT count(*) FROM orders WHERE delivery_email IS NULL") == 0
    assert kept in traces(shop.database, person)
    untouched(shop, person)
    shop.database.run("UPDATE withdrawals SET status = 'completed'")
    shop.database.run("UPDATE orders SET status = 'fulfilled'")
    assert shop.couponctl("privacy", "erase", person.id, "--yes").returncode == 0
    assert traces(shop.database, person) == set()


@pytest.mark.parametrize("change, status, left", [
    ("UPDATE sms_queue SET status = 'processing', lease_until = now() + interval '1 minute' WHERE %s > 0", 1, True),
    ("INSERT INTO email_queue (type, \"to\") SELECT 'welcome', email FROM users WHERE id = %s", 0, False)], ids=["claimed", "queued"])
def test_messages_of_the_last_moment_are_seen(shop, person, change, status, left):
    shop.database.run("DELETE FROM sms_queue")
    shop.database.run("INSERT INTO sms_queue (type, \"to\", scheduled_at) VALUES ('otp', %s, now() + interval '1 day')", [person.phone])
    hold = "UPDATE sms_queue SET type = type WHERE %s > 0" if left else \
        "SELECT FROM users WHERE id = %s FOR UPDATE"
    result, said = erase_while(shop, person, hold, [change])
    assert result == status, said
    if left:
        assert "just being sent; what says" in said
        untouched(shop, person)
    else:
        assert traces(shop.database, person) == set()


def test_a_payment_that_is_under_way_for_days_is_money_in_flight(shop, person):
    shop.database.run("INSERT INTO payments (order_id, gateway, status, created_at) VALUES (%s, 'razorpay', 'pending', now() - interval"
                      " '5 days')", [person.order])
    assert shop.couponctl("privacy", "erase", person.id, "--yes").returncode == 1
    shop.database.run("UPDATE payments SET created_at = now() - interval '8 days' WHERE status = 'pending'")
    assert shop.couponctl("privacy", "erase", person.id, "--yes").returncode == 0
