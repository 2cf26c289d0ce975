"""couponctl webhooks: list, show, replay, verify."""
import base64
import hashlib
import hmac
import json

import pytest

from harness.environment import fresh_directory

from .payment_fixtures import idle_shop, paying_shop  # noqa: F401
from .paying_shop import PAID, razorpay

SECRET = "a webhook secret"


@pytest.fixture
def paid(paying_shop):
    """A shop with one fulfilled order, and the id of its webhook."""
    order = paying_shop.order()
    log = paying_shop.razorpay("payment.captured", order)
    paying_shop.reaches(order, *PAID)
    paying_shop.order_paid = order
    return paying_shop, log


def audits(shop):
    return shop.database.run("SELECT * FROM audit_logs")


def test_list_shows_what_was_asked_for(paid):
    shop, log = paid
    other = shop.push("razorpay", {"event": "invoice.paid"})
    shop.done(other)
    assert log in shop.couponctl("webhooks", "list").stdout
    listed = shop.couponctl("webhooks", "list", "--outcome", "ignored", "--since", "1h").stdout
    assert other in listed and log not in listed
    assert shop.couponctl("webhooks", "list", "--provider", "twilio").stdout == ""
    assert len(shop.couponctl("webhooks", "list", "--limit", 1).stdout.splitlines()) == 1


def test_show_decodes_the_body(paid):
    shop, log = paid
    text = shop.couponctl("webhooks", "show", log).stdout
    assert '"event": "payment.captured"' in text and "outcome: applied" in text
    assert shop.couponctl("webhooks", "show", "00000000-0000-7000-8000-000000000000").returncode == 1
    assert shop.couponctl("webhooks", "show", "x'; DROP TABLE orders").returncode == 1


def test_replay_counts_first_and_needs_consent(paid):
    shop, log = paid
    dry = shop.couponctl("webhooks", "replay", log, "--dry-run")
    assert dry.returncode == 0 and dry.stdout == "1 webhooks to replay\n"
    for arguments in (["--reason", "test"], ["--yes"]):
        run = shop.couponctl("webhooks", "replay", log, *arguments)
        assert run.returncode == 1, run
    assert shop.couponctl("webhooks", "replay", "--yes", "--reason", "all of them").returncode == 1
    assert shop.log_row(log)["status"] == "completed" and audits(shop) == []


def test_replay_has_no_effect_twice_and_is_recorded(paid):
    shop, log = paid
    run = shop.couponctl("webhooks", "replay", "--provider", "razorpay", "--yes", "--reason", "a drill",
                         "--actor", "alice", "--rate", 100)
    assert run.returncode == 0 and "1 webhooks are pending again" in run.stdout
    assert shop.done(log)["outcome"] == "applied"
    shop.at_rest()
    assert shop.state(shop.order_paid) == PAID
    assert shop.backend.fulfilled() == {shop.order_paid.id: 1}
    assert len(shop.backend.fulfill_calls()) == 1 and len(shop.mails(shop.order_paid)) == 1
    audit, = audits(shop)
    assert (audit["actor"], audit["action"]) == ("alice", "webhooks.replay")
    assert audit["details"]["reason"] == "a drill" and audit["details"]["count"] == 1


def test_replay_gives_a_dead_letter_another_chance(paying_shop):
    order = paying_shop.order(payment=False)
    body = razorpay("payment.captured", order)
    log = paying_shop.push("razorpay", json.dumps(body)[:-1])
    assert paying_shop.done(log)["status"] == "failed"
    paying_shop.database.run("UPDATE webhook_logs SET body = %s WHERE id = %s", [json.dumps(body).encode(), log])
    order.payment = paying_shop.add_payment(order)
    paying_shop.couponctl("webhooks", "replay", "--status", "failed", "--yes", "--reason", "repaired", check=True)
    paying_shop.reaches(order, *PAID)


def test_replay_leaves_out_what_the_edge_refused(paying_shop):
    order = paying_shop.order()
    log = paying_shop.razorpay("payment.captured", order, )
    paying_shop.done(log)
    paying_shop.database.run("UPDATE webhook_logs SET verdict = 'bad' WHERE id = %s", [log])
    run = paying_shop.couponctl("webhooks", "replay", log, "--yes", "--reason", "test")
    assert "0 webhooks to replay" in run.stdout


def test_verify_checks_the_stored_bytes(paying_shop):
    order = paying_shop.order()
    secrets = fresh_directory("verify") / "secrets"
    body = json.dumps(razorpay("payment.captured", order)).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    log = paying_shop.push("razorpay", body, headers={"x-razorpay-signature": signature})
    paying_shop.done(log)

    secrets.write_text(f"another secret\n{SECRET}\n")
    good = paying_shop.couponctl("webhooks", "verify", "--provider", "razorpay", "--secret-file", secrets)
    assert good.returncode == 0 and "1 webhooks, 1 verified, 0 not" in good.stdout, good

    secrets.write_text("another secret\n")
    bad = paying_shop.couponctl("webhooks", "verify", "--provider", "razorpay", "--secret-file", secrets)
    assert bad.returncode == 1 and log in bad.stdout
    assert "another secret" not in bad.stdout + bad.stderr


def test_verify_takes_salts_by_their_index(paying_shop):
    salt = fresh_directory("verify") / "salt"
    salt.write_text("test-salt-key-0001\n")
    payload = base64.b64encode(b'{"code":"OTHER","data":{}}').decode()
    digest = hashlib.sha256((payload + "test-salt-key-0001").encode()).hexdigest()
    paying_shop.done(paying_shop.push("phonepe", {"response": payload}, headers={"x-verify": f"{digest}###1"}))
    for argument, status in ((f"{salt}@1", 0), (f"{salt}@2", 1)):
        run = paying_shop.couponctl("webhooks", "verify", "--provider", "phonepe", "--secret-file", argument)
        assert run.returncode == status, run
    assert paying_shop.couponctl("webhooks", "verify", "--provider", "admitad").returncode == 1


def test_show_of_a_body_that_is_nested_without_end(paying_shop):
    id = "01890000-0000-7000-8000-000000000001"
    paying_shop.database.run("INSERT INTO webhook_logs (id, provider, verdict, body) VALUES (%s, 'hmac', 'accepted', %s)",
                           [id, b'{"a":' + b"[" * 60_000 + b"]" * 60_000 + b"}"])
    shown = paying_shop.couponctl("webhooks", "show", id)
    assert shown.returncode == 0 and shown.stdout.rstrip().endswith("]" * 60_000 + "}")
