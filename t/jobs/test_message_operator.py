"""What couponctl shows of messages, how it sends them anew, and the suppression list."""
import itertools
import json

import pytest

from harness.message_stand_ins import Reply
from harness.shop import couponctl
from harness.waiting import eventually, stays

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def ctl(message_shop):
    def run(*arguments, status=0):
        done = couponctl(*arguments, check=False, environment=message_shop.environment)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stderr
    return run


def replay(ctl, *arguments, status=0):
    return ctl("notifications", "replay", *arguments, "--yes", "--reason", "the provider was down", status=status)


def test_show_prints_the_timeline(message_shop, ctl):
    message_shop.provider.script(Reply(503, body=b'{"errors":[{"message":"overloaded"}]}'))
    message_shop.start_email()
    id = message_shop.add_row()
    message_shop.reaches(id, attempts=1)
    message_shop.database.run("UPDATE email_queue SET scheduled_at = now()")
    row = message_shop.is_sent(id)
    text = ctl("notifications", "show", id)
    lines = [line.split(None, 1)[1] for line in text.splitlines()[2:]]
    assert text.splitlines()[1] == "otp to a…@example.com: completed, sent after 1 failed attempts"
    assert lines[0] == "queued" and lines[1].startswith("retried by sendgrid: ") and "503" in lines[1]
    assert lines[2] == "sent by sendgrid (sg-1)"
    assert "asha@" not in text and "482913" not in text
    for name in ("sg-1", row["idempotency_key"]):
        assert ctl("notifications", "show", name) == text
    message = json.loads(ctl("notifications", "show", id, "--json"))
    assert [event["status"] for event in message["events"]] == ["queued", "retried", "sent"]
    assert (message["queue"], message["to"], message["delivery_status"]) == ("email", "a…@example.com", "sent")


def test_show_says_what_a_held_message_waits_for(message_shop, ctl):
    id = message_shop.add_row(queue="sms", to="+919876543210", status="pending", delivery_status="unknown",
                              scheduled_at="2099-01-01 00:00:00+00")
    text = ctl("notifications", "show", id)
    assert "+91••••••••10" in text
    assert "2099-01-01T00:00:00Z  will be sent once more, unless its provider reports on it before" in text


def test_show_of_nothing(ctl):
    assert "no message has this id" in ctl("notifications", "show", NOBODY, status=1)


@pytest.fixture
def ended(message_shop):
    """A message of each kind; their ids."""
    def add(**columns):
        return message_shop.add_row(idempotency_key=str(next(keys)), **columns)
    keys = itertools.count(1)
    return {"dead": add(status="failed", delivery_status="failed", attempts=17, last_error="no such template"),
            "dead text": add(queue="sms", status="failed", delivery_status="failed", attempts=1),
            "unknown": add(status="failed", delivery_status="unknown", unknowns=2),
            "given up": add(status="completed", delivery_status="unknown", unknowns=1),
            "held": add(status="pending", delivery_status="unknown", unknowns=1, scheduled_at="2099-01-01"),
            "sent": add(status="completed", delivery_status="sent"),
            "delivered": add(status="completed", delivery_status="delivered", provider_message_id="sg-old"),
            "bounced": add(status="completed", delivery_status="bounced", provider_message_id="sg-old-too"),
            "waiting": add(scheduled_at="2099-01-01")}


@pytest.mark.parametrize("arguments, shown", [
    (["--status", "failed"], {"dead", "dead text", "unknown"}), (["--status", "unknown"], {"unknown", "held", "given up"}),
    (["--status", "held"], {"held"}), (["--status", "pending", "--queue", "email"], {"held", "waiting"}),
    (["--queue", "sms"], {"dead text"}), (["--limit", "1", "--status", "held"], {"held"})],
                         ids=lambda value: " ".join(sorted(value) if isinstance(value, set) else value))
def test_list(ctl, ended, arguments, shown):
    text = ctl("notifications", "list", *arguments)
    assert {name for name, id in ended.items() if id in text} == shown
    assert len(text.splitlines()) == len(shown) and "asha@" not in text


def test_dead_letters_are_sent_anew(message_shop, ctl, ended):
    assert "2 messages to replay" in ctl("notifications", "replay", "--dead", "--dry-run")
    text = replay(ctl, "--dead")
    assert "1 more may have been sent already" in text and "2 messages are pending again" in text
    row = message_shop.message(ended["dead"])
    assert (row["status"], row["delivery_status"], row["attempts"], row["last_error"]) == ("pending", None, 0, None)
    message_shop.start_email()
    message_shop.is_sent(ended["dead"])
    assert message_shop.events(ended["dead"]) == ["replayed", "sent"]
    assert message_shop.message(ended["unknown"])["status"] == "failed"
    audit = message_shop.database.row("SELECT action, details FROM audit_logs")
    assert audit["action"] == "notifications.replay" and audit["details"]["reason"] == "the provider was down"
    assert audit["details"]["count"] == 2


def test_those_that_may_have_been_sent_take_no_room_of_the_limit(message_shop, ctl):
    for number in range(2):
        message_shop.add_row(idempotency_key=f"unknown {number}", status="failed", delivery_status="unknown",
                             unknowns=2, created_at="2020-01-01")
    dead = message_shop.add_row(idempotency_key="dead", status="failed", delivery_status="failed")
    text = replay(ctl, "--dead", "--limit", "1")
    assert "2 more may have been sent already" in text and "1 messages are pending again" in text
    assert message_shop.message(dead)["status"] == "pending"


@pytest.mark.parametrize("name", ["unknown", "held", "given up"])
def test_what_may_have_been_sent_is_sent_anew_only_when_asked(message_shop, ctl, ended, name):
    assert "0 messages to replay" in replay(ctl, ended[name])
    replay(ctl, ended[name], "--unknown")
    message_shop.start_email()
    assert message_shop.is_sent(ended[name])["unknowns"] == 0


@pytest.mark.parametrize("name", ["sent", "delivered", "waiting"])
def test_what_was_sent_or_waits_is_not_replayed(message_shop, ctl, ended, name):
    before = message_shop.message(ended[name])["status"]
    assert "it was sent, or is under way" in replay(ctl, ended[name], "--unknown", status=1)
    assert message_shop.message(ended[name])["status"] == before


def test_a_bounced_message_is_replayed_by_its_id(message_shop, ctl, ended):
    replay(ctl, ended["bounced"])
    message_shop.start_email()
    message_shop.is_sent(ended["bounced"])


def test_replay_asks_and_wants_a_reason(message_shop, ctl, ended):
    assert "--reason" in ctl("notifications", "replay", "--dead", status=1)
    assert "not confirmed" in ctl("notifications", "replay", "--dead", "--reason", "x", status=1)
    assert "name one message, or --dead" in replay(ctl, status=1)
    assert message_shop.message(ended["dead"])["status"] == "failed"


def test_a_suppressed_address_gets_nothing_until_it_is_removed(message_shop, ctl):
    assert "nothing is sent" in ctl("suppressions", "add", "Asha@Example.com", "--detail", "asked by letter")
    assert "already" in ctl("suppressions", "add", "asha@example.com")
    line, = ctl("suppressions", "list").splitlines()
    assert "email  asha@example.com  manual  -  asked by letter" in line
    message_shop.start_email()
    id = message_shop.add_row()
    row = message_shop.reaches(id, status="completed")
    assert row["delivery_status"] == "suppressed" and message_shop.events(id) == ["suppressed"]
    stays(lambda: not message_shop.provider.sent, "nothing is sent", 0.3)
    assert "removed 1" in ctl("suppressions", "remove", "asha@example.com")
    message_shop.is_sent(message_shop.add_row(data={"otp": "1", "name": "Asha"}))
    actions = [row["action"] for row in message_shop.database.run("SELECT action FROM audit_logs ORDER BY id")]
    assert actions == ["suppressions.add", "suppressions.remove"]


@pytest.mark.parametrize("address", ["asha", "@example.com", "asha@", "as ha@example.com", "+91", "+91987654321x"])
def test_no_address_is_refused(ctl, address):
    assert "neither an e-mail address nor a number" in ctl("suppressions", "add", address, status=1)


def test_a_suppression_is_removed_for_one_reason(message_shop, ctl):
    message_shop.database.run("INSERT INTO suppressions (channel, address, reason) VALUES"
                              " ('sms', '+919876543210', 'unsubscribe'), ('sms', '+919876543210', 'bounce')")
    assert "not on the list" in ctl("suppressions", "remove", "+919876543210", "--reason", "spam", status=1)
    ctl("suppressions", "remove", "+919876543210", "--reason", "bounce")
    assert "unsubscribe" in ctl("suppressions", "list", "+919876543210")
    eventually(lambda: message_shop.database.value("SELECT count(*) FROM suppressions") == 1, "one is left")
