"""Who carries text messages, and what is heard of them afterwards."""
import json

import pytest

from harness.environment import CHECKOUT
from harness.message_stand_ins import Reply
from harness.waiting import eventually

from .sms_fixtures import SALE, new_sms_shop, sms_shop, templates  # noqa: F401

VOUCHER = {"order_number": "N7", "voucher_codes": ["AMZN-1"]}


def test_whatsapp_goes_through_twilio(sms_shop):
    sms_shop.start_sms(SMS_PROVIDERS="msg91,twilio")
    row = sms_shop.sms_sent(sms_shop.push_sms(data={"otp": "482913", "channel": "whatsapp"}))
    assert row["provider"] == "twilio"
    form, = sms_shop.texts
    assert (form["To"], form["From"]) == ("whatsapp:+919876543210", "whatsapp:+15005550007")
    assert sms_shop.flows == []


def test_a_type_may_go_by_whatsapp(sms_shop):
    voucher = json.loads((CHECKOUT / "workers/templates/sms/voucher.json").read_text()) | {"channel": "whatsapp"}
    sms_shop.start_sms(SMS_PROVIDERS="msg91,twilio", TEMPLATE_DIR=templates(voucher=json.dumps(voucher)))
    assert sms_shop.sms_sent(sms_shop.push_sms("voucher", data=VOUCHER))["provider"] == "twilio"
    by_sms = VOUCHER | {"channel": "sms", "order_number": "N8"}
    assert sms_shop.sms_sent(sms_shop.push_sms("voucher", data=by_sms))["provider"] == "msg91"


def test_whatsapp_without_a_sender_is_a_dead_letter(sms_shop):
    sms_shop.start_sms(SMS_PROVIDERS="msg91,twilio", TWILIO_WHATSAPP_FROM="")
    sms_shop.sms_dead(sms_shop.push_sms(data={"otp": "482913", "channel": "whatsapp"}))
    assert sms_shop.provider.posts == []


def test_the_next_provider_takes_over_while_the_first_one_is_down(sms_shop):
    sms_shop.provider.rule = lambda call: Reply(503) if call.path == "/api/v5/flow" else Reply()
    sms_shop.start_sms(SMS_PROVIDERS="msg91,twilio")
    messages = [sms_shop.push_sms(data={"otp": f"{number:06}"}) for number in range(8)]

    def all_sent():
        sms_shop.hurry()
        return all((sms_shop.sms(message) or {}).get("delivery_status") == "sent" for message in messages)
    eventually(all_sent, "all of them are sent by Twilio", 30)
    assert {sms_shop.sms(message)["provider"] for message in messages} == {"twilio"}
    assert len(sms_shop.texts) == 8


@pytest.mark.parametrize("reason, type, sent", [("bounce", "otp", False), ("manual", "otp", False),
                                                ("unsubscribe", "otp", True), ("unsubscribe", "sale", False)])
def test_nothing_goes_to_suppressed_numbers(sms_shop, reason, type, sent):
    sms_shop.database.run("INSERT INTO suppressions (channel, address, reason) VALUES ('sms', '+919876543210', %s)",
                          [reason])
    sms_shop.start_sms(TEMPLATE_DIR=templates(sale=SALE), MSG91_TEMPLATE_SALE="flow-sale",
                       MSG91_PROMOTIONAL_SENDER_ID="650001")
    message = sms_shop.push_sms(type, to="98765 43210", data={"otp": "482913", "name": "Asha"})
    row = sms_shop.sms_reaches(message, status="completed")
    assert row["delivery_status"] == ("sent" if sent else "suppressed")
    assert len(sms_shop.provider.posts) == sent


@pytest.mark.parametrize("to", ["+919876543210", "9876543210", "0091 98765-43210"])
def test_msg91_s_report_finds_the_message_however_its_number_was_written(sms_shop, to):
    sms_shop.start_sms()
    sms_shop.start_worker()
    message = sms_shop.push_sms(to=to)
    request = sms_shop.sms_sent(message)["provider_message_id"]
    data = [{"requestId": request, "report": [{"number": "919876543210", "status": "1"}]}]
    sms_shop.report("msg91", {"data": json.dumps(data)}, trust="token-only")
    sms_shop.sms_reaches(message, status="completed", delivery_status="delivered")


def test_twilio_s_callback_finds_its_message(sms_shop):
    sms_shop.start_sms(SMS_PROVIDERS="twilio")
    sms_shop.start_worker()
    message = sms_shop.push_sms(data={"otp": "482913", "channel": "whatsapp"})
    sid = sms_shop.sms_sent(message)["provider_message_id"]
    sms_shop.report("twilio", {"MessageSid": sid, "MessageStatus": "undelivered", "ErrorCode": "63016",
                               "To": "whatsapp:+919876543210"})
    row = sms_shop.sms_reaches(message, status="completed", delivery_status="failed")
    assert row["last_error"] == "Twilio error 63016"
