"""The providers' own SDKs as judges: what they call valid is accepted, what they call invalid is not.

The packages are installed once, outside of the checkout: COUPON_SDKS, or ~/.cache/coupon-sdks.
"""
import base64
import json
import os
import pathlib
import subprocess

import pytest

from harness import webhooks
from harness.environment import fresh_directory
from harness.nginx import Server
from harness.npm import npm_packages

PACKAGES = {"razorpay": "2.9.8", "cashfree-pg": "6.0.6", "pg-sdk-node": "2.0.2", "@sendgrid/eventwebhook": "8.0.0",
            "twilio": "6.2.0", "sns-validator": "0.3.5"}
# pg-sdk-node takes any 0.4, and 0.4.1 has taken a function away that it calls.
OVERRIDES = {"class-transformer": "0.4.0"}
JUDGE = pathlib.Path(__file__).with_name("webhook_sdks.js")
SNS_URL = "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-test.pem"


@pytest.fixture(scope="module")
def sdks():
    """The folder with node_modules."""
    return npm_packages("COUPON_SDKS", PACKAGES, OVERRIDES)


def ask(sdks, questions):
    run = subprocess.run(["node", JUDGE], input=json.dumps(questions), capture_output=True, text=True, timeout=60,
                         env={**os.environ, "NODE_PATH": str(sdks / "node_modules")})
    answers = [line for line in run.stdout.splitlines() if line.startswith("ANSWERS ")]
    assert run.returncode == 0 and answers, run.stdout + run.stderr
    return json.loads(answers[-1].removeprefix("ANSWERS "))


def question(sdk, webhook, secret, **more):
    return {"sdk": sdk, "headers": webhook.headers, "body": webhook.body.decode("latin-1"), "secret": secret, **more}


@pytest.fixture(scope="module")
def secrets():
    return webhooks.secret_files()


@pytest.fixture
def port(new_shop, secrets):
    return new_shop(click_worker=False, servers={"main": Server(extra=webhooks.locations(secrets))}).edge.port()


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def variants(webhook, header, body_counts=True):
    """The webhook as it is, then with a byte of the body, of the signature changed."""
    value = webhook.headers[header]
    changed = ("B" if value[4] != "B" else "C") if value[4].isupper() else ("b" if value[4] != "b" else "c")
    wrong = webhook.but(headers=webhook.headers | {header: value[:4] + changed + value[5:]})
    bodies = [webhook.but(body=flipped(webhook.body, at)) for at in (3, len(webhook.body) // 2)] if body_counts else []
    return [webhook, *bodies, wrong]


def both_judge_alike(sdks, port, sdk, sent, secret, **more):
    verdicts = ask(sdks, [question(sdk, webhook, secret, **more) for webhook in sent])
    statuses = [webhook.send(port).status for webhook in sent]
    assert verdicts == [True] + [False] * (len(sent) - 1), verdicts
    assert [status == 200 for status in statuses] == verdicts, statuses
    assert set(statuses[1:]) == {401}, statuses


def test_razorpay(sdks, port):
    body = '{"event":"payment.captured","payload":{"payment":{"entity":{"amount":100,"notes":["ü"]}}}}'.encode("ascii", "replace")
    both_judge_alike(sdks, port, "razorpay", variants(webhooks.razorpay(body), "X-Razorpay-Signature"), webhooks.SECRET)


def test_cashfree(sdks, port):
    both_judge_alike(sdks, port, "cashfree", variants(webhooks.cashfree(), "x-webhook-signature"), webhooks.CASHFREE_SECRET)


def test_phonepe(sdks, port):
    """The body is not signed, which is why its trust is header-only."""
    sent = variants(webhooks.phonepe_v2(b'{"event":"checkout.order.completed","type":"CHECKOUT_ORDER_COMPLETED","payload":'
                                        b'{"state":"COMPLETED","amount":100}}'), "Authorization", body_counts=False)
    both_judge_alike(sdks, port, "phonepe", sent, webhooks.PHONEPE_CREDENTIALS)


def test_sendgrid(sdks, port):
    webhook = webhooks.sendgrid()
    sent = [webhook, webhook.but(body=flipped(webhook.body, 3)), webhook.but(body=webhook.body.rstrip()),
            webhook.with_headers(X_Twilio_Email_Event_Webhook_Timestamp="1600000000")]
    both_judge_alike(sdks, port, "sendgrid", sent, webhooks.sendgrid_public_key())


@pytest.mark.parametrize("fields", [
    {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+18005551212", "Body": "a b&c=d", "Empty": ""},
    {"zeta": "1", "Alpha": "2", "alpha": "3", "A": "ä€"}])
def test_twilio(sdks, port, fields):
    webhook = webhooks.twilio(fields)
    sent = [webhook, webhook.but(body=webhook.body.replace(b"=", b"=x", 1)),
            webhook.with_headers(X_Twilio_Signature="RSOYDt4T1cUTdK1PDd93/VVr8B8=")]
    both_judge_alike(sdks, port, "twilio", sent, webhooks.TWILIO_TOKEN, url=webhooks.TWILIO_URL)


def sns_signed(key, **changes):
    message = json.loads(webhooks.bkash(SigningCertURL=SNS_URL, **changes).body)
    names = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")
    text = "".join(f"{name}\n{message[name]}\n" for name in names)
    message["Signature"] = base64.b64encode(webhooks.openssl("dgst", "-sha1", "-sign", key, data=text.encode())).decode()
    return webhooks.bkash(**message)


def test_bkash(sdks, port):
    """The edge keeps what could be SNS's and calls it unverified; what the validator refuses by its address
    alone is refused at the edge too."""
    folder = fresh_directory("sns")
    webhooks.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out",
                     folder / "certificate.pem", "-subj", "/CN=sns.amazonaws.com", "-days", "2")
    good = sns_signed(folder / "key.pem")
    forged = good.but(body=good.body.replace(b'\\"10\\"', b'\\"90\\"'))
    elsewhere = good.but(body=good.body.replace(b"amazonaws.com/Simple", b"amazonaws.com.evil.example/Simple"))
    sent = [good, forged, elsewhere]
    assert len({webhook.body for webhook in sent}) == 3
    certificate = (folder / "certificate.pem").read_text()
    assert ask(sdks, [question("sns", webhook, certificate) for webhook in sent]) == [True, False, False]
    assert [webhook.send(port).status for webhook in sent] == [200, 200, 401]
