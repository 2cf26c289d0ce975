"""Reminders of pending cashback, and what is forgotten of logs and messages."""
import json

import pytest

from harness.catalog import add_merchant
from harness.shop import couponctl


@pytest.fixture
def shop(new_cron_shop):
    return new_cron_shop()


def user(shop, email="asha@example.com"):
    return shop.database.value("INSERT INTO users (email, full_name) VALUES (%s, 'Asha') RETURNING id", [email])


def cashback(shop, user, days, amount="50.00", status="pending", currency="INR", merchant=None):
    return shop.database.value(
        "INSERT INTO cashback_events (user_id, merchant_id, cashback_amount, currency, status, created_at)"
        " VALUES (%s, %s, %s, %s, %s, now() - make_interval(days => %s)) RETURNING id",
        [user, merchant, amount, currency, status, days])


def mails(shop):
    return shop.database.run("SELECT * FROM email_queue ORDER BY created_at, \"to\"")


def test_each_user_is_told_once(shop):
    asha, ravi = user(shop), user(shop, "ravi@example.com")
    merchant = add_merchant(shop.database)
    shop.database.run("UPDATE merchants SET name = 'Books' WHERE id = %s", [merchant.id])
    first = cashback(shop, asha, 31, "50.10", merchant=merchant.id)
    cashback(shop, asha, 40, "20.20", merchant=merchant.id)
    cashback(shop, ravi, 29)
    cashback(shop, ravi, 60, status="confirmed")
    assert shop.run("cashback_reminders") == {"mails": 1}
    (mail,) = mails(shop)
    assert mail["type"] == "cashback_pending" and mail["to"] == "asha@example.com"
    assert mail["data"] == {"cashback_event_id": first, "amount": "70.30", "currency": "INR", "name": "Asha", "merchant": "Books"}
    assert shop.run("cashback_reminders") == {"mails": 0}


def test_new_cashback_is_told_of_a_week_later(shop):
    asha = user(shop)
    cashback(shop, asha, 31)
    shop.run("cashback_reminders")
    cashback(shop, asha, 32)
    assert shop.run("cashback_reminders") == {"mails": 0}
    shop.database.run("UPDATE cashback_reminders SET reminded_at = now() - interval '7 days'")
    assert shop.run("cashback_reminders") == {"mails": 1}


def test_who_has_no_address_is_told_once_there_is_one(shop):
    nobody = user(shop, None)
    cashback(shop, nobody, 31)
    assert shop.run("cashback_reminders") == {"mails": 0}
    shop.database.run("UPDATE users SET email = 'late@example.com' WHERE id = %s", [nobody])
    assert shop.run("cashback_reminders") == {"mails": 1}


def test_amounts_of_two_currencies_are_not_added_up(shop):
    asha = user(shop)
    cashback(shop, asha, 40, "50.00")
    cashback(shop, asha, 40, "9.00", currency="USD")
    shop.run("cashback_reminders")
    assert [(mail["data"]["amount"], mail["data"]["currency"]) for mail in mails(shop)] == [("50.00", "INR")]


def test_the_mail_says_how_much(shop, tmp_path):
    cashback(shop, user(shop), 31, "1250.00")
    shop.run("cashback_reminders")
    (tmp_path / "data.json").write_text(json.dumps(mails(shop)[0]["data"]))
    shown = couponctl("templates", "render", "cashback_pending", "--data", str(tmp_path / "data.json"))
    assert shown.returncode == 0 and "1,250.00" in shown.stdout, shown.stdout + shown.stderr


def test_old_audit_logs_go(shop):
    shop.database.run("INSERT INTO audit_logs (actor, action, created_at) SELECT 'a', 'b', now() - make_interval(days => days)"
                      " FROM unnest(ARRAY[91, 200, 89]) AS days")
    assert shop.run("clean_logs")["audit_logs"] == 2
    assert shop.database.value("SELECT count(*) FROM audit_logs WHERE created_at < now() - interval '1 day'") == 1


def test_sent_messages_lose_their_vouchers_and_keep_their_keys(shop):
    for days, status in ((31, "completed"), (29, "completed"), (400, "failed"), (400, "pending")):
        shop.database.run("INSERT INTO email_queue (type, \"to\", data, status, finished_at, idempotency_key) VALUES"
                          " ('voucher', 'a@example.com', '{\"code\": \"SECRET\"}', %s, now() - make_interval(days => %s), %s)",
                          [status, days, f"{status}-{days}"])
    assert shop.run("clean_logs")["message_data"] == 1
    assert {mail["idempotency_key"] for mail in mails(shop) if mail["data"] == {}} == {"completed-31"}


def test_the_timeline_of_messages_is_kept_as_long_as_dead_letters(shop):
    shop.database.run("INSERT INTO message_events (queue, message_id, status, at) SELECT 'sms', days::text, 'sent',"
                      " now() - make_interval(days => days) FROM unnest(ARRAY[179, 181, 400]) AS days")
    assert shop.run("clean_logs")["message_events"] == 2
    assert shop.database.value("SELECT message_id FROM message_events") == "179"


def test_the_log_of_changes_is_kept_for_a_day(shop):
    shop.database.run("TRUNCATE catalog_log")
    for hours in (100, 50, 30, 20, 1):
        shop.database.run("INSERT INTO catalog_log (kind, id, logged_at) VALUES ('offer', %s, now() - make_interval(hours => %s))",
                          [hours, hours])
    assert shop.run("trim_catalog_log") == {"deleted": 2}
    kept = {row["id"] for row in shop.database.run("SELECT id FROM catalog_log")}
    assert kept == {30, 20, 1}, "the last old one tells edges that nothing after it is gone"
