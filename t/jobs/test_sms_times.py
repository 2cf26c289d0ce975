"""Passwords that end before they are sent, and hours that are not for advertising."""
import datetime
import time

import pytest

from faults.test_clock import find_library
from harness.message_stand_ins import Reply

from .sms_fixtures import CASHBACK, SALE, new_sms_shop, sms_shop, templates  # noqa: F401


def ago(**time_before):
    return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**time_before)


@pytest.mark.parametrize("expires", [
    lambda: time.time() - 1, lambda: int(time.time()) - 60, lambda: int(time.time() * 1000) - 1,
    lambda: (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=5)).isoformat(),
    lambda: datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=5, minutes=30))).isoformat()])
def test_a_password_that_has_ended_is_not_sent(sms_shop, expires):
    sms_shop.start_sms()
    message = sms_shop.push_sms(data={"otp": "482913", "expires_at": expires()})
    row = sms_shop.sms_reaches(message, status="completed", delivery_status="expired")
    assert row["last_error"] == "the one-time password expired before it could be sent"
    assert sms_shop.events(message, "sms") == ["expired"]
    assert sms_shop.provider.posts == []


def test_a_password_is_good_as_long_as_the_shop_says(sms_shop):
    old = sms_shop.add_row("sms", to="+919876543210", created_at=ago(seconds=100))
    other = sms_shop.add_row("sms", to="+919876543210", data={"otp": "111111"}, created_at=ago(seconds=10))
    news = sms_shop.add_row("sms", "cashback_credited", "+919876543210", CASHBACK, created_at=ago(days=2))
    sms_shop.start_sms(OTP_VALID_SECONDS="60")
    sms_shop.sms_reaches(old, status="completed", delivery_status="expired")
    sms_shop.sms_sent(other)
    sms_shop.sms_sent(news)


def test_a_password_that_is_no_time_is_a_dead_letter(sms_shop):
    sms_shop.start_sms()
    assert "data.expires_at is no time" in sms_shop.sms_dead(
        sms_shop.push_sms(data={"otp": "482913", "expires_at": "in an hour"}))


def test_a_password_nobody_knows_arrived_is_sent_again_only_while_it_is_good(sms_shop):
    sms_shop.provider.script(Reply(reset=True))
    sms_shop.start_sms("--unknown-wait", "3")
    message = sms_shop.push_sms(data={"otp": "482913", "expires_at": time.time() + 2})
    sms_shop.sms_reaches(message, status="completed", delivery_status="unknown")
    assert len(sms_shop.flows) == 1
    assert sms_shop.events(message, "sms") == ["unknown", "expired"]


def test_twilio_is_told_how_long_a_password_is_good(sms_shop):
    sms_shop.start_sms(SMS_PROVIDERS="twilio")
    sms_shop.sms_sent(sms_shop.push_sms(data={"otp": "482913", "expires_at": time.time() + 90}))
    assert 60 <= int(sms_shop.texts[0]["ValidityPeriod"]) <= 90


@pytest.mark.parametrize("now, wait_h", [
    ("2026-11-21 04:31:00", 0), ("2026-11-21 15:29:00", 0), ("2026-11-21 15:30:00", 13),
    ("2026-11-30 18:30:00", 10), ("2026-12-31 23:30:00", 5), ("2028-02-28 20:30:00", 8), ("2026-11-21 04:00:00", 0.5)])
def test_advertising_waits_for_ten_in_the_morning_in_india(sms_shop, now, wait_h):
    sms_shop.start_sms(TEMPLATE_DIR=templates(sale=SALE), MSG91_TEMPLATE_SALE="flow-sale", COUPON_TZ="America/New_York",
                       MSG91_PROMOTIONAL_SENDER_ID="650001", LD_PRELOAD=str(find_library()), TZ="UTC",
                       FAKETIME=f"@{now}", FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1")
    message = sms_shop.push_sms("sale", data={"name": "Asha"})
    news = sms_shop.push_sms("cashback_credited", data=CASHBACK)
    sms_shop.sms_sent(news)
    if wait_h == 0:
        sms_shop.sms_sent(message)
        assert sorted(flow["sender"] for flow in sms_shop.flows) == ["650001", "COUPON"]
        return
    row = sms_shop.sms_reaches(message, status="pending", attempts=0, starts=0,
                               last_error="promotional messages go out from 10:00 to 21:00 IST")
    expected = datetime.timedelta(hours=wait_h)
    assert expected - datetime.timedelta(minutes=2) < row["wait"] <= expected
    assert len(sms_shop.flows) == 1
