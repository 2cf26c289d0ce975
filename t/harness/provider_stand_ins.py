"""The gateways' own APIs, as far as the workers ask them, and the certificates of SNS."""
import base64
import datetime
import json
import subprocess
import urllib.parse

from .environment import fresh_directory
from .stand_in import Answer, StandIn


class Phonepe(StandIn):
    """v2: knows the orders and refunds that were put into `orders` and `refunds`."""

    def __init__(self):
        super().__init__()
        self.orders, self.refunds = {}, {}
        self.token = "token-1"
        self.answer("/v1/oauth/token", lambda call: Answer(json={
            "access_token": self.token, "token_type": "O-Bearer", "expires_at": 4_000_000_000}))
        self.answer("/checkout/v2/order/", lambda call: self._status(call, self.orders))
        self.answer("/payments/v2/refund/", lambda call: self._status(call, self.refunds))

    @property
    def environment(self):
        return {"PHONEPE_BASE_URL": self.url, "PHONEPE_CLIENT_ID": "client", "PHONEPE_CLIENT_SECRET": "s3cret"}

    def _status(self, call, known):
        if call.headers.get("authorization") != f"O-Bearer {self.token}":
            return Answer(401, json={"code": "AUTHORIZATION_FAILED"})
        found = known.get(urllib.parse.unquote(call.path.split("/")[4]))
        return Answer(json=found) if found else Answer(400, json={"code": "BAD_REQUEST"})


class Sslcommerz(StandIn):
    """Validates what was put into `payments`, by val_id."""

    def __init__(self):
        super().__init__()
        self.payments = {}
        self.answer("/validator/api/validationserverAPI.php", self._validate)

    @property
    def environment(self):
        return {"SSLCOMMERZ_BASE_URL": self.url, "SSLCOMMERZ_STORE_ID": "store",
                "SSLCOMMERZ_STORE_PASSWORD": "store password"}

    def _validate(self, call):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(call.path).query))
        if (query["store_id"], query["store_passwd"]) != ("store", "store password"):
            return Answer(json={"APIConnect": "INVALID_REQUEST"})
        return Answer(json=self.payments.get(query["val_id"], {"APIConnect": "DONE", "status": "INVALID_TRANSACTION"}))


class Bkash(StandIn):
    """Grants a token and finds what was put into `transactions`."""

    def __init__(self):
        super().__init__()
        self.transactions = {}
        self.answer("/token/grant", Answer(json={"id_token": "id-token", "expires_in": 3600,
                                                 "statusCode": "0000"}))
        self.answer("/general/searchTransaction", lambda call: Answer(json=self.transactions.get(
            call.json["trxID"], {"statusCode": "2002", "statusMessage": "unknown"})))

    @property
    def environment(self):
        return {"BKASH_BASE_URL": self.url, "BKASH_USERNAME": "user", "BKASH_PASSWORD": "password",
                "BKASH_APP_KEY": "key", "BKASH_APP_SECRET": "secret"}


class Sns(StandIn):
    """Serves a certificate, and signs messages with its key."""
    HOST = "https://sns.ap-southeast-1.amazonaws.com"
    CERTIFICATE_URL = f"{HOST}/SimpleNotificationService-0.pem"
    TOPIC = "arn:aws:sns:ap-southeast-1:123456789012:bkash"

    def __init__(self):
        super().__init__(otherwise=Answer(200, body=b"<ok/>"))
        self.directory = fresh_directory("sns")
        self.key = self.directory / "key.pem"
        certificate = self.directory / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out",
                        certificate, "-days", "2", "-subj", "/CN=sns.amazonaws.com"], check=True,
                       capture_output=True)
        self.answer("/SimpleNotificationService-0.pem", Answer(body=certificate.read_bytes()))

    @property
    def environment(self):
        return {"SNS_BASE_URL": self.url}

    def envelope(self, message, kind="Notification", **more):
        """The signed body; `message` is a text, or becomes JSON."""
        fields = {"Type": kind, "MessageId": f"m-{datetime.datetime.now().timestamp()}", "TopicArn": self.TOPIC,
                  "Message": message if isinstance(message, str) else json.dumps(message),
                  "Timestamp": "2026-01-01T00:00:00.000Z", "SignatureVersion": "2",
                  "SigningCertURL": self.CERTIFICATE_URL} | more
        names = (["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"] if kind == "Notification"
                 else ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"])
        text = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields)
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(),
                                   check=True, capture_output=True).stdout
        return fields | {"Signature": base64.b64encode(signature).decode()}
