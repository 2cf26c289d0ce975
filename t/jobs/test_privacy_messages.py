"""Sent messages forget whom they were for after MESSAGE_PII_DAYS, and are still not sent again."""
import json
import uuid

import pytest

from edge.test_migrate import OLD_QUEUES
from harness.shop import couponctl, migrate
from harness.waiting import eventually

from .cron_shop import CronShop
from .message_shop import MessageShop


class ForgetfulShop(CronShop, MessageShop):
    """Sends and forgets."""


@pytest.fixture
def shop(new_shop_of):
    return new_shop_of(ForgetfulShop)


ORDER = {"order_id": "77", "order_number": "N77", "total_amount": "500.00", "currency": "INR", "name": "Asha"}
WELCOME = {"name": "Asha", "verify_url": "https://shop.test/verify/1"}


def age(shop, days, queue="email"):
    shop.database.run(f"UPDATE {queue}_queue SET finished_at = finished_at - make_interval(days => %s)", [days])


def left(shop, name, queue="email"):
    """Whether the name stands anywhere in the queue's rows."""
    return shop.database.value(f"SELECT count(*) FROM {queue}_queue q WHERE to_jsonb(q)::text ILIKE %s", [f"%{name}%"]) > 0


def recipients(shop):
    return [call.json["personalizations"][0]["to"][0]["email"] for call in shop.provider.calls("/v3/mail/send")]


def test_a_sent_message_forgets_its_recipient_and_is_not_sent_again(shop):
    shop.start_email()
    shop.start_cron()
    by_order = shop.push_email("order_confirmation", data=ORDER)
    by_id = shop.push_email("welcome", data=WELCOME)
    for id in (by_order, by_id):
        shop.is_sent(id)
    assert left(shop, "asha")
    age(shop, 91)
    assert shop.run("clean_logs")["recipients"] == 2
    assert not left(shop, "asha")
    row = shop.message(by_order)
    assert (row["type"], row["status"], row["delivery_status"]) == ("order_confirmation", "completed", "sent"), "it still counts"
    assert row["to"].startswith("gone:")

    # Again under another id, again under its own, by the back end's own row, and by another producer's key.
    shop.push_email("order_confirmation", data=ORDER)
    shop.push_email("welcome", data=WELCOME, id=by_id)
    doubled = shop.add_row(type="order_confirmation", data=ORDER)
    shop.reaches(doubled, delivery_status="duplicate")
    # What is another message goes out: another order, and somebody else's with the same id.
    other = shop.push_email("order_confirmation", data=ORDER | {"order_id": "78"})
    shop.push_email("welcome", to="vikram@example.com", data=WELCOME | {"name": "Vikram"}, id=by_id)
    shop.is_sent(other)
    eventually(lambda: shop.redis.llen("queue:email") == 0, "all are taken in")
    eventually(lambda: len(recipients(shop)) == 4, "the two others are sent")
    assert sorted(recipients(shop)) == ["asha@example.com"] * 3 + ["vikram@example.com"]
    assert shop.run("clean_logs")["recipients"] == 0


def test_only_old_and_sent_messages_forget(shop):
    for days, status in ((91, "completed"), (89, "completed"), (400, "failed"), (400, "pending")):
        for queue, recipient in (("email", "a@example.com"), ("sms", "+919876543210")):
            shop.database.run(
                f"INSERT INTO {queue}_queue (type, \"to\", data, status, finished_at, raw, idempotency_key) VALUES"
                " ('voucher', %s, '{\"code\": \"SECRET\"}', %s, now() - make_interval(days => %s), 'for ' || %s::text, %s)",
                [recipient, status, days, recipient, f"voucher:{recipient}:{status}-{days}"])
    assert shop.run("clean_logs")["recipients"] == 2
    for queue in ("email", "sms"):
        kept = shop.database.run(f"SELECT * FROM {queue}_queue WHERE idempotency_key LIKE 'voucher:%%'")
        assert len(kept) == 3
        (gone,) = shop.database.run(f"SELECT * FROM {queue}_queue WHERE idempotency_key LIKE 'gone:%%'")
        assert gone["raw"] is None and gone["data"] == {} and gone["status"] == "completed"


def test_the_days_can_be_chosen_and_many_are_taken_in_batches(shop):
    shop.settings["MESSAGE_PII_DAYS"] = "7"
    shop.database.run("INSERT INTO sms_queue (type, \"to\", status, finished_at, idempotency_key)"
                      " SELECT 'otp', '+9198' || (10000000 + n), 'completed', now() - interval '8 days', 'otp:' || n"
                      " FROM generate_series(1, 12000) n")
    assert shop.run("clean_logs")["recipients"] == 12_000
    assert shop.database.value("SELECT count(DISTINCT idempotency_key) FROM sms_queue") == 12_000
    assert not left(shop, "+9198", "sms")


def test_a_forgotten_message_cannot_be_replayed(shop):
    id = shop.add_row(status="completed", delivery_status="expired", finished_at="2020-01-01", idempotency_key=str(uuid.uuid4()))
    shop.run("clean_logs")
    run = couponctl("notifications", "replay", id, "--reason", "try", "--yes", environment=shop.environment)
    assert shop.message(id)["status"] == "completed", run.stdout


def test_the_keys_of_rows_from_before_are_one_with_their_digests(shop):
    key = json.dumps({"any": "text"})
    shop.add_row(idempotency_key=key)
    with pytest.raises(Exception, match="key_digest"):
        shop.database.run("INSERT INTO email_queue (type, \"to\", idempotency_key) VALUES ('otp', 'b@example.com',"
                          " coupon_key_digest(%s))", [key])


def test_a_table_that_refuses_to_forget_keeps_nothing_else_from_being_cleaned(shop):
    shop.database.run("ALTER TABLE email_queue ADD CONSTRAINT an_address CHECK (\"to\" LIKE '%@%')")
    for queue, recipient in (("email", "a@example.com"), ("sms", "+919876543210")):
        shop.database.run(f"INSERT INTO {queue}_queue (type, \"to\", status, created_at) VALUES ('otp', %s, 'completed',"
                          " now() - interval '91 days')", [recipient])
    shop.database.run("INSERT INTO offer_clicks (ip_address, clicked_at) VALUES ('192.0.2.7', now() - interval '400 days')")
    assert "an_address" in shop.run("clean_logs", status="failed")
    assert shop.database.value("SELECT count(*) FROM sms_queue WHERE \"to\" LIKE 'gone:%%'") == 1, "nor the other table"
    assert shop.database.value("SELECT count(*) FROM offer_clicks WHERE ip_address = '192.0.2.7'") == 0


def test_a_forgotten_row_with_a_number_is_known_by_its_entry_that_is_still_queued(new_shop_of):
    shop = new_shop_of(ForgetfulShop, template="template1")
    shop.database.run(OLD_QUEUES)
    migrate(shop.database)
    shop.start_email()
    shop.start_cron()
    data = {"otp": "482913"}
    row = shop.add_row(data=data, status="completed", idempotency_key="the back end's own", created_at="2026-01-01",
                       finished_at="2026-01-01")
    shop.run("clean_logs")
    assert shop.message(row)["to"].startswith("gone:")
    before = shop.database.value("SELECT count(*) FROM email_queue")
    shop.push_email(data=data, id=row)
    last = shop.push_email(to="vikram@example.com", data=data, id=row)
    assert last == row
    eventually(lambda: shop.redis.llen("queue:email") == 0 and len(recipients(shop)) == 1, "somebody else's is sent")
    eventually(lambda: shop.database.value("SELECT count(*) FROM email_queue") == before + 1, "it alone is a row")
    assert recipients(shop) == ["vikram@example.com"]
