"""What became of an e-mail or a text message: its row's delivery_status goes forward only."""
import itertools
import urllib.parse

import pytest

from edge.test_migrate import OLD_QUEUES
from harness.shop import migrate
from harness.waiting import eventually

from .payment_fixtures import idle_shop, paying_shop  # noqa: F401
from .paying_shop import PayingShop

_events = itertools.count(1)


def email(shop, message_id=None):
    return shop.database.value(
        "INSERT INTO email_queue (type, \"to\", provider, provider_message_id, status, delivery_status)"
        " VALUES ('order_confirmation', 'a@shop.example', 'sendgrid', %s, 'completed', 'sent') RETURNING id",
        [message_id])


def sms(shop, message_id, to="+919800000001", provider="msg91"):
    return shop.database.value(
        "INSERT INTO sms_queue (type, \"to\", provider, provider_message_id, status, delivery_status)"
        " VALUES ('otp', %s, %s, %s, 'completed', 'sent') RETURNING id", [to, provider, message_id])


def delivery(shop, table, row):
    return shop.database.value(f"SELECT delivery_status FROM {table} WHERE id = %s", [row])


def sendgrid(event, message="MSG1", **more):
    return {"event": event, "email": "a@shop.example", "sg_event_id": f"event-{next(_events)}",
            "sg_message_id": f"{message}.filterdrecv-1.0", "timestamp": 1767225600} | more


@pytest.mark.parametrize("events, end", [
    (["processed", "delivered"], "delivered"), (["delivered", "processed", "deferred"], "delivered"),
    (["deferred", "dropped"], "failed"), (["delivered", "bounce"], "bounced"), (["bounce", "delivered"], "bounced")])
def test_sendgrid_moves_an_email_forward(paying_shop, events, end):
    row = email(paying_shop, "MSG1")
    for event in events:
        paying_shop.done(paying_shop.push("sendgrid", [sendgrid(event, type="bounce")]))
    assert delivery(paying_shop, "email_queue", row) == end


def test_sendgrid_batches_repeat_without_harm(paying_shop):
    rows = [email(paying_shop, f"MSG{number}") for number in range(20)]
    batch = [sendgrid("delivered", f"MSG{number}") for number in range(20)]
    logs = [paying_shop.push("sendgrid", order) for order in (batch, batch[::-1], batch[5:], batch[::-1])]
    for log in logs:
        paying_shop.done(log)
    assert {delivery(paying_shop, "email_queue", row) for row in rows} == {"delivered"}
    assert paying_shop.database.value("SELECT count(*) FROM webhook_events") == 20


def test_our_own_id_finds_an_email_whose_message_id_is_unknown(paying_shop):
    row = email(paying_shop)
    paying_shop.done(paying_shop.push("sendgrid", [sendgrid("delivered", "UNKNOWN", coupon_id=str(row))]))
    assert delivery(paying_shop, "email_queue", row) == "delivered"


def test_one_unknown_message_does_not_hold_up_its_neighbours(paying_shop):
    row = email(paying_shop, "MSG1")
    log = paying_shop.push("sendgrid", [sendgrid("delivered", "NOT-OURS"), sendgrid("delivered")])
    eventually(lambda: delivery(paying_shop, "email_queue", row) == "delivered", "the known one")
    for tries in (1, 2, 3):
        eventually(lambda: paying_shop.log_row(log)["attempts"] >= tries, "another try")
        paying_shop.hurry()
    assert paying_shop.done(log)["status"] == "completed"


@pytest.mark.parametrize("wrong", [{"sg_event_id": None}, {"sg_event_id": "x" * 300}, {"sg_event_id": {}}])
def test_an_element_without_an_id_does_not_hold_up_its_neighbours(paying_shop, wrong):
    row = email(paying_shop, "MSG1")
    log = paying_shop.done(paying_shop.push("sendgrid", [sendgrid("delivered", **wrong), sendgrid("delivered")]))
    assert log["status"] == "completed"
    assert delivery(paying_shop, "email_queue", row) == "delivered"


def test_a_report_faster_than_the_sender_is_not_lost(paying_shop):
    log = paying_shop.push("sendgrid", [sendgrid("delivered", "LATE")])
    eventually(lambda: (row := paying_shop.log_row(log)) and row["attempts"] == 1, "a first try")
    row = email(paying_shop, "LATE")
    paying_shop.hurry()
    paying_shop.done(log)
    assert delivery(paying_shop, "email_queue", row) == "delivered"


@pytest.mark.parametrize("statuses, end", [(["queued", "sent", "delivered"], "delivered"),
                                           (["delivered", "sent"], "delivered"), (["undelivered"], "failed")])
def test_twilio_moves_a_text_message_forward(paying_shop, statuses, end):
    row = sms(paying_shop, "SM1", provider="twilio")
    for status in statuses:
        form = urllib.parse.urlencode({"MessageSid": "SM1", "MessageStatus": status, "To": "+919800000001"})
        paying_shop.done(paying_shop.push("twilio", form))
    assert delivery(paying_shop, "sms_queue", row) == end


def test_msg91_finds_the_number_of_the_request(paying_shop):
    one, other = sms(paying_shop, "R1"), sms(paying_shop, "R1", to="919800000002")
    data = ('[{"requestId":"R1","report":[{"number":"919800000001","status":"1"},'
            '{"number":"919800000002","status":"2","failedReason":"absent"}]}]')
    paying_shop.done(paying_shop.push("msg91", urllib.parse.urlencode({"data": data}), trust="token-only"))
    assert delivery(paying_shop, "sms_queue", one) == "delivered"
    assert delivery(paying_shop, "sms_queue", other) == "failed"


def test_an_unknown_status_of_msg91_is_kept(paying_shop):
    row = sms(paying_shop, "R1")
    log = paying_shop.done(paying_shop.push("msg91", {"requestId": "R1", "number": "919800000001", "status": 77},
                                            trust="token-only"))
    assert (log["outcome"], log["event"]) == ("ignored", "77")
    assert delivery(paying_shop, "sms_queue", row) == "sent"


@pytest.fixture
def old_queue_shop(postgres, redis_server):
    """A shop whose queues were there before, with numbers for ids."""
    shop = PayingShop(postgres, redis_server, "template1")
    shop.database.run(OLD_QUEUES)
    migrate(shop.database)
    shop.start_worker()
    yield shop
    shop.close()


def test_reports_find_rows_whose_ids_are_numbers(old_queue_shop):
    shop = old_queue_shop
    mail, own, text = email(shop, "MSG1"), email(shop), sms(shop, "SM1", provider="twilio")
    shop.done(shop.push("sendgrid", [sendgrid("delivered"), sendgrid("delivered", "UNKNOWN", coupon_id=str(own))]))
    shop.done(shop.push("twilio", urllib.parse.urlencode({"MessageSid": "SM1", "MessageStatus": "delivered"})))
    assert delivery(shop, "email_queue", mail) == delivery(shop, "email_queue", own) == "delivered"
    assert delivery(shop, "sms_queue", text) == "delivered"
