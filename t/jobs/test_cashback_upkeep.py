"""What coupon-worker cashback does beside its runs, what it tells, and what --check says."""
import os
import subprocess

from harness.environment import COUPON_WORKER
from harness.waiting import eventually

from .cashback_shop import new_click_id, now
from .run_fixtures import D, admitad_shop, bought, idle_shop, metrics  # noqa: F401


def test_the_ledger_is_sealed(admitad_shop):
    bought(admitad_shop)
    admitad_shop.once()
    admitad_shop.start_cashback()
    eventually(lambda: admitad_shop.database.value("SELECT count(*) FROM ledger_seals"), "a seal")


def test_a_click_that_comes_late_is_matched(admitad_shop):
    click = new_click_id(now(minutes=5))
    admitad_shop.admitad.world.add(click, status="approved")
    admitad_shop.once()
    assert admitad_shop.transactions()[0]["unmatched"]
    admitad_shop.click(admitad_shop.offer_1, admitad_shop.user_1, id=click)
    admitad_shop.once()
    assert admitad_shop.balance(admitad_shop.user_1) == D("40.00")


def test_too_many_unmatched_alert(admitad_shop):
    for number in range(20):
        admitad_shop.admitad.world.add(new_click_id() if number < 5 else admitad_shop.click(
            admitad_shop.offer_1, admitad_shop.user_1), status="approved")
    admitad_shop.once()
    admitad_shop.start_cashback(METRICS_LISTEN=f"127.0.0.1:{admitad_shop.metrics_port}", UNMATCHED_ALERT="24")
    eventually(lambda: "too many of the last day's transactions are unmatched" in admitad_shop.log(), "the alert")
    text = metrics(admitad_shop)
    assert "\ncoupon_cashback_unmatched 5\n" in text and "\ncoupon_cashback_unmatched_alert 1\n" in text


def test_metrics_tell_of_runs(idle_shop):
    bought(idle_shop)
    idle_shop.start_cashback(METRICS_LISTEN=f"127.0.0.1:{idle_shop.metrics_port}", CASHBACK_EVERY="1s")
    eventually(lambda: len(idle_shop.runs(error=None)) > 1 and idle_shop.runs()[1]["finished_at"], "a run", 20)
    text = metrics(idle_shop)
    for line in ('coupon_cashback_transactions_total{network="admitad",outcome="changed"} 1',
                 'coupon_cashback_effects_total{outcome="credited"} 1', 'coupon_cashback_run_age_seconds{network="admitad"}',
                 'coupon_cashback_runs_total{network="admitad",outcome="done"}', 'coupon_queue_depth{queue="cashback"} 0'):
        assert line in text, text
    assert len([line for line in text.splitlines() if line.startswith("coupon_worker_jobs_total{")]) == 6


def test_check_says_what_is_missing(admitad_shop):
    def check(**environment):
        return subprocess.run([COUPON_WORKER, "cashback", "--check"], capture_output=True, text=True, timeout=30,
                              env={**os.environ, **admitad_shop.environment, **environment})
    assert check().returncode == 0, check().stderr
    for name, value, sentence in (("COUPON_TZ", "Mars/Base", "COUPON_TZ is no time zone"),
                                  ("CASHBACK_EVERY", "often", "CASHBACK_EVERY is none of"),
                                  ("CASHBACK_DAILY_AT", "25:00", "CASHBACK_DAILY_AT is no time of day"),
                                  ("UNMATCHED_ALERT", "101", "UNMATCHED_ALERT: not a whole number from 0 to 100"),
                                  ("COUPON_CLICK_KEY", "", "COUPON_CLICK_KEY is not set"),
                                  ("COUPON_CLICK_KEY", "abc", "a key is 32 hexadecimal digits"),
                                  ("CASHBACK_NETWORKS", "etsy", "CASHBACK_NETWORKS"),
                                  ("ADMITAD_CLIENT_SECRET", "", "ADMITAD_CLIENT_SECRET")):
        answer = check(**{name: value})
        assert answer.returncode == 1 and sentence in answer.stderr, answer.stderr
