"""Twilio that refuses or stands still: it is asked what it has before a message is sent again."""
import json

from harness.message_stand_ins import Reply
from harness.waiting import eventually

from .sms_fixtures import CASHBACK, new_sms_shop, sms_shop  # noqa: F401


def test_twilio_is_asked_before_a_message_is_sent_again(sms_shop):
    """The answer is lost, the message is not: it is found by its text."""
    def lose_the_answer(call):
        if call.method == "POST":
            sms_shop.provider.answer(call)  # it has it
            return Reply(reset=True)
        return Reply()
    sms_shop.provider.rule = lose_the_answer
    sms_shop.start_sms("--unknown-wait", "1", SMS_PROVIDERS="twilio")
    message = sms_shop.push_sms()
    row = sms_shop.sms_sent(message)
    assert row["provider_message_id"] == sms_shop.provider.twilio_messages[0]["sid"]
    assert len(sms_shop.texts) == 1
    asked, = [call for call in sms_shop.provider.sent if call.method == "GET"]
    assert "To=%2B919876543210&DateSent%3E=20" in asked.path


def test_a_lost_text_is_not_taken_for_another_that_reads_the_same(sms_shop):
    """Two cashbacks of the same amount for one person: the first arrived, the second did not."""
    sms_shop.start_sms("--unknown-wait", "1", SMS_PROVIDERS="twilio")
    first = sms_shop.push_sms("cashback_credited", data=CASHBACK)
    sms_shop.sms_sent(first)
    sms_shop.provider.script(Reply(reset=True))
    second = sms_shop.push_sms("cashback_credited", data=CASHBACK | {"cashback_event_id": 4})
    row = sms_shop.sms_sent(second)
    assert [call.method for call in sms_shop.provider.sent] == ["POST", "POST", "GET", "POST"]
    assert row["provider_message_id"] != sms_shop.sms(first)["provider_message_id"]


def test_of_two_texts_that_read_the_same_the_one_that_was_lost_is_sent_again(sms_shop):
    """Both answers are lost, and one of the messages."""
    def lose(call):
        if call.method == "POST" and len(sms_shop.texts) <= 2:
            if len(sms_shop.texts) == 1:
                sms_shop.provider.answer(call)
            return Reply(reset=True)
        return Reply()
    sms_shop.provider.rule = lose
    sms_shop.start_sms("--unknown-wait", "3", SMS_PROVIDERS="twilio")
    ids = [sms_shop.push_sms("cashback_credited", data=CASHBACK | {"cashback_event_id": number}) for number in (1, 2)]
    assert len({sms_shop.sms_sent(id)["provider_message_id"] for id in ids}) == 2
    assert len(sms_shop.texts) == 3


def test_a_replayed_text_is_not_taken_for_its_own_earlier_sending(sms_shop):
    sms_shop.start_sms("--unknown-wait", "1", SMS_PROVIDERS="twilio")
    message = sms_shop.push_sms("cashback_credited", data=CASHBACK)
    sms_shop.sms_sent(message)
    sms_shop.provider.script(Reply(reset=True))
    sms_shop.database.run("UPDATE sms_queue SET status = 'pending', delivery_status = NULL, provider_message_id = NULL")
    sms_shop.sms_sent(message)
    assert [call.method for call in sms_shop.provider.sent] == ["POST", "POST", "GET", "POST"]


def test_what_twilio_does_not_have_is_sent_once_more(sms_shop):
    sms_shop.provider.script(Reply(reset=True))
    sms_shop.start_sms("--unknown-wait", "1", SMS_PROVIDERS="twilio")
    message = sms_shop.push_sms()
    sms_shop.sms_sent(message)
    assert [call.method for call in sms_shop.provider.sent] == ["POST", "GET", "POST"]


def test_twilio_that_does_not_tell_is_asked_again(sms_shop):
    sms_shop.provider.script(Reply(reset=True), Reply(500), Reply(200, body=b"<html>"))
    sms_shop.start_sms("--unknown-wait", "1", SMS_PROVIDERS="twilio")
    message = sms_shop.push_sms()

    def sent():
        sms_shop.hurry()
        return (sms_shop.sms(message) or {}).get("delivery_status") == "sent"
    eventually(sent, "it is sent", 20)
    assert [call.method for call in sms_shop.provider.sent] == ["POST", "GET", "GET", "GET", "POST"]


def test_twilio_s_reason_stands_in_the_dead_letter(sms_shop):
    sms_shop.provider.script(Reply(400, body=json.dumps(
        {"code": 21610, "message": "Attempt to send to unsubscribed recipient +919876543210", "status": 400}).encode()))
    sms_shop.start_sms(SMS_PROVIDERS="twilio")
    assert sms_shop.sms_dead(sms_shop.push_sms()) == (
        "Twilio refuses: error 21610: Attempt to send to unsubscribed recipient ...")


def test_twilio_s_concurrency_limit_costs_a_moment(sms_shop):
    sms_shop.provider.script(Reply(429, body=b'{"code":20429,"message":"Too Many Requests","status":429}'))
    sms_shop.start_sms(SMS_PROVIDERS="twilio")
    message = sms_shop.push_sms()
    assert sms_shop.sms_reaches(message, throttled=1)["attempts"] == 0
    sms_shop.hurry()
    sms_shop.sms_sent(message)
