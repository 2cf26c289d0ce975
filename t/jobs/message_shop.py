"""A database, Redis, the providers' stand-ins and coupon-worker email or sms processes that belong together."""
import contextlib
import json
import uuid

from harness.message_stand_ins import MessageStandIn
from harness.waiting import eventually

from .job_shop import JobShop

SECRETS = {"SENDGRID_API_KEY": "SG.secret-key-of-sendgrid", "SMTP_PASSWORD": "secret-of-smtp",
           "MSG91_AUTH_KEY": "secret-key-of-msg91", "TWILIO_AUTH_TOKEN": "secret-token-of-twilio"}


class MessageShop(JobShop):
    """`provider` plays all three HTTP providers; a worker is told of them unless the test says otherwise."""

    def __init__(self, *arguments, after=0.0, **options):
        super().__init__(*arguments, **options)
        self.closing = contextlib.ExitStack()
        self.provider = MessageStandIn(after)
        self.closing.callback(self.provider.close)

    @property
    def environment(self):
        return super().environment | SECRETS | {
            "SENDGRID_BASE_URL": self.provider.url, "FROM_EMAIL": "shop@shop.test", "FROM_NAME": "The Shop",
            "SHOP_NAME": "The Shop", "SHOP_URL": "https://shop.test",
            "MSG91_BASE_URL": self.provider.url, "MSG91_SENDER_ID": "COUPON",
            "MSG91_TEMPLATE_OTP": "flow-otp", "MSG91_TEMPLATE_ORDER_CONFIRMATION": "flow-order",
            "MSG91_TEMPLATE_VOUCHER": "flow-voucher", "MSG91_TEMPLATE_CASHBACK_CREDITED": "flow-cashback",
            "MSG91_TEMPLATE_WITHDRAWAL_PROCESSED": "flow-withdrawal",
            "TWILIO_BASE_URL": self.provider.url, "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
            "TWILIO_FROM": "+15005550006", "TWILIO_WHATSAPP_FROM": "+15005550007"}

    def start_email(self, *arguments, **environment):
        return self.start_worker(*arguments, role="email", **environment)

    def start_sms(self, *arguments, **environment):
        return self.start_worker(*arguments, role="sms", **environment)

    def close(self):
        try:
            super().close()
            for secret in SECRETS.values():
                assert secret not in self.log(), "a secret stands in the log"
        finally:
            self.closing.close()

    # --- messages

    def push_to(self, queue, *entries):
        """As FastAPI pushes them."""
        texts = [entry if isinstance(entry, (str, bytes)) else json.dumps(entry) for entry in entries]
        for first in range(0, len(texts), 500):
            self.redis.rpush(f"queue:{queue}", *texts[first:first + 500])

    def push_email(self, type="otp", to="asha@example.com", data=None, **members):
        """The id of the entry."""
        entry = {"id": str(uuid.uuid4()), "type": type, "to": to, "data": data or OTP} | members
        self.push_to("email", entry)
        return entry["id"]

    def push_sms(self, type="otp", to="+919876543210", data=None, **members):
        entry = {"id": str(uuid.uuid4()), "type": type, "to": to, "data": data or OTP} | members
        self.push_to("sms", entry)
        return entry["id"]

    def add_row(self, queue="email", type="otp", to="asha@example.com", data=None, **columns):
        """As FastAPI inserts it; the row's id as text."""
        columns = {"type": type, '"to"': to, "data": json.dumps(data or OTP)} | columns
        return self.database.value(
            f"INSERT INTO {queue}_queue ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
            " RETURNING id::text", list(columns.values()))

    def message(self, id, queue="email"):
        return self.database.row(f"SELECT *, scheduled_at - now() AS wait FROM {queue}_queue WHERE id::text = %s", [id])

    def events(self, id, queue="email"):
        """The statuses of its timeline, in order."""
        return [row["status"] for row in self.database.run(
            "SELECT status FROM message_events WHERE queue = %s AND message_id = %s ORDER BY id", [queue, id])]

    def reaches(self, id, queue="email", within_s=20, **columns):
        """Waits until the row's columns are as given; the row."""
        def reached():
            row = self.message(id, queue)
            return row if row and all(row[name] == value for name, value in columns.items()) else None
        try:
            return eventually(reached, f"message {id} with {columns}", within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\nit is {self.message(id, queue)}\n{self.log()[-2000:]}") from None

    def is_sent(self, id, queue="email", within_s=20):
        return self.reaches(id, queue, within_s, status="completed", delivery_status="sent")


OTP = {"otp": "482913", "name": "Asha"}
