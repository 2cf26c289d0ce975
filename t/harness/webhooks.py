"""Webhooks as their providers send them, signed with secrets of the tests; and how an edge is told."""
import base64
import hashlib
import hmac
import json
import subprocess
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field, replace

from . import http
from .environment import fresh_directory

SECRET = "a razorpay secret, with a comma"
OLD_SECRET = "the razorpay secret of last year"
CASHFREE_SECRET = "cfsk_test_0123456789abcdef"
PHONEPE_SALT, PHONEPE_INDEX = "099eb0cd-02cf-4e2a-8aca-3e6c6aff0399", "1"
PHONEPE_CREDENTIALS = "shop_user:Passw0rd2026"
STORE_PASSWORD = "test_testemi@ssl"
TWILIO_TOKEN = "12345678901234567890123456789012"
TWILIO_URL = "https://shop.example/webhooks/twilio?from=twilio"
STANDARD_KEY = bytes(range(32))
HMAC_SECRET = "a secret of some other provider"
TOKEN = "tok_0123456789abcdef0123"
OLD_TOKEN = "tok_of-the.last~year_0123"
TOPIC = "arn:aws:sns:ap-southeast-1:123456789012:payments"

SENDGRID_DIRECTORY = None


@dataclass
class Webhook:
    """One request, as bytes."""
    path: str
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    method: str = "POST"

    def but(self, **changes):
        return replace(self, **changes)

    def with_headers(self, **changes):
        """Header names with underscores; None takes one away."""
        headers = dict(self.headers)
        for name, value in changes.items():
            name = name.replace("_", "-")
            headers.pop(name, None)
            if value is not None:
                headers[name] = value
        return replace(self, headers=headers)

    def raw(self, keep_alive=True, version="1.1"):
        pairs = [("Host", "shop.test"), *self.headers.items()]
        if self.body or self.method == "POST":
            pairs.append(("Content-Length", str(len(self.body))))
        if not keep_alive:
            pairs.append(("Connection", "close"))
        lines = [f"{self.method} {self.path} HTTP/{version}", *(f"{name}: {value}" for name, value in pairs)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body

    def send(self, port, source=None):
        with http.Connection(port, source) as connection:
            connection.send(self.raw())
            return connection.read(self.method)


def hmac_hex(secret, message, algorithm="sha256"):
    return hmac.new(secret.encode(), message, algorithm).hexdigest()


def hmac_base64(secret, message, algorithm="sha256"):
    key = secret if isinstance(secret, bytes) else secret.encode()
    return base64.b64encode(hmac.new(key, message, algorithm).digest()).decode()


def to_json(value):
    return json.dumps(value, separators=(",", ":")).encode()


def razorpay(body=None, secret=SECRET, event="payment.captured"):
    if body is None:
        body = to_json({"entity": "event", "event": event, "id": uuid.uuid4().hex})
    return Webhook("/webhooks/razorpay", body, {
        "Content-Type": "application/json", "X-Razorpay-Signature": hmac_hex(secret, body),
        "X-Razorpay-Event-Id": "evt_1", "User-Agent": "Razorpay-Webhook/v1"})


def cashfree(body=b'{"type":"PAYMENT_SUCCESS_WEBHOOK","data":{"payment":{"payment_amount":170.00}}}', at_ms=None):
    stamp = str(at_ms or int(time.time() * 1000))
    return Webhook("/webhooks/cashfree", body, {
        "Content-Type": "application/json", "x-webhook-timestamp": stamp, "x-webhook-version": "2023-08-01",
        "x-webhook-signature": hmac_base64(CASHFREE_SECRET, stamp.encode() + body)})


def phonepe_v1(payload=None):
    response = base64.b64encode(to_json(payload or {"success": True, "code": "PAYMENT_SUCCESS"})).decode()
    digest = hashlib.sha256((response + PHONEPE_SALT).encode()).hexdigest()
    return Webhook("/webhooks/phonepe", to_json({"response": response}), {
        "Content-Type": "application/json", "X-VERIFY": f"{digest}###{PHONEPE_INDEX}"})


def phonepe_v2(body=b'{"event":"checkout.order.completed","payload":{"state":"COMPLETED"}}'):
    return Webhook("/webhooks/phonepe", body, {
        "Content-Type": "application/json",
        "Authorization": hashlib.sha256(PHONEPE_CREDENTIALS.encode()).hexdigest()})


def sslcommerz(**changes):
    fields = {"tran_id": "5E121A0D01F92", "val_id": "200105225826116qFnATY9sHIwo", "amount": "10.00",
              "status": "VALID", "currency": "BDT", "store_id": "test_testemi", "tran_date": "2020-01-05 22:58:21",
              "card_issuer": "TRUST BANK, LTD."} | changes
    names = sorted(fields)

    def sign(algorithm):
        password = hashlib.new(algorithm, STORE_PASSWORD.encode()).hexdigest()
        signed = sorted([*fields.items(), ("store_passwd", password)])
        return hashlib.new(algorithm, "&".join(f"{name}={value}" for name, value in signed).encode()).hexdigest()
    form = fields | {"verify_key": ",".join(names), "verify_sign": sign("md5"), "verify_sign_sha2": sign("sha256")}
    return Webhook("/webhooks/sslcommerz", urllib.parse.urlencode(form).encode(),
                   {"Content-Type": "application/x-www-form-urlencoded"})


def bkash(topic=TOPIC, **changes):
    """The edge looks at topic and certificate host only; the signature is the worker's to check."""
    message = {"Type": "Notification", "MessageId": str(uuid.uuid4()), "TopicArn": topic,
               "Message": '{"trxID":"4J420ANOXC","amount":"10"}', "Timestamp": "2026-01-05T10:00:00.000Z",
               "SignatureVersion": "1", "Signature": base64.b64encode(b"s" * 256).decode(),
               "SigningCertURL": "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-1.pem",
               "UnsubscribeURL": "https://sns.ap-southeast-1.amazonaws.com/?Action=Unsubscribe"} | changes
    return Webhook("/webhooks/bkash", to_json(message),
                   {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"})


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=True).stdout


def sendgrid_directory():
    """Of the key pair, made once a run."""
    global SENDGRID_DIRECTORY
    if SENDGRID_DIRECTORY is None:
        SENDGRID_DIRECTORY = fresh_directory("sendgrid")
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", SENDGRID_DIRECTORY / "key.pem")
    return SENDGRID_DIRECTORY


def sendgrid_public_key():
    der = openssl("ec", "-in", sendgrid_directory() / "key.pem", "-pubout", "-outform", "DER")
    return base64.b64encode(der).decode()


def sendgrid(body=b'[{"email":"hello@world.com","event":"delivered","sg_event_id":"ZHJvcC0x"}]\r\n', at_s=None):
    stamp = str(at_s or int(time.time()))
    signature = openssl("dgst", "-sha256", "-sign", sendgrid_directory() / "key.pem", data=stamp.encode() + body)
    return Webhook("/webhooks/sendgrid", body, {
        "Content-Type": "application/json", "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode()})


def twilio(fields=None):
    fields = fields or {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+18005551212"}
    text = TWILIO_URL + "".join(name + fields[name] for name in sorted(fields))
    return Webhook("/webhooks/twilio?from=twilio", urllib.parse.urlencode(fields).encode(), {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": hmac_base64(TWILIO_TOKEN, text.encode(), "sha1")})


def msg91(token=TOKEN, body=b'{"requestId":"r1","telNum":"919900000000","status":"1"}'):
    return Webhook(f"/webhooks/msg91/{token}", body, {"Content-Type": "application/json"})


def postback(network, token=TOKEN, method="GET", **parameters):
    query = urllib.parse.urlencode(parameters)
    if method == "GET":
        return Webhook(f"/webhooks/{network}/{token}?{query}", b"", {}, "GET")
    return Webhook(f"/webhooks/{network}/{token}", query.encode(),
                   {"Content-Type": "application/x-www-form-urlencoded"})


def hmac_provider(body=b'{"what":"ever"}', at_s=None):
    stamp = str(at_s or int(time.time()))
    return Webhook("/webhooks/other", body, {
        "X-Stamp": stamp, "X-Signed": "sha512=" + hmac_hex(HMAC_SECRET, stamp.encode() + b"." + body, "sha512")})


def standard_webhook(body=b'{"type":"x"}', at_s=None):
    stamp, message = str(at_s or int(time.time())), "msg_1"
    signature = hmac_base64(STANDARD_KEY, f"{message}.{stamp}.".encode() + body)
    return Webhook("/webhooks/standard", body, {
        "webhook-id": message, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"})


# name → one good webhook; the trust that its verdict stands on.
GOOD = {
    "razorpay": (razorpay, "body-signed"),
    "phonepe v1": (phonepe_v1, "body-signed"),
    "phonepe v2": (phonepe_v2, "header-only"),
    "cashfree": (cashfree, "body-signed"),
    "sslcommerz": (sslcommerz, "header-only"),
    "bkash": (bkash, "unverified"),
    "sendgrid": (sendgrid, "body-signed"),
    "twilio": (twilio, "body-signed"),
    "msg91": (msg91, "token-only"),
    "admitad": (lambda: postback("admitad", subid4="front-1", admitad_id="77", payment_status="new"), "token-only"),
    "admitad POST": (lambda: postback("admitad", method="POST", subid4="front-1", admitad_id="78"), "token-only"),
    "vcommission": (lambda: postback("vcommission", p1="front-1", txn_id="t-1", payout="10.5"), "token-only"),
    "cuelinks": (lambda: postback("cuelinks", click_id="front-1", transaction_id="t-2"), "token-only"),
    "hmac": (hmac_provider, "body-signed"),
    "standard-webhooks": (standard_webhook, "body-signed"),
}


def secret_files():
    """The secrets of all providers, each in its file; returns the folder."""
    folder = fresh_directory("webhook-secrets")
    for name, text in {
            "razorpay": f"{SECRET}\n{OLD_SECRET}", "cashfree": CASHFREE_SECRET, "salt": PHONEPE_SALT,
            "phonepe": PHONEPE_CREDENTIALS, "sslcommerz": STORE_PASSWORD, "sendgrid": sendgrid_public_key(),
            "twilio": TWILIO_TOKEN, "hmac": HMAC_SECRET, "token": f"{TOKEN}\n{OLD_TOKEN}",
            "standard": "whsec_" + base64.b64encode(STANDARD_KEY).decode()}.items():
        (folder / name).write_text(text + "\n")
    return folder


def locations(secrets, more=""):
    """A location for each provider; `more` goes into all of them."""
    body_max = "client_max_body_size 128k;"
    token = f"coupon_webhook_token file:{secrets}/token;"
    inside = {
        "= /webhooks/razorpay": f"coupon_webhook razorpay; coupon_webhook_secret file:{secrets}/razorpay;",
        "= /webhooks/phonepe": f"coupon_webhook phonepe; coupon_webhook_secret file:{secrets}/salt index={PHONEPE_INDEX};"
                               f" coupon_webhook_secret file:{secrets}/phonepe;",
        "= /webhooks/cashfree": f"coupon_webhook cashfree; coupon_webhook_secret file:{secrets}/cashfree;"
                                " coupon_webhook_tolerance 5m;",
        "= /webhooks/sslcommerz": f"coupon_webhook sslcommerz; coupon_webhook_secret file:{secrets}/sslcommerz;",
        "= /webhooks/bkash": f"coupon_webhook bkash; coupon_webhook_topic arn:aws:sns:x:1:other {TOPIC};",
        "= /webhooks/sendgrid": f"coupon_webhook sendgrid; coupon_webhook_secret file:{secrets}/sendgrid;",
        "= /webhooks/twilio": f"coupon_webhook twilio; coupon_webhook_secret file:{secrets}/twilio;"
                              f" coupon_webhook_url {TWILIO_URL};",
        "/webhooks/msg91/": f"coupon_webhook msg91; {token}",
        "/webhooks/admitad/": f"coupon_webhook admitad; {token} coupon_webhook_map click=subid4 id=admitad_id;",
        "/webhooks/vcommission/": f"coupon_webhook vcommission; {token}",
        "/webhooks/cuelinks/": f"coupon_webhook cuelinks; {token}",
        "= /webhooks/other": "coupon_webhook hmac header=X-Signed prefix=sha512= algorithm=sha512 encoding=hex"
                             " 'signed={header:X-Stamp}.{body}' time=X-Stamp;"
                             f" coupon_webhook_secret file:{secrets}/hmac; coupon_webhook_tolerance 5m;",
        "= /webhooks/standard": f"coupon_webhook standard-webhooks; coupon_webhook_secret file:{secrets}/standard;"
                                " coupon_webhook_tolerance 5m;",
    }
    return "\n".join(f"        location {name} {{ {text} {body_max} {more} }}" for name, text in inside.items())
