"""MSG91 that refuses, stands still or talks nonsense: what is sent again, held, or a dead letter."""
import datetime
import json

import pytest

from harness.certificates import self_signed
from harness.message_stand_ins import MessageStandIn, Reply
from harness.process import free_port

from .sms_fixtures import CASHBACK, new_sms_shop, sms_shop  # noqa: F401


def refusal(message, status=200, **members):
    return Reply(status, body=json.dumps({"type": "error", "message": message} | members).encode())


@pytest.mark.parametrize("reply, said", [
    (Reply(500), "MSG91 answered 500"),
    (Reply(502, body=b"<html>"), "MSG91 answered 502"),
    (refusal("Invalid authkey", 401), "MSG91 refuses: Invalid authkey; check MSG91_AUTH_KEY"),
    (refusal("IP is blacklisted", 418),
     "MSG91 refuses: IP is blacklisted; its API security does not know this server's address"),
    (refusal("Please try again 9876543210"), "MSG91 refuses: Please try again ..."),
    (Reply(404, body=b"<html>"), "MSG91 answered 404 without its JSON: check MSG91_BASE_URL")])
def test_what_certainly_did_not_arrive_is_sent_again(sms_shop, reply, said):
    sms_shop.provider.script(reply)
    sms_shop.start_sms()
    message = sms_shop.push_sms()
    row = sms_shop.sms_reaches(message, status="pending", attempts=1)
    assert row["last_error"] == said and row["unknowns"] == 0
    sms_shop.hurry()
    sms_shop.sms_sent(message)
    assert len(sms_shop.flows) == 2


@pytest.mark.parametrize("words, said", [
    ("template id is invalid", "MSG91 refuses: template id is invalid"),
    ("919876543210 482913 secret-key-of-msg91", "MSG91 refuses: ... ... ...")])
def test_what_msg91_will_never_take_is_a_dead_letter(sms_shop, words, said):
    sms_shop.provider.script(refusal(words))
    sms_shop.start_sms()
    message = sms_shop.push_sms()
    assert sms_shop.sms_dead(message) == said
    assert sms_shop.sms(message)["delivery_status"] == "failed"
    assert sms_shop.events(message, "sms") == ["failed"]


def test_too_many_calls_wait_as_long_as_msg91_says(sms_shop):
    sms_shop.provider.script(Reply(429, headers={"Retry-After": "2"}))
    sms_shop.start_sms()
    message = sms_shop.push_sms()
    throttled = sms_shop.sms_reaches(message, status="pending", throttled=1)
    assert throttled["attempts"] == 0, "a provider's 429 costs the message nothing"
    sms_shop.hurry()
    sms_shop.sms_sent(message)
    first, second = sms_shop.provider.posts
    assert second.at - first.at >= 1.9


@pytest.mark.parametrize("reply", [Reply(reset=True), Reply(close=True), Reply(200, body=b"<html>fine</html>"),
                                   refusal("Request timed out"), Reply(504, body=b"<html>"),
                                   Reply(200, body=b'{"type":"succ'), Reply(200, body=b'{"type":"queued"}')])
def test_what_may_have_arrived_is_held_and_sent_once_more(sms_shop, reply):
    sms_shop.provider.script(reply)
    sms_shop.start_sms("--unknown-wait", "600")
    message = sms_shop.push_sms("cashback_credited", data=CASHBACK)
    held = sms_shop.sms_reaches(message, status="pending", delivery_status="unknown", unknowns=1)
    assert held["wait"] > datetime.timedelta(minutes=9)
    sms_shop.hurry()
    sms_shop.sms_sent(message)
    assert len(sms_shop.flows) == 2
    assert sms_shop.events(message, "sms") == ["unknown", "retried", "sent"]


def test_a_call_that_hangs_is_unknown_after_ten_seconds_and_never_sent_thrice(sms_shop):
    sms_shop.provider.rule = lambda call: Reply(hang=True)
    sms_shop.start_sms("--unknown-wait", "1")
    message = sms_shop.push_sms("cashback_credited", data=CASHBACK)
    sms_shop.sms_reaches(message, within_s=20, status="pending", delivery_status="unknown")
    row = sms_shop.sms_reaches(message, within_s=30, status="failed")
    assert (row["delivery_status"], row["unknowns"]) == ("unknown", 2)
    assert row["last_error"].startswith("sent twice and nobody knows")
    assert len(sms_shop.flows) == 2


def test_a_report_decides_what_the_call_did_not_say(sms_shop):
    # The request id came with the answer that never came, so only a row that has it can be found.
    sms_shop.provider.script(Reply(reset=True))
    sms_shop.start_sms("--unknown-wait", "600")
    message = sms_shop.push_sms("cashback_credited", data=CASHBACK)
    sms_shop.sms_reaches(message, delivery_status="unknown")
    sms_shop.database.run("UPDATE sms_queue SET delivery_status = 'delivered', scheduled_at = now() WHERE id::text = %s",
                          [message])
    sms_shop.sms_reaches(message, status="completed", delivery_status="delivered")
    assert len(sms_shop.flows) == 1


def test_nobody_listening_is_no_unknown_outcome(sms_shop):
    sms_shop.start_sms(MSG91_BASE_URL=f"http://127.0.0.1:{free_port()}")
    row = sms_shop.sms_reaches(sms_shop.push_sms(), status="pending", attempts=1)
    assert row["unknowns"] == 0 and row["last_error"].startswith("MSG91 cannot be reached: 127.0.0.1: ")


def test_a_certificate_nobody_vouches_for_gets_no_message(sms_shop):
    certificate = self_signed()
    provider = MessageStandIn(certificate=certificate)
    sms_shop.closing.callback(provider.close)
    worker = sms_shop.start_sms(MSG91_BASE_URL=provider.url)
    message = sms_shop.push_sms()
    row = sms_shop.sms_reaches(message, status="pending", attempts=1)
    assert row["unknowns"] == 0 and row["last_error"].startswith("MSG91 cannot be reached: 127.0.0.1: SSL")
    assert provider.sent == []
    worker.stop()
    sms_shop.start_sms(MSG91_BASE_URL=provider.url, HTTPS_CA_FILE=certificate[0])
    sms_shop.hurry()
    sms_shop.sms_sent(message)
