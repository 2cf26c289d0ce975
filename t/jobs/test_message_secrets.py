"""Keys, passwords, one-time passwords and links that log in are in no log, no command line, no error text, no metric
and no answer of couponctl, whatever goes wrong."""
import pathlib
import urllib.request

import pytest

from harness.message_stand_ins import Reply
from harness.process import free_port
from harness.shop import couponctl
from harness.smtp_stand_in import SmtpStandIn
from harness.waiting import eventually

from .message_shop import SECRETS

PRIVATE = {"otp": "739154", "token": "reset-token-of-asha", "url": "https://shop.test/reset/reset-token-of-asha"}
TROUBLE = [Reply(status=401, body=b'{"errors":[{"message":"bad key %s"}]}' % SECRETS["SENDGRID_API_KEY"].encode()),
           Reply(status=400, body=b'{"errors":[{"message":"%s","field":"content"}]}' % PRIVATE["otp"].encode()),
           Reply(status=429), Reply(status=500), Reply(reset=True), Reply(close=True), Reply(status=200, body=b"{"),
           Reply(status=404, body=SECRETS["MSG91_AUTH_KEY"].encode())]


@pytest.fixture
def smtp():
    server = SmtpStandIn(tls=False, user="shop", password="another password")   # ours is refused
    yield server
    server.close()


def texts_of(shop, workers, port, rows):
    """Everything a person or a log collector may get to see."""
    yield "the log", shop.log()
    for worker in workers:
        yield "a command line", pathlib.Path(f"/proc/{worker.pid}/cmdline").read_bytes().decode()
    for table, columns in (("email_queue", "last_error"), ("sms_queue", "last_error"), ("message_events", "reason")):
        for row in shop.database.run(f"SELECT {columns} AS text FROM {table}"):
            yield f"{table}.{columns}", row["text"] or ""
    yield "the metrics", urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    environment = shop.environment
    for row in rows:
        run = couponctl("notifications", "show", row, environment=environment)
        yield "notifications show", run.stdout + run.stderr
    run = couponctl("notifications", "list", environment=environment)
    yield "notifications list", run.stdout + run.stderr


def test_secrets_are_nowhere(message_shop, smtp):
    port = free_port()
    message_shop.provider.script(*TROUBLE)
    workers = [message_shop.start_email(METRICS_LISTEN=f"127.0.0.1:{port}"),
               message_shop.start_sms(SMS_PROVIDERS="msg91,twilio"),
               message_shop.start_email(EMAIL_PROVIDERS="smtp", SMTP_URL=smtp.url, SMTP_USER="shop", SMTP_TLS="off")]
    rows = []
    for number in range(len(TROUBLE) * 2):
        rows.append(message_shop.add_row("email", to=f"asha-{number}@example.com",
                                         data={"otp": PRIVATE["otp"], "name": "Asha"}))
        rows.append(message_shop.add_row("email", "password_reset", to=f"asha-{number}@example.com",
                                         data={"reset_url": PRIVATE["url"], "token": PRIVATE["token"], "name": "Asha"}))
        rows.append(message_shop.add_row("sms", to=f"+9198765432{number:02d}", data={"otp": PRIVATE["otp"]}))
    message_shop.push_to("email", "no json " + PRIVATE["otp"], {"type": "otp", "data": {"otp": PRIVATE["otp"]}},
                         {"id": "x", "type": "otp", "to": "a@b.example\r\nBcc: x", "data": {"otp": PRIVATE["otp"]}})
    eventually(lambda: message_shop.provider.scripted == 0 and message_shop.database.value(
        "SELECT (SELECT count(*) FROM email_queue WHERE status = 'processing')"
        " + (SELECT count(*) FROM sms_queue WHERE status = 'processing')") == 0, "each trouble was had", 60)
    hidden = [*SECRETS.values(), *PRIVATE.values()]
    seen = 0
    for where, text in texts_of(message_shop, workers, port, rows[:12]):
        seen += 1
        for secret in hidden:
            assert secret not in text, f"a secret stands in {where}"
    assert seen > 20
