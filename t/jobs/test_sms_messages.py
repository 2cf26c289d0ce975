"""What text messages say, and to whom."""
import pytest

from harness.message_stand_ins import basic_auth
from harness.waiting import eventually

from .sms_fixtures import new_sms_shop, sms_shop  # noqa: F401

ORDER = {"order_id": 7, "order_number": "N7", "total_amount": "1234.50", "currency": "INR"}
TYPES = {
    "otp": ({"otp": "482913"}, "flow-otp", {"otp": "482913", "shop": "The Shop"},
            "482913 is your OTP for The Shop. Do not share it with anyone."),
    "order_confirmation": (
        ORDER, "flow-order", {"order": "N7", "amount": "Rs.1,234.50", "shop": "The Shop"},
        "Your order N7 of Rs.1,234.50 is confirmed. Thank you for shopping with The Shop."),
    "voucher": (
        {"order_number": "N7", "voucher_codes": ["AMZN-1", "AMZN-2", "AMZN-3"]}, "flow-voucher",
        {"order": "N7", "code": "AMZN-1 and 2 more", "shop": "The Shop"},
        "Your voucher code for order N7 is AMZN-1 and 2 more. All codes of the order are in your account at The Shop."),
    "cashback_credited": (
        {"cashback_event_id": 3, "cashback_amount": 250}, "flow-cashback", {"amount": "Rs.250.00", "shop": "The Shop"},
        "Cashback of Rs.250.00 was credited to your The Shop wallet."),
    "withdrawal_processed": (
        {"withdrawal_id": 5, "amount": "123456.7", "utr": "UTR0001"}, "flow-withdrawal",
        {"amount": "Rs.1,23,456.70", "shop": "The Shop", "utr": "UTR0001"},
        "Your withdrawal of Rs.1,23,456.70 from The Shop was processed. UTR: UTR0001"),
}
TWILIO_PATH = "/2010-04-01/Accounts/AC" + "1" * 32 + "/Messages.json"


@pytest.mark.parametrize("type", TYPES)
def test_msg91_gets_the_variables_of_each_type(sms_shop, type):
    data, flow, variables, _ = TYPES[type]
    sms_shop.start_sms()
    message = sms_shop.push_sms(type, data=data)
    row = sms_shop.sms_sent(message)
    assert (row["provider"], row["provider_message_id"]) == ("msg91", "request-1")
    call, = sms_shop.provider.posts
    assert (call.path, call.headers["authkey"]) == ("/api/v5/flow", "secret-key-of-msg91")
    assert call.json == {"template_id": flow, "sender": "COUPON", "short_url": "0",
                         "recipients": [{"mobiles": "919876543210"} | variables]}
    assert sms_shop.events(message, "sms") == ["sent"]


@pytest.mark.parametrize("type", TYPES)
def test_twilio_gets_the_registered_text_of_each_type(sms_shop, type):
    data, _, _, text = TYPES[type]
    sms_shop.start_sms(SMS_PROVIDERS="twilio", TWILIO_STATUS_CALLBACK="https://shop.test/webhooks/twilio")
    row = sms_shop.sms_sent(sms_shop.push_sms(type, data=data))
    call, = sms_shop.provider.posts
    assert call.path == TWILIO_PATH
    assert call.headers["authorization"] == basic_auth("AC" + "1" * 32, "secret-token-of-twilio")
    form = call.form
    validity = form.pop("ValidityPeriod", None)
    assert form == {"To": "+919876543210", "From": "+15005550006", "Body": text,
                    "StatusCallback": "https://shop.test/webhooks/twilio"}
    assert (row["provider"], row["provider_message_id"]) == ("twilio", sms_shop.provider.twilio_messages[0]["sid"])
    if type == "otp":
        assert 500 <= int(validity) <= 600
    else:
        assert validity is None


def test_the_confirmation_of_a_fulfilled_order_goes_out_as_the_webhooks_role_queues_it(sms_shop):
    order = sms_shop.database.value(
        "INSERT INTO orders (order_number, total_amount, currency, delivery_mobile)"
        " VALUES ('N1', 1234567.5, 'INR', '98765 43210') RETURNING id")
    sms_shop.database.run(
        "INSERT INTO sms_queue (type, \"to\", data, idempotency_key, correlation_id)"
        " SELECT 'order_confirmation', delivery_mobile::text, jsonb_build_object('order_id', id, 'order_number',"
        " order_number, 'total_amount', total_amount::text, 'currency', currency::text), 'order_confirmation:' || id,"
        " 'c1' FROM orders WHERE id = %s", [order])
    sms_shop.start_sms()
    eventually(lambda: sms_shop.flows, "the confirmation is sent")
    assert sms_shop.flows[0]["recipients"] == [
        {"mobiles": "919876543210", "order": "N1", "amount": "Rs.12,34,567.50", "shop": "The Shop"}]


@pytest.mark.parametrize("to", ["+919876543210", "9876543210", "+91 98765-43210", "0091 (98765) 43210", "919876543210"])
def test_a_number_is_taken_as_people_write_it(sms_shop, to):
    sms_shop.start_sms()
    sms_shop.sms_sent(sms_shop.push_sms(to=to))
    assert sms_shop.flows[0]["recipients"][0]["mobiles"] == "919876543210"


def test_a_national_number_is_one_of_the_shop_s_country(sms_shop):
    sms_shop.start_sms(SMS_COUNTRY_CODE="880")
    sms_shop.sms_sent(sms_shop.push_sms(to="9876543210"))
    assert sms_shop.flows[0]["recipients"][0]["mobiles"] == "8809876543210"


@pytest.mark.parametrize("to", ["12345", "09876543210", "+0919876543210", "asha@example.com", "+91 9876543210 x"])
def test_what_is_no_number_is_a_dead_letter(sms_shop, to):
    sms_shop.start_sms()
    assert "is no phone number" in sms_shop.sms_dead(sms_shop.push_sms(to=to))
    assert sms_shop.provider.posts == []


@pytest.mark.parametrize("type, data, said", [
    ("otp", {"code": ""}, "variable otp (data.otp) is missing"),
    ("otp", {"otp": "482913x"}, "variable otp (data.otp) holds something else than digits"),
    ("otp", {"otp": "48291348291"}, "variable otp (data.otp) has 11 characters where DLT allows 10"),
    ("order_confirmation", ORDER | {"total_amount": "12,50"},
     "variable amount (data.total_amount) is no amount: give 1234.50 as a number or a text"),
    ("voucher", {"order_number": "N7", "voucher_codes": ["A-482913-" + "X" * 22]},
     "variable code (data.voucher_codes) has 31 characters where DLT allows 30"),
    ("withdrawal_processed", {"amount": 5, "utr": "UTR 482913"},
     "variable utr (data.utr) is no code of letters, digits and signs without spaces"),
    ("otp", {"otp": "482913", "channel": "pigeon"}, "data.channel is neither sms nor whatsapp"),
    ("birthday", {"otp": "482913"},
     'no text message is of type "birthday": known are cashback_credited, order_confirmation, otp, voucher,'
     " withdrawal_processed")])
def test_what_dlt_would_refuse_is_a_dead_letter_that_says_why(sms_shop, type, data, said):
    sms_shop.start_sms()
    assert sms_shop.sms_dead(sms_shop.push_sms(type, data=data)) == said
    assert sms_shop.provider.posts == []


def test_a_template_that_is_not_registered_is_named(sms_shop):
    sms_shop.start_sms(MSG91_TEMPLATE_VOUCHER="")
    dead = sms_shop.push_sms("voucher", data=TYPES["voucher"][0])
    assert sms_shop.sms_dead(dead) == ("no DLT template is registered for voucher: set MSG91_TEMPLATE_VOUCHER to"
                                       " MSG91's template id")
    sms_shop.sms_sent(sms_shop.push_sms())


def test_a_promotional_sender_sends_nothing_transactional(sms_shop):
    sms_shop.start_sms(MSG91_SENDER_ID="650001")
    assert "set MSG91_SENDER_ID" in sms_shop.sms_dead(sms_shop.push_sms())
    assert sms_shop.provider.posts == []
