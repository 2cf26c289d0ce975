"""Affiliate postbacks are hints: each becomes one cashback job."""
import pytest

from .payment_fixtures import idle_shop, paying_shop  # noqa: F401

FIELDS = {"id": "A1", "status": "approved", "amount": "100.50", "commission": "5", "click": "c-1", "currency": "INR"}


def jobs(shop):
    return shop.database.run("SELECT * FROM cashback_jobs ORDER BY created_at")


@pytest.mark.parametrize("network", ["admitad", "vcommission", "cuelinks"])
def test_a_postback_becomes_a_job_once(paying_shop, network):
    logs = [paying_shop.push(network, b"", trust="token-only", method="GET", fields=FIELDS) for _ in range(5)]
    outcomes = sorted(paying_shop.done(log)["outcome"] for log in logs)
    assert outcomes == ["duplicate"] * 4 + ["hint"]
    job, = jobs(paying_shop)
    assert (job["type"], job["network"], job["status"]) == ("postback", network, "pending")
    assert job["idempotency_key"] == f"postback:{network}:A1:approved:100.50"
    assert {name: job["data"][name] for name in FIELDS} == FIELDS


def test_another_status_or_amount_is_another_job(paying_shop):
    for change in ({}, {"status": "declined"}, {"amount": "90"}):
        paying_shop.done(paying_shop.push("admitad", b"", trust="token-only", fields=FIELDS | change))
    assert len(jobs(paying_shop)) == 3


def test_a_postback_touches_no_money(paying_shop):
    paying_shop.done(paying_shop.push("admitad", b"", trust="token-only", fields=FIELDS))
    assert paying_shop.database.value("SELECT count(*) FROM cashback_events") == 0
    assert paying_shop.database.value("SELECT count(*) FROM wallet_transactions") == 0


def test_a_postback_without_a_conversion_is_ignored(paying_shop):
    row = paying_shop.done(paying_shop.push("admitad", b"", trust="token-only", fields={"status": "approved"}))
    assert row["outcome"] == "ignored"
    assert jobs(paying_shop) == []
