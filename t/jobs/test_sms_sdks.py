"""MSG91's and Twilio's own SDKs send the same messages: our requests are theirs.

The packages are installed once, outside of the checkout: COUPON_SMS_SDKS, or ~/.cache/coupon-sms-sdks.
"""
import json
import os
import pathlib
import subprocess
import urllib.parse

import pytest

from harness.message_stand_ins import Reply
from harness.npm import npm_packages

from .sms_fixtures import new_sms_shop, sms_shop  # noqa: F401

PACKAGES = {"msg91": "2.2.8", "twilio": "6.2.0"}
SENDER = pathlib.Path(__file__).with_name("sms_sdks.js")
ACCOUNT = "AC" + "1" * 32


@pytest.fixture(scope="module")
def sdks():
    """The folder with node_modules."""
    return npm_packages("COUPON_SMS_SDKS", PACKAGES)


def requests_of(sdks, **questions):
    run = subprocess.run(["node", SENDER], input=json.dumps(questions), capture_output=True, text=True, timeout=60,
                         env={**os.environ, "NODE_PATH": str(sdks / "node_modules")})
    answers = [line for line in run.stdout.splitlines() if line.startswith("REQUESTS ")]
    assert run.returncode == 0 and answers, run.stdout + run.stderr
    return json.loads(answers[-1].removeprefix("REQUESTS "))


def test_msg91_gets_what_its_sdk_sends(sms_shop, sdks):
    theirs, = requests_of(sdks, msg91={
        "key": "secret-key-of-msg91", "flow": "flow-otp", "sender": "COUPON",
        "recipient": {"mobiles": "919876543210", "otp": "482913", "shop": "The Shop"}})["msg91"]
    sms_shop.start_sms()
    sms_shop.sms_sent(sms_shop.push_sms())
    ours, = sms_shop.provider.posts
    assert ours.method == theirs["method"]
    assert ours.path == urllib.parse.urlsplit(theirs["url"]).path.rstrip("/")
    assert ours.headers["authkey"] == theirs["headers"]["authkey"]
    body = json.loads(theirs["data"])
    body["template_id"] = body.pop("flow_id")  # its name before
    assert ours.json == body


def test_twilio_gets_what_its_sdk_sends(sms_shop, sdks):
    text = "482913 is your OTP for The Shop. Do not share it with anyone."
    create, listing = requests_of(sdks, twilio={
        "account": ACCOUNT, "token": "secret-token-of-twilio", "since": "2026-11-21T00:00:00Z",
        "message": {"to": "+919876543210", "from": "+15005550006", "body": text, "validityPeriod": 600,
                    "statusCallback": "https://shop.test/webhooks/twilio"}})["twilio"]
    sms_shop.provider.script(Reply(reset=True))
    sms_shop.start_sms("--unknown-wait", "1", SMS_PROVIDERS="twilio",
                       TWILIO_STATUS_CALLBACK="https://shop.test/webhooks/twilio")
    sms_shop.sms_sent(sms_shop.push_sms())
    lost, asked, _ = sms_shop.provider.sent
    for ours, theirs in ((lost, create), (asked, listing)):
        assert ours.method == theirs["method"]
        assert ours.path.split("?")[0] == urllib.parse.urlsplit(theirs["url"]).path
        assert ours.headers["authorization"] == theirs["headers"]["Authorization"]
    form, theirs = lost.form, dict(urllib.parse.parse_qsl(create["data"]))
    assert 500 < int(form.pop("ValidityPeriod")) <= int(theirs.pop("ValidityPeriod"))
    assert form == theirs
    query, theirs = (dict(urllib.parse.parse_qsl(url.split("?")[1])) for url in (asked.path, listing["url"]))
    assert query.pop("DateSent>") and theirs.pop("DateSent>")
    assert query == theirs
