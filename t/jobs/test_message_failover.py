"""A provider that does not work is left alone, its messages go to the next one, and it gets them back."""
import pytest

from harness.message_stand_ins import Reply
from harness.smtp_stand_in import SmtpStandIn
from harness.waiting import eventually, stays

from .job_shop import uuid7
from .test_job_lifecycle import metrics_of


@pytest.fixture
def smtp():
    stand_in = SmtpStandIn(tls=False)
    yield stand_in
    stand_in.close()


def start_with_smtp(shop, smtp, **environment):
    return shop.start_email("--in-flight", "4", EMAIL_PROVIDERS="sendgrid,smtp", SMTP_URL=smtp.url, SMTP_TLS="off",
                            SMTP_PASSWORD="", METRICS_LISTEN=f"127.0.0.1:{shop.metrics_port}", **environment)


def add(shop, count):
    return [shop.add_row(data={"otp": uuid7(), "name": "Asha"}) for _ in range(count)]


def sent_by(shop, id, provider):
    assert shop.is_sent(id, within_s=30)["provider"] == provider


def test_the_second_provider_takes_over_and_gives_back(message_shop, smtp):
    message_shop.provider.rule = lambda _: Reply(503)
    start_with_smtp(message_shop, smtp)
    failed = add(message_shop, 5)
    eventually(lambda: "does not work" in message_shop.log(), "its breaker opens")
    for id in add(message_shop, 20):
        sent_by(message_shop, id, "smtp")
    assert metrics_of(message_shop.metrics_port)['coupon_provider_breaker_open{provider="sendgrid"}'] == 1
    assert len(message_shop.provider.sent) < 15, "a provider that does not work is only tried now and then"

    message_shop.provider.rule = None

    def given_back():
        add(message_shop, 1)
        return "a provider works again" in message_shop.log()
    eventually(given_back, "a single call succeeds", 30, every_s=0.5)
    for id in add(message_shop, 3):
        sent_by(message_shop, id, "sendgrid")
    assert {message_shop.message(id)["unknowns"] for id in failed} == {0}


def test_a_short_pause_is_waited_for_and_a_long_one_is_not(message_shop, smtp):
    start_with_smtp(message_shop, smtp)
    message_shop.provider.script(Reply(429, headers={"Retry-After": "3"}))
    first, = add(message_shop, 1)
    message_shop.reaches(first, throttled=1)
    second, = add(message_shop, 1)
    sent_by(message_shop, second, "sendgrid")
    message_shop.provider.rule = lambda _: Reply(429, headers={"Retry-After": "600"})
    add(message_shop, 1)
    eventually(lambda: message_shop.database.value("SELECT count(*) FROM email_queue WHERE throttled > 0") == 2,
               "it is stopped")
    last, = add(message_shop, 1)
    sent_by(message_shop, last, "smtp")


def test_without_a_second_provider_messages_wait(message_shop):
    message_shop.provider.rule = lambda _: Reply(503)
    message_shop.start_email("--in-flight", "5")
    add(message_shop, 5)
    eventually(lambda: "does not work" in message_shop.log(), "its breaker opens")
    waiting = add(message_shop, 20)
    stays(lambda: len(message_shop.provider.sent) <= 7, "it is left alone", 2)
    message_shop.provider.rule = None
    for id in waiting:
        row = message_shop.is_sent(id, within_s=40)
        assert row["attempts"] <= 1
