"""What became of an e-mail or a text message: its row's delivery_status goes forward only, its timeline tells each
step, and addresses that are none get nothing more."""
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


def held(shop, **columns):
    """An e-mail of which nobody knows whether it was sent."""
    columns = {"type": "otp", '"to"': "a@shop.example", "status": "pending", "delivery_status": "unknown",
               "unknowns": 1, "scheduled_at": "2099-01-01"} | columns
    return shop.database.value(f"INSERT INTO email_queue ({', '.join(columns)}) VALUES"
                               f" ({', '.join(['%s'] * len(columns))}) RETURNING id", list(columns.values()))


def timeline(shop, row):
    return [(event["status"], event["reason"]) for event in shop.database.run(
        "SELECT status, reason FROM message_events WHERE message_id = %s ORDER BY id", [str(row)])]


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


@pytest.mark.parametrize("columns", [
    {}, {"status": "failed", "unknowns": 2}, {"delivery_status": None, "attempts": 1},
    {"status": "processing", "delivery_status": None, "lease_until": "2020-01-01"},
    {"status": "failed", "delivery_status": "failed"}, {"status": "completed", "delivery_status": "expired"}], ids=str)
@pytest.mark.parametrize("event, end", [("delivered", "delivered"), ("processed", "sent"), ("dropped", "failed")])
def test_a_report_ends_what_nobody_knew(paying_shop, columns, event, end):
    row = held(paying_shop, **columns)
    paying_shop.done(paying_shop.push("sendgrid", [sendgrid(event, coupon_id=str(row))]))
    now = paying_shop.database.row("SELECT * FROM email_queue WHERE id = %s", [row])
    assert (now["status"], now["delivery_status"], now["lease_until"]) == ("completed", end, None)
    assert (now["provider"], now["provider_message_id"]) == ("sendgrid", "MSG1")
    assert [status for status, _ in timeline(paying_shop, row)] == [end]


def test_a_report_about_a_message_in_other_hands_leaves_it_there(paying_shop):
    row = held(paying_shop, status="processing", delivery_status=None, lease_until="2099-01-01")
    paying_shop.done(paying_shop.push("sendgrid", [sendgrid("delivered", coupon_id=str(row))]))
    now = paying_shop.database.row("SELECT * FROM email_queue WHERE id = %s", [row])
    assert (now["status"], now["delivery_status"]) == ("processing", "delivered") and now["lease_until"]


def test_a_late_report_does_not_end_a_replayed_message(paying_shop):
    row = held(paying_shop, delivery_status=None, unknowns=0)
    log = paying_shop.done(paying_shop.push("sendgrid", [sendgrid("bounce", type="bounce", coupon_id=str(row))]))
    now = paying_shop.database.row("SELECT * FROM email_queue WHERE id = %s", [row])
    assert (now["status"], now["delivery_status"]) == ("pending", None) and log["status"] == "completed"


@pytest.mark.parametrize("columns", [
    {"status": "processing", "lease_until": "2099-01-01"}, {"attempts": 1}, {"unknowns": 1, "delivery_status": "unknown"}],
    ids=str)
@pytest.mark.parametrize("late", [{"sg_message_id": "OLD.1", "timestamp": 4070908800}, {"timestamp": 1767225600}], ids=str)
def test_what_was_said_of_the_sending_before_a_replay_is_only_noted(paying_shop, columns, late):
    row = held(paying_shop, **({"delivery_status": None, "unknowns": 0} | columns))
    for status, message_id in (("sent", "OLD"), ("replayed", None)):
        paying_shop.database.run("INSERT INTO message_events (queue, message_id, at, status, provider_message_id) VALUES"
                                 " ('email', %s, '2026-02-01', %s, %s)", [str(row), status, message_id])
    before = paying_shop.database.row("SELECT * FROM email_queue WHERE id = %s", [row])
    paying_shop.done(paying_shop.push("sendgrid", [sendgrid("bounce", type="bounce", coupon_id=str(row)) | late]))
    assert paying_shop.database.row("SELECT * FROM email_queue WHERE id = %s", [row]) == before
    assert timeline(paying_shop, row)[-1][0] == "bounced"
    paying_shop.done(paying_shop.push("sendgrid", [sendgrid("delivered", "NEW", coupon_id=str(row), timestamp=1780000000)]))
    assert delivery(paying_shop, "email_queue", row) == "delivered"


@pytest.mark.parametrize("other", [{'"to"': "b@shop.example"}, {"provider": "smtp"}, {"provider_message_id": "MSG9"}],
                         ids=str)
def test_our_own_id_of_another_database_s_row_moves_nothing(paying_shop, other):
    row = held(paying_shop, **other)
    log = paying_shop.push("sendgrid", [sendgrid("delivered", coupon_id=str(row))])
    for tries in (1, 2, 3):
        eventually(lambda: paying_shop.log_row(log) and paying_shop.log_row(log)["attempts"] >= tries, "another try")
        paying_shop.hurry()
    assert paying_shop.done(log)["outcome"] == "ignored"
    assert delivery(paying_shop, "email_queue", row) == "unknown"


def test_our_own_id_knows_its_row_however_the_address_is_written(paying_shop):
    row = held(paying_shop, **{'"to"': "A@Shop.Example"})
    paying_shop.done(paying_shop.push("sendgrid", [sendgrid("delivered", coupon_id=str(row))]))
    assert delivery(paying_shop, "email_queue", row) == "delivered"


def test_the_timeline_tells_each_step_once_with_the_provider_s_words(paying_shop):
    row = email(paying_shop, "MSG1")
    bounce = sendgrid("bounce", type="bounce", reason="550 no such user", timestamp=1767225601)
    for events in ([sendgrid("processed")], [sendgrid("deferred", response="421 busy")], [bounce], [bounce],
                   [sendgrid("delivered")]):
        paying_shop.done(paying_shop.push("sendgrid", events))
    assert timeline(paying_shop, row) == [("deferred", "421 busy"), ("bounced", "550 no such user")]
    assert paying_shop.database.value("SELECT max(at) = to_timestamp(1767225601) FROM message_events")


def test_what_a_stranger_s_server_quotes_is_not_repeated(paying_shop):
    """Nor may it draw on an operator's terminal, or fill the tables."""
    row = email(paying_shop, "MSG1")
    quoted = "550 refused asha@shop.example\n\x1b[2J\tcode 482913 <" + "x" * 5000
    paying_shop.done(paying_shop.push("sendgrid", [sendgrid("bounce", type="bounce", reason=quoted)]))
    (_, reason), = timeline(paying_shop, row)
    texts = [reason, paying_shop.database.value("SELECT detail FROM suppressions"),
             paying_shop.database.value("SELECT last_error FROM email_queue WHERE id = %s", [row])]
    for text in texts:
        assert text.startswith("550 refused ... ") and "code ..." in text and len(text) < 300
        assert text.isprintable() and "asha" not in text and "482913" not in text


@pytest.mark.parametrize("event, reason", [
    ({"event": "bounce", "type": "bounce"}, "bounce"), ({"event": "bounce", "type": "blocked"}, None),
    ({"event": "dropped", "reason": "Bounced Address"}, "bounce"), ({"event": "dropped", "reason": "Invalid"}, "bounce"),
    ({"event": "dropped", "reason": "Spam Reporting Address"}, "spam"),
    ({"event": "dropped", "reason": "Unsubscribed Address"}, "unsubscribe"),
    ({"event": "dropped", "reason": "Spam Content"}, None), ({"event": "spamreport"}, "spam"),
    ({"event": "unsubscribe"}, "unsubscribe"), ({"event": "group_unsubscribe"}, "unsubscribe"),
    ({"event": "delivered"}, None)], ids=str)
def test_addresses_are_suppressed(paying_shop, event, reason):
    row = email(paying_shop, "MSG1")
    for _ in range(2):
        paying_shop.done(paying_shop.push("sendgrid", [sendgrid(**event) | {"email": "Asha@Shop.Example"}]))
    listed = paying_shop.database.run("SELECT channel, address, reason, provider FROM suppressions")
    assert listed == ([] if reason is None else [
        {"channel": "email", "address": "asha@shop.example", "reason": reason, "provider": "sendgrid"}])
    if event["event"] in ("spamreport", "unsubscribe", "group_unsubscribe"):
        assert delivery(paying_shop, "email_queue", row) == "sent", "it says nothing about delivery"
        assert {status for status, _ in timeline(paying_shop, row)} <= {"spam", "unsubscribed"}


def test_an_address_is_suppressed_although_its_message_is_not_ours(paying_shop):
    log = paying_shop.push("sendgrid", [sendgrid("spamreport", "NOT-OURS")])
    for tries in (1, 2, 3):
        eventually(lambda: paying_shop.log_row(log) and paying_shop.log_row(log)["attempts"] >= tries, "another try")
        paying_shop.hurry()
    assert paying_shop.done(log)["outcome"] == "applied"
    assert paying_shop.database.value("SELECT reason FROM suppressions") == "spam"


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


@pytest.mark.parametrize("to", ["9800000001", "+91 98000-00001", "00919800000001"])
def test_msg91_finds_numbers_however_they_are_written(paying_shop, to):
    row = sms(paying_shop, "R1", to=to)
    paying_shop.done(paying_shop.push("msg91", {"requestId": "R1", "number": "919800000001", "status": 1},
                                      trust="token-only"))
    assert delivery(paying_shop, "sms_queue", row) == "delivered"


def test_a_report_of_msg91_that_comes_again_is_known_although_no_number_is_kept(paying_shop):
    sms(paying_shop, "R1")
    report = {"requestId": "R1", "number": "919800000001", "status": 1}
    outcomes = [paying_shop.done(paying_shop.push("msg91", report, trust="token-only"))["outcome"] for _ in range(2)]
    assert outcomes[1] == "duplicate", outcomes
    (event,) = paying_shop.database.run("SELECT key, digest FROM webhook_events")
    assert "919800000001" not in event["key"] and not bytes(event["digest"])


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
