"""Bodies and personal data of finished webhooks go after WEBHOOK_BODY_DAYS; their rows stay."""
import json

import pytest

from harness.environment import COUPON_WORKER, fresh_directory
from harness.process import Process
from harness.waiting import eventually

from .payment_fixtures import idle_shop  # noqa: F401
from .paying_shop import PAID, razorpay, uuid7

PERSONAL = ("body", "query", "remote", "raw")


def add(shop, days, status="completed", verdict="accepted"):
    """A finished webhook that was received so many days ago; its id."""
    log = uuid7()
    shop.database.run(
        "INSERT INTO webhook_logs (id, received_at, provider, location, remote, method, query, headers, fields, body,"
        " body_sha256, verdict, status, event, outcome, raw, scheduled_at, lease_until)"
        " VALUES (%s, now() - make_interval(days => %s), 'razorpay', '/webhooks/razorpay', '192.0.2.1', 'POST', 'a=b',"
        " '{\"x-razorpay-signature\": \"00\"}', '{\"order\": \"1\"}', '{}', sha256('{}'), %s, %s, 'payment.captured',"
        " 'applied', 'as it came', now() + interval '1 day', now() + interval '1 day')", [log, days, verdict, status])
    return log


def is_purged(shop, log):
    row = shop.log_row(log)
    gone = [row[name] is None for name in PERSONAL] + [row[name] == {} for name in ("headers", "fields")]
    assert all(gone) or not any(gone), row
    return all(gone)


def purge(shop, *logs, **environment):
    """Starts a worker; all of these are purged by it."""
    shop.start_worker(**environment)
    eventually(lambda: all(is_purged(shop, log) for log in logs), "what is old is purged", 20)


def test_a_purged_row_keeps_what_is_not_personal(idle_shop):
    log = add(idle_shop, 31)
    before = idle_shop.log_row(log)
    purge(idle_shop, log)
    changed = {name for name, value in idle_shop.log_row(log).items() if value != before[name]}
    assert changed == {*PERSONAL, "headers", "fields"}


def test_only_finished_webhooks_of_that_age_are_purged(idle_shop):
    kept = [add(idle_shop, 29), add(idle_shop, 59, "failed"), add(idle_shop, 400, "pending"),
            add(idle_shop, 400, "processing")]
    purge(idle_shop, add(idle_shop, 31), add(idle_shop, 31, verdict="bad"), add(idle_shop, 61, "failed"))
    idle_shop.stop_workers()
    assert not any(is_purged(idle_shop, log) for log in kept)


def test_the_age_is_a_setting(idle_shop):
    kept = [add(idle_shop, 1), add(idle_shop, 3, "failed")]
    purge(idle_shop, add(idle_shop, 3), add(idle_shop, 5, "failed"), WEBHOOK_BODY_DAYS="2")
    idle_shop.stop_workers()
    assert not any(is_purged(idle_shop, log) for log in kept)


def test_more_than_one_statement_takes(idle_shop):
    idle_shop.database.run(
        "INSERT INTO webhook_logs (id, received_at, provider, body, verdict, status)"
        " SELECT gen_random_uuid(), now() - interval '40 days', 'razorpay', '{}', 'accepted', 'completed'"
        "   FROM generate_series(1, 2500)")
    idle_shop.start_worker()
    eventually(lambda: idle_shop.database.value("SELECT count(*) FROM webhook_logs WHERE body IS NOT NULL") == 0,
               "all bodies are purged", 20)
    assert idle_shop.database.value("SELECT count(DISTINCT xmin::text) FROM webhook_logs") == 3


def test_a_small_index_finds_the_rows(idle_shop):
    idle_shop.database.run(
        "INSERT INTO webhook_logs (id, received_at, provider, verdict, status)"
        " SELECT gen_random_uuid(), now() - interval '40 days', 'razorpay', 'accepted', 'completed'"
        "   FROM generate_series(1, 20000)")
    log = add(idle_shop, 31)
    idle_shop.database.run("ANALYZE webhook_logs")
    purge(idle_shop, log)
    eventually(lambda: idle_shop.database.value(
        "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'webhook_logs_personal'"),
        "the purge looked into its index", 20)
    assert idle_shop.database.value("SELECT pg_relation_size('webhook_logs_personal')") <= 16384


@pytest.mark.parametrize("days", ["0", "3651", "-1", "soon", "30d", "1.5"])
def test_a_wrong_age_is_said_at_the_start_and_by_check(idle_shop, days):
    for arguments in ([], ["--check"]):
        run = Process([COUPON_WORKER, "webhooks", *arguments], idle_shop.directory / "worker.log",
                      idle_shop.environment | idle_shop.backend.environment | {"WEBHOOK_BODY_DAYS": days})
        assert run.wait(20) != 0
        assert "WEBHOOK_BODY_DAYS" in run.tail() and "1 to 3650" in run.tail()


def test_a_purged_webhook_is_neither_replayed_nor_verified(idle_shop):
    purged = add(idle_shop, 31)
    purge(idle_shop, purged)
    before = idle_shop.log_row(purged)
    replay = idle_shop.couponctl("webhooks", "replay", purged, "--yes", "--reason", "test")
    assert replay.returncode == 1 and "purged and has no body" in replay.stderr, replay
    dry = idle_shop.couponctl("webhooks", "replay", purged, "--dry-run")
    assert dry.returncode == 1 and "purged and has no body" in dry.stderr, dry
    secret = fresh_directory("retention") / "secret"
    secret.write_text("a webhook secret\n")
    verify = idle_shop.couponctl("webhooks", "verify", "--provider", "razorpay", "--secret-file", secret)
    assert verify.returncode == 1 and f"{purged}  purged" in verify.stdout, verify
    assert "1 webhooks, 0 verified, 0 not, 1 purged" in verify.stdout
    assert idle_shop.log_row(purged) == before


def test_replay_takes_the_others_of_a_selection(idle_shop):
    purged = add(idle_shop, 31)
    purge(idle_shop, purged)
    before = idle_shop.log_row(purged)
    order = idle_shop.order(payment=False)
    log = idle_shop.push("razorpay", json.dumps(razorpay("payment.captured", order))[:-1])
    assert idle_shop.done(log)["status"] == "failed"
    idle_shop.database.run("UPDATE webhook_logs SET body = %s WHERE id = %s",
                           [json.dumps(razorpay("payment.captured", order)).encode(), log])
    order.payment = idle_shop.add_payment(order)
    run = idle_shop.couponctl("webhooks", "replay", "--provider", "razorpay", "--yes", "--reason", "test")
    assert run.returncode == 1 and "1 webhooks are pending again" in run.stdout, run
    idle_shop.reaches(order, *PAID)
    assert idle_shop.log_row(purged) == before
