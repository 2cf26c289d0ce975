"""SendGrid and an SMTP server as they are on a bad day."""
import time

import pytest

from harness.certificates import self_signed
from harness.message_stand_ins import MessageStandIn, Reply
from harness.process import free_port
from harness.smtp_stand_in import SmtpStandIn
from harness.waiting import eventually

ERROR = b'{"errors":[{"message":"The subject is bad for asha@example.com","field":"subject","help":null}]}'


@pytest.fixture
def shop(message_shop):
    message_shop.start_email()
    return message_shop


@pytest.fixture
def smtp():
    server = SmtpStandIn(user="shop", password="secret-of-smtp")
    yield server
    server.close()


def smtp_settings(server, providers="smtp"):
    return {"EMAIL_PROVIDERS": providers, "SMTP_URL": server.url, "SMTP_USER": "shop", "HTTPS_CA_FILE": server.ca_file}


def tried(shop, id, attempts=1):
    return shop.reaches(id, status="pending", attempts=attempts)


def hurry(shop):
    shop.database.run("UPDATE email_queue SET scheduled_at = now() WHERE status = 'pending'")


class TestSendgrid:
    @pytest.mark.parametrize("reply, says", [
        (Reply(500), "answered 500"), (Reply(503, body=b"<html>"), "answered 503"), (Reply(408), "answered 408"),
        (Reply(401, body=ERROR), "SENDGRID_API_KEY"), (Reply(403), "SENDGRID_API_KEY")],
        ids=["500", "503", "408", "401", "403"])
    def test_what_may_get_better_is_tried_again(self, shop, reply, says):
        shop.provider.script(reply)
        id = shop.push_email()
        row = tried(shop, id)
        assert says in row["last_error"] and "asha@" not in row["last_error"] and row["wait"].total_seconds() > 5
        hurry(shop)
        shop.is_sent(id)
        assert shop.provider.times_sent()[id] == 2

    def test_a_gateway_that_gave_up_waiting_says_nothing(self, shop):
        shop.provider.script(Reply(504))
        row = shop.reaches(shop.push_email(), delivery_status="unknown")
        assert (row["status"], row["unknowns"], row["attempts"]) == ("pending", 1, 0)

    @pytest.mark.parametrize("status", [400, 404, 413])
    def test_a_refusal_is_a_dead_letter_with_its_words(self, shop, status):
        shop.provider.script(Reply(status, body=ERROR))
        row = shop.reaches(shop.push_email(), status="failed")
        assert f"SendGrid answered {status}: subject: The subject is bad for" in row["last_error"]
        assert "asha@" not in row["last_error"] and row["delivery_status"] == "failed"

    @pytest.mark.parametrize("body", [b"", b"<html>no</html>", b'{"errors":', b'[[[[', b'{"errors":[{"message":{}}]}', b"\xff\xfe\x00"])
    def test_words_that_are_none(self, shop, body):
        shop.provider.script(Reply(400, body=body))
        assert shop.reaches(shop.push_email(), status="failed")["last_error"].startswith("SendGrid answered 400")

    @pytest.mark.parametrize("headers", [
        lambda: {"X-RateLimit-Reset": str(int(time.time()) + 500)}, lambda: {"Retry-After": "500"}],
        ids=["reset", "retry-after"])
    def test_too_many_is_waited_for_by_all(self, shop, headers):
        shop.provider.script(Reply(429, headers=headers()))
        first = shop.push_email(to="a@example.com")
        eventually(lambda: len(shop.provider.posts) == 1, "the first call")
        row = shop.reaches(first, status="pending")
        assert row["attempts"] == 0 and 400 < row["wait"].total_seconds() < 600
        second = shop.push_email(to="b@example.com")
        eventually(lambda: shop.message(second), "a row")
        shop.start_email()
        time.sleep(1)
        assert len(shop.provider.posts) == 1 and shop.message(second)["status"] == "pending"

    @pytest.mark.parametrize("reply", [Reply(reset=True), Reply(close=True)], ids=["reset", "close"])
    def test_a_connection_that_breaks_after_the_request_is_unknown(self, shop, reply):
        shop.provider.script(reply)
        id = shop.push_email()
        row = shop.reaches(id, status="pending", delivery_status="unknown")
        assert row["unknowns"] == 1 and 600 < row["wait"].total_seconds() < 960
        hurry(shop)
        shop.is_sent(id)
        assert shop.provider.times_sent()[id] == 2

    @pytest.mark.deadline(90)
    def test_silence_is_unknown(self, shop):
        shop.provider.script(Reply(hang=True))
        id = shop.push_email()
        shop.reaches(id, status="pending", delivery_status="unknown", within_s=60)
        assert shop.provider.times_sent()[id] == 1

    def test_a_slow_answer_is_waited_for(self, shop):
        shop.provider.script(Reply(after=3))
        shop.is_sent(shop.push_email())
        assert len(shop.provider.posts) == 1

    def test_nobody_there(self, message_shop):
        message_shop.start_email(SENDGRID_BASE_URL=f"http://127.0.0.1:{free_port()}")
        assert "127.0.0.1" in tried(message_shop, message_shop.push_email())["last_error"]

    def test_a_certificate_of_somebody_else(self, message_shop):
        trusted, other = self_signed(), self_signed()
        impostor = MessageStandIn(certificate=other)
        try:
            message_shop.start_email(SENDGRID_BASE_URL=impostor.url, HTTPS_CA_FILE=trusted[0])
            assert "127.0.0.1" in tried(message_shop, message_shop.push_email())["last_error"]
            assert not impostor.sent
        finally:
            impostor.close()

    def test_over_tls(self, message_shop):
        certificate = self_signed()
        provider = MessageStandIn(certificate=certificate)
        try:
            message_shop.start_email(SENDGRID_BASE_URL=provider.url + "/", HTTPS_CA_FILE=certificate[0])
            message_shop.is_sent(message_shop.push_email())
            assert provider.posts[0].path == "/v3/mail/send"
        finally:
            provider.close()


class TestSmtp:
    def test_a_mail_arrives_as_it_was_written(self, message_shop, smtp):
        message_shop.start_email(**smtp_settings(smtp), FROM_NAME="Köpfchen", UNSUBSCRIBE_URL="https://shop.test/stop?{email}")
        id = message_shop.push_email("cashback_pending", data={"amount": "12.50", "name": "अंजलि राव", "merchant": "Ajio & Söhne"})
        row = message_shop.is_sent(id)
        assert row["provider"] == "smtp" and row["provider_message_id"] == "stand-in-1"
        mail, = smtp.accepted
        assert mail.encrypted and mail.user == "shop"
        assert (mail.sender, mail.recipients) == ("<shop@shop.test>", ["<asha@example.com>"])
        message = mail.message
        assert message["From"].addresses[0].display_name == "Köpfchen" and message["From"].addresses[0].addr_spec == "shop@shop.test"
        assert message["To"].addresses[0].display_name == "अंजलि राव" and message["To"].addresses[0].addr_spec == "asha@example.com"
        assert message["Subject"] == "₹12.50 cashback is on its way"
        assert message["Message-ID"] == f"<{id}@shop.test>" and message["X-Coupon-Id"] == id
        assert abs(message["Date"].datetime.timestamp() - time.time()) < 60
        assert message["List-Unsubscribe"] == "<https://shop.test/stop?asha%40example.com>"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert message.get_content_type() == "multipart/alternative"
        text, html = message.iter_parts()
        assert text.get_content_type() == "text/plain" and "at Ajio & Söhne" in text.get_content()
        assert html.get_content_type() == "text/html" and "Ajio &amp; Söhne" in html.get_content()
        assert all(len(line) <= 998 for line in mail.source.split(b"\r\n"))
        assert mail.source.isascii() and b"\n" not in mail.source.replace(b"\r\n", b"")

    @pytest.mark.parametrize("step, reply", [
        ("MAIL", "451 later"), ("RCPT", "450 mailbox busy"), ("DATA", "452 no room"), ("DATA-END", "451 not now"),
        ("MAIL", "421 closing"), ("MAIL", "530 log in first")])
    def test_a_no_for_now_is_tried_again(self, message_shop, smtp, step, reply):
        message_shop.start_email(**smtp_settings(smtp))
        smtp.say(step, reply)
        id = message_shop.push_email()
        assert reply.split(" ")[0] in tried(message_shop, id)["last_error"]
        hurry(message_shop)
        message_shop.is_sent(id)
        assert len(smtp.accepted) == 1

    @pytest.mark.parametrize("step", ["RCPT", "DATA-END"])
    def test_a_no_for_good_is_a_dead_letter(self, message_shop, smtp, step):
        message_shop.start_email(**smtp_settings(smtp))
        smtp.say(step, "550 5.1.1 <asha@example.com> no such user")
        error = message_shop.reaches(message_shop.push_email(), status="failed")["last_error"]
        assert "550" in error and "no such user" in error and "asha@" not in error

    @pytest.mark.parametrize("step, reply", [("DATA-END", SmtpStandIn.RESET), ("DATA-END", SmtpStandIn.CLOSE)])
    def test_a_connection_that_breaks_after_the_mail_is_unknown(self, message_shop, smtp, step, reply):
        message_shop.start_email(**smtp_settings(smtp))
        smtp.say(step, reply)
        id = message_shop.push_email()
        assert message_shop.reaches(id, status="pending", delivery_status="unknown")["unknowns"] == 1
        assert len(smtp.mails) == 1

    def test_a_connection_that_breaks_before_the_mail_is_none(self, message_shop, smtp):
        message_shop.start_email(**smtp_settings(smtp))
        smtp.say("MAIL", SmtpStandIn.RESET)
        id = message_shop.push_email()
        assert tried(message_shop, id)["unknowns"] == 0
        hurry(message_shop)
        message_shop.is_sent(id)

    def test_a_wrong_password_is_the_operators_and_not_the_mails(self, message_shop, smtp):
        message_shop.start_email(**smtp_settings(smtp), SMTP_PASSWORD="another")
        row = tried(message_shop, message_shop.push_email())
        assert "535" in row["last_error"] or "ogin" in row["last_error"], row["last_error"]

    def test_without_tls_nothing_is_sent(self, message_shop):
        plain = SmtpStandIn(tls=False)
        try:
            message_shop.start_email(EMAIL_PROVIDERS="smtp", SMTP_URL=plain.url, SMTP_PASSWORD="")
            assert tried(message_shop, message_shop.push_email())["last_error"]
            assert not plain.mails
        finally:
            plain.close()

    def test_unless_that_is_said(self, message_shop):
        plain = SmtpStandIn(tls=False)
        try:
            message_shop.start_email(EMAIL_PROVIDERS="smtp", SMTP_URL=plain.url, SMTP_PASSWORD="", SMTP_TLS="off")
            message_shop.is_sent(message_shop.push_email())
            assert not plain.mails[0].encrypted
        finally:
            plain.close()


class TestFailOver:
    def test_the_second_takes_over_while_the_first_is_down(self, message_shop, smtp):
        message_shop.provider.rule = lambda sent: Reply(503)
        message_shop.start_email(**smtp_settings(smtp, "sendgrid,smtp"))
        ids = [message_shop.push_email(to=f"v{number}@example.com") for number in range(20)]

        def all_sent():
            hurry(message_shop)
            return all((row := message_shop.message(id)) and row["delivery_status"] == "sent" for id in ids)
        eventually(all_sent, "all are sent", 20, every_s=0.2)
        assert {message_shop.message(id)["provider"] for id in ids} == {"smtp"} and len(smtp.accepted) == 20
        assert not message_shop.provider.times_accepted()

    def test_the_first_is_the_first(self, message_shop, smtp):
        message_shop.start_email(**smtp_settings(smtp, "sendgrid,smtp"))
        assert message_shop.is_sent(message_shop.push_email())["provider"] == "sendgrid"
        assert not smtp.mails
