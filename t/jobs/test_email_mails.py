"""What a job of each type becomes when it is mailed, and which jobs never are."""
import json
import shutil
import time
import uuid

import pytest

from harness.environment import CHECKOUT, COUPON_WORKER
from harness.process import Process
from harness.waiting import eventually

TEMPLATES = CHECKOUT / "workers" / "templates" / "email"
TYPES = ["welcome", "otp", "order_confirmation", "order_failed", "cashback_credited", "cashback_pending",
         "withdrawal_processed", "password_reset", "alert"]
UNSUBSCRIBE = "https://shop.test/stop?who={email}&what={type}"


def sample(name):
    return json.loads((TEMPLATES / f"{name}.sample.json").read_text())


@pytest.fixture
def shop(message_shop):
    message_shop.start_email(UNSUBSCRIBE_URL=UNSUBSCRIBE)
    return message_shop


def mail_of(shop, id):
    """The request that carried it, once it is sent."""
    row = shop.is_sent(id)
    call, = [call for call in shop.provider.posts if call.id == id]
    assert row["provider"] == "sendgrid" and row["provider_message_id"].startswith("sg-")
    return call.json


def text_of(request):
    return request["content"][0]["value"]


def html_of(request):
    return request["content"][1]["value"]


def dead(shop, **job):
    """Why a job became a dead letter."""
    return shop.reaches(shop.push_email(**job), status="failed")["last_error"]


# What a reader must find in each of them.
SHOWN = {"welcome": ["Priya Sharma", "https://shop.example/verify?token=f3b1c2d4e5"],
         "otp": ["482913", "10 minutes"],
         "order_confirmation": ["CPN-2026-001042", "₹1,999.00", "AMZN-7K2P-9XQ4-TT10", "558201", "20 Nov 2027",
                                "FLIP00000000000000000000418273645500", "PLAIN-CODE-1234"],
         "order_failed": ["CPN-2026-001043", "₹499.50", "The payment was declined by the bank"],
         "cashback_credited": ["₹125.50", "Myntra", "₹1,325.50"],
         "cashback_pending": ["₹1,23,456.50", "Ajio", "15 Jan 2027"],
         "withdrawal_processed": ["₹2,500.00", "N326261234567890"],
         "password_reset": ["https://shop.example/reset?token=0a1b2c3d4e5f", "30 minutes"],
         "alert": ["no sms worker has been there", "2026-11-21T02:03:00Z", "Redis does not answer"]}


@pytest.mark.parametrize("name", TYPES)
def test_each_type_arrives(shop, name):
    id = shop.push_email(name, data=sample(name))
    request = mail_of(shop, id)
    assert request["personalizations"][0]["custom_args"] == {"coupon_id": id}
    assert request["personalizations"][0]["to"][0]["email"] == "asha@example.com"
    assert request["from"] == {"email": "shop@shop.test", "name": "The Shop"}
    assert request["categories"] == [name]
    assert [part["type"] for part in request["content"]] == ["text/plain", "text/html"]
    for words in SHOWN[name] + ["The Shop"]:
        assert words in text_of(request) and words in html_of(request).replace("&amp;", "&"), words
    assert "{{" not in json.dumps(request) and request["subject"].strip()
    call, = shop.provider.posts
    assert call.headers["authorization"] == "Bearer SG.secret-key-of-sendgrid"


@pytest.mark.parametrize("name", TYPES)
def test_only_a_reminder_can_be_unsubscribed(shop, name):
    request = mail_of(shop, shop.push_email(name, to="a+b@example.com", data=sample(name)))
    link = "https://shop.test/stop?who=a%2Bb%40example.com&what=cashback_pending"
    if name == "cashback_pending":
        assert request["headers"] == {"List-Unsubscribe": f"<{link}>",
                                      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        assert link in text_of(request) and link.replace("&", "&amp;") in html_of(request)
        assert "mail_settings" not in request
    else:
        assert "headers" not in request and "/stop" not in json.dumps(request)
        assert request["mail_settings"] == {"bypass_unsubscribe_management": {"enable": True}}


def test_nothing_is_said_of_unsubscribing_where_that_cannot_be_done(message_shop):
    message_shop.start_email()
    request = mail_of(message_shop, message_shop.push_email("cashback_pending", data=sample("cashback_pending")))
    assert "headers" not in request and "nsubscribe" not in json.dumps(request)


def test_data_is_escaped_in_html_alone(shop):
    data = {"name": "<script>alert('x') & {{otp}}", "reset_url": "https://shop.test/r?a=1&b=2"}
    request = mail_of(shop, shop.push_email("password_reset", data=data))
    assert "<script>alert('x') & {{otp}}" in text_of(request)
    assert "&lt;script&gt;alert(&#39;x&#39;) &amp; {{otp}}" in html_of(request)
    assert "<script" not in html_of(request)
    assert 'href="https://shop.test/r?a=1&amp;b=2"' in html_of(request)


def test_rows_of_the_back_end_are_mailed_as_they_are(shop):
    id = shop.add_row(type="cashback_credited", data={"cashback_event_id": 5, "cashback_amount": 12.5})
    assert mail_of(shop, id)["subject"] == "₹12.50 cashback is in your wallet"


@pytest.mark.parametrize("name, missing", [
    ("welcome", "verify_url"), ("otp", "otp"), ("order_confirmation", "total_amount"), ("order_failed", "order_number"),
    ("cashback_credited", "amount"), ("cashback_pending", "amount"), ("withdrawal_processed", "utr"),
    ("withdrawal_processed", "amount"), ("password_reset", "reset_url")])
@pytest.mark.parametrize("blank", ["absent", None, ""])
def test_a_missing_variable_is_a_dead_letter_that_names_it(shop, name, missing, blank):
    data = {"name": "Asha"} | {key: value for key, value in sample(name).items() if key not in (missing, "order_id")}
    if blank != "absent":
        data[missing] = blank
    error = dead(shop, type=name, data=data)
    assert f"template {name}." in error and f"the variable {missing} is missing or empty" in error
    assert not shop.provider.posts


@pytest.mark.parametrize("job, says", [
    ({"to": "asha@example.com\r\nBcc: all@example.com"}, "recipient's address holds a control character"),
    ({"to": "asha@example.com\n"}, "recipient's address holds a control character"),
    ({"to": "no address"}, "recipient's address is no e-mail address"),
    ({"to": "Asha <asha@example.com>"}, "recipient's address is no e-mail address"),
    ({"to": "a@example.com,b@example.com"}, "recipient's address is no e-mail address"),
    ({"to": f"{'a' * 64}@{'d' * 63}.{'d' * 63}.{'d' * 63}.example.com"}, "recipient's address is longer than 254 bytes"),
    ({"data": {"otp": "1", "name": "Asha\r\nBcc: all@example.com"}}, "name holds a control character"),
    ({"type": "order_failed", "data": {"order_number": "1\r\nBcc: all@example.com"}}, "the variable order_number holds a line break"),
    ({"type": "order_failed", "data": {"order_number": "1" * 600}}, "the subject is longer than 500 bytes"),
    ({"type": "welcome", "data": {"verify_url": "javascript:alert(1)"}}, "verify_url is no absolute http or https link"),
    ({"type": "welcome", "data": {"verify_url": "https://shop.test/\r\nx"}}, "verify_url holds a line break"),
    ({"type": "welcome", "data": {"verify_url": "https://"}}, "verify_url is no absolute http or https link"),
    ({"type": "cashback_credited", "data": {"amount": "a lot"}}, "amount is no amount"),
    ({"type": "order_confirmation", "data": {"order_id": 1, "total_amount": 1, "vouchers": [{"pin": "1"}]}},
     "vouchers[0] has no code"),
    ({"type": "newsletter", "data": {"a": 1}}, "no e-mail template for the type \"newsletter\""),
    ({"data": {"otp": "1", "expires_at": "soon"}}, "expires_at is no time")],
    ids=lambda value: value if isinstance(value, str) else "")
def test_what_no_mail_may_hold_is_a_dead_letter(shop, job, says):
    error = dead(shop, **job)
    assert says in error, error
    assert "Bcc" not in error and "all@example.com" not in error
    assert not shop.provider.posts
    shop.is_sent(shop.push_email())  # and the next one goes out


class TestSuppressions:
    @staticmethod
    def suppress(shop, address, reason):
        shop.database.run("INSERT INTO suppressions (channel, address, reason) VALUES ('email', %s, %s)",
                          [address, reason])

    @pytest.mark.parametrize("reason", ["bounce", "spam", "manual"])
    def test_stop_everything(self, shop, reason):
        self.suppress(shop, "asha@example.com", reason)
        for name in TYPES:
            row = shop.reaches(shop.push_email(name, to="Asha@Example.com", data=sample(name)), status="completed")
            assert row["delivery_status"] == "suppressed" and row["provider_message_id"] is None
        assert not shop.provider.posts

    def test_an_unsubscribe_stops_what_nobody_asked_for(self, shop):
        self.suppress(shop, "asha@example.com", "unsubscribe")
        for name in TYPES:
            expected = "suppressed" if name == "cashback_pending" else "sent"
            shop.reaches(shop.push_email(name, data=sample(name)), status="completed", delivery_status=expected)
        assert {call.json["categories"][0] for call in shop.provider.posts} == set(TYPES) - {"cashback_pending"}

    def test_others_are_written_to(self, shop):
        self.suppress(shop, "someone@example.com", "bounce")
        shop.database.run("INSERT INTO suppressions (channel, address, reason) VALUES ('sms', 'asha@example.com', 'manual')")
        ids = [shop.push_email(to=to) for to in ("asha@example.com", "someone@example.com", "b@example.com")]
        for id, status in zip(ids, ("sent", "suppressed", "sent")):
            shop.reaches(id, status="completed", delivery_status=status)


class TestOneTimePasswords:
    def test_an_old_one_is_not_sent(self, shop):
        created = "2026-01-01T00:00:00Z"
        late = shop.add_row(created_at=created)
        other = shop.add_row(type="password_reset", data=sample("password_reset"), created_at=created)
        assert shop.reaches(late, status="completed")["delivery_status"] == "expired"
        shop.is_sent(other)
        assert [call.id for call in shop.provider.posts] == [other]

    @pytest.mark.parametrize("seconds, status", [(-5, "expired"), (3600, "sent")])
    @pytest.mark.parametrize("form", [float, str, lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))],
                             ids=["number", "digits", "iso"])
    def test_the_producers_word_counts(self, shop, form, seconds, status):
        at = form(int(time.time()) + seconds)
        id = shop.push_email(data={"otp": "1234", "expires_at": at})
        shop.reaches(id, status="completed", delivery_status=status)

    def test_how_long_they_are_good_can_be_set(self, message_shop):
        message_shop.start_email(OTP_VALID_SECONDS="86400")
        id = message_shop.add_row(created_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 7200)))
        assert "1440 minutes" in text_of(mail_of(message_shop, id))


def test_an_operators_own_template_is_mailed(message_shop):
    folder = message_shop.directory / "templates"
    shutil.copytree(TEMPLATES, folder / "email")
    for ending, text in (("subject", "News for {{name}}"), ("txt", "Hi"), ("html", "<p>Hi</p>")):
        (folder / "email" / f"news.{ending}.mustache").write_text(text)
    message_shop.start_email(TEMPLATE_DIR=str(folder))
    assert mail_of(message_shop, message_shop.push_email("news", data={"name": "Asha"}))["subject"] == "News for Asha"


def test_a_broken_template_stops_the_worker_at_its_start(message_shop):
    folder = message_shop.directory / "templates"
    shutil.copytree(TEMPLATES, folder / "email")
    (folder / "email" / "otp.html.mustache").write_text("{{#otp}}")
    worker = Process([COUPON_WORKER, "email"], message_shop.directory / "broken.log",
                     message_shop.environment | {"TEMPLATE_DIR": str(folder)})
    assert worker.wait() == 2
    assert "otp.html.mustache" in worker.tail()


def test_what_a_message_says_stays_out_of_the_log(shop):
    secret = "reset-" + uuid.uuid4().hex
    shop.is_sent(shop.push_email("password_reset", data={"reset_url": f"https://shop.test/{secret}"}))
    dead(shop, type="password_reset", data={"reset_url": f"ftp://shop.test/{secret}"})
    dead(shop, type="order_confirmation", data={"vouchers": [secret]})
    eventually(lambda: "a message is dead" in shop.log(), "the log")
    assert secret not in shop.log() and "asha@example.com" not in shop.log()
