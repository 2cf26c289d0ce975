"""What a worker for text messages is told: everything wrong is named, before a message is taken."""
import pytest

from .sms_fixtures import new_sms_shop, sms_shop, templates  # noqa: F401


@pytest.mark.parametrize("settings, said", [
    ({"MSG91_AUTH_KEY": ""}, "MSG91_AUTH_KEY is not set"),
    ({"MSG91_SENDER_ID": "SHOP"}, "MSG91_SENDER_ID is neither 6 letters (transactional) nor 6 digits (promotional)"),
    ({"MSG91_PROMOTIONAL_SENDER_ID": "COUPON"}, "MSG91_PROMOTIONAL_SENDER_ID is not 6 digits"),
    ({"MSG91_BASE_URL": "ftp://msg91.test"}, "MSG91_BASE_URL is no http or https URL"),
    ({"MSG91_RATE": "fast"}, "MSG91_RATE"),
    ({"SMS_PROVIDERS": "msg91,pigeon"}, "SMS_PROVIDERS: give msg91, twilio or both"),
    ({"SMS_PROVIDERS": "msg91,msg91"}, "SMS_PROVIDERS: give msg91, twilio or both"),
    ({"SMS_PROVIDERS": "twilio", "TWILIO_ACCOUNT_SID": ""}, "TWILIO_ACCOUNT_SID is not set"),
    ({"SMS_PROVIDERS": "twilio", "TWILIO_MESSAGING_SERVICE_SID": "MG1"}, "are both set: keep one of them"),
    ({"SMS_PROVIDERS": "twilio", "TWILIO_FROM": "", "TWILIO_WHATSAPP_FROM": ""}, "Twilio needs a sender"),
    ({"SMS_PROVIDERS": "twilio", "TWILIO_WHATSAPP_FROM": "shop"}, "TWILIO_WHATSAPP_FROM is no phone number"),
    ({"SMS_COUNTRY_CODE": "+91"}, "SMS_COUNTRY_CODE: give one to three digits"),
    ({"HTTPS_CA_FILE": "/nowhere"}, "HTTPS_CA_FILE names a file that cannot be read: /nowhere"),
    ({"OTP_VALID_SECONDS": "soon"}, "OTP_VALID_SECONDS"),
    ({"TEMPLATE_DIR": "/nowhere"}, "TEMPLATE_DIR: /nowhere/sms cannot be read"),
    ({"SHOP_NAME": ""}, "SHOP_NAME is not set: it is what text messages say for {{shop}}")])
def test_a_wrong_setting_is_named_at_the_start_and_by_check(sms_shop, settings, said):
    for arguments, status in ((["--check"], 1), ([], 2)):
        worker = sms_shop.run_sms(*arguments, **settings)
        assert worker.wait() == status
        assert said in worker.tail()


def test_check_names_everything_at_once(sms_shop):
    worker = sms_shop.run_sms("--check", MSG91_AUTH_KEY="", MSG91_TEMPLATE_OTP="", MSG91_TEMPLATE_VOUCHER="",
                              SMS_COUNTRY_CODE="x")
    assert worker.wait() == 1
    for said in ("MSG91_AUTH_KEY is not set", "not set: MSG91_TEMPLATE_OTP, MSG91_TEMPLATE_VOUCHER", "SMS_COUNTRY_CODE"):
        assert said in worker.tail()


@pytest.mark.parametrize("providers", ["msg91", "twilio", "twilio, msg91"])
def test_check_is_content_with_what_is_well(sms_shop, providers):
    worker = sms_shop.run_sms("--check", SMS_PROVIDERS=providers)
    assert worker.wait() == 0, worker.tail()
    assert "settings, Redis and PostgreSQL are fine" in worker.tail()


def test_a_broken_template_stops_the_start_with_its_file_and_member(sms_shop):
    folder = templates(otp='{"category": "transactional", "variables": [], "text": "{{otp}}"}')
    worker = sms_shop.run_sms(TEMPLATE_DIR=folder)
    assert worker.wait() == 2
    assert f"{folder}/sms/otp.json: text: {{{{otp}}}} is none of the variables" in worker.tail()
