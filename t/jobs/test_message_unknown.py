"""A message of which nobody knows whether it was sent: it waits for the provider's report, is sent once more at most,
and says so."""
import itertools
import signal
import time

import pytest

from harness.message_stand_ins import Reply
from harness.waiting import eventually, stays

from .paying_shop import record

_events = itertools.count(1)


def report(shop, id, event="delivered", **more):
    """SendGrid's word about one of our rows."""
    shop.push(record("sendgrid", [{"event": event, "email": "asha@example.com", "coupon_id": str(id),
                                   "sg_event_id": f"unknown-{next(_events)}", "sg_message_id": "late.filter-1",
                                   "timestamp": 1767225600} | more]))


def hurry(shop):
    shop.database.run("UPDATE email_queue SET scheduled_at = now() WHERE status = 'pending'")


@pytest.mark.parametrize("reply", [Reply(reset=True), Reply(close=True)], ids=["reset", "close"])
def test_an_unanswered_call_waits_for_its_report(message_shop, reply):
    message_shop.provider.script(reply)
    id = message_shop.add_row()
    message_shop.start_email()
    row = message_shop.reaches(id, delivery_status="unknown")
    assert (row["status"], row["unknowns"], row["attempts"], row["starts"]) == ("pending", 1, 0, 0)
    assert 880 < row["wait"].total_seconds() <= 900
    message_shop.start_worker()
    report(message_shop, id)
    row = message_shop.reaches(id, status="completed")
    assert row["delivery_status"] == "delivered" and row["finished_at"]
    hurry(message_shop)
    stays(lambda: len(message_shop.provider.sent) == 1, "it is not sent again", 0.5)
    assert message_shop.events(id) == ["unknown", "delivered"]


def test_without_a_report_it_is_sent_once_more(message_shop):
    message_shop.provider.script(Reply(reset=True))
    id = message_shop.add_row()
    message_shop.start_email("--unknown-wait", "1")
    row = message_shop.is_sent(id)
    assert (row["unknowns"], row["attempts"]) == (1, 0)
    assert message_shop.provider.times_sent()[id] == 2
    assert message_shop.events(id) == ["unknown", "retried", "sent"]


def test_the_second_time_it_is_a_dead_letter(message_shop):
    message_shop.provider.script(Reply(reset=True), Reply(close=True))
    id = message_shop.add_row()
    message_shop.start_email("--unknown-wait", "1")
    row = message_shop.reaches(id, status="failed")
    assert (row["delivery_status"], row["unknowns"]) == ("unknown", 2)
    assert "sent twice and nobody knows" in row["last_error"]
    assert message_shop.events(id) == ["unknown", "retried", "unknown"]
    stays(lambda: message_shop.provider.times_sent()[id] == 2, "never a third time", 1)
    message_shop.start_worker()
    report(message_shop, id)
    assert message_shop.reaches(id, status="completed")["delivery_status"] == "delivered"


def test_that_the_second_call_was_refused_says_nothing_about_the_first(message_shop):
    message_shop.provider.script(Reply(reset=True), Reply(400))
    id = message_shop.add_row()
    message_shop.start_email("--unknown-wait", "1")
    assert message_shop.reaches(id, status="failed")["delivery_status"] == "unknown"


def test_that_it_is_not_sent_again_says_nothing_about_the_first_call(message_shop):
    message_shop.provider.script(Reply(reset=True))
    id = message_shop.add_row()
    message_shop.start_email("--unknown-wait", "3")
    message_shop.reaches(id, delivery_status="unknown")
    message_shop.database.run("INSERT INTO suppressions (channel, address, reason) VALUES"
                              " ('email', 'asha@example.com', 'bounce')")
    row = message_shop.reaches(id, status="completed")
    assert row["delivery_status"] == "unknown" and "suppression list" in row["last_error"]
    assert message_shop.events(id) == ["unknown", "suppressed"]


def test_a_report_while_it_is_sent_again_stands(message_shop):
    message_shop.provider.script(Reply(reset=True), Reply(after=2, status=503))
    id = message_shop.add_row()
    message_shop.start_email("--unknown-wait", "1")
    message_shop.start_worker()
    eventually(lambda: len(message_shop.provider.sent) == 2, "it is sent again")
    report(message_shop, id)
    row = message_shop.reaches(id, status="completed")
    assert row["delivery_status"] == "delivered"
    eventually(lambda: message_shop.message(id)["lease_token"] is None, "its call ends")
    assert len(message_shop.provider.sent) == 2


def test_what_a_dead_worker_left_is_held(message_shop):
    id = message_shop.add_row(status="processing", starts=1, lease_until="2020-01-01",
                              lease_token="00000000-0000-4000-8000-000000000000", idempotency_key="left")
    message_shop.start_email()
    row = message_shop.reaches(id, delivery_status="unknown")
    assert (row["status"], row["unknowns"], row["starts"]) == ("pending", 1, 0)
    assert message_shop.events(id) == ["unknown"]
    assert not message_shop.provider.sent


def test_a_killed_worker_s_message_is_sent_again_once_its_report_is_overdue(message_shop):
    message_shop.provider.script(Reply(hang=True))
    id = message_shop.add_row()
    worker = message_shop.start_email()
    eventually(lambda: message_shop.provider.sent, "it is being sent")
    worker.kill()
    message_shop.database.run("UPDATE email_queue SET lease_until = now() - interval '1 second'")
    message_shop.start_email("--unknown-wait", "1")
    assert message_shop.is_sent(id)["unknowns"] == 1
    assert message_shop.provider.times_sent()[id] == 2


@pytest.mark.parametrize("held", [False, True], ids=["leased by another", "held as unknown"])
def test_that_it_was_sent_is_written_even_where_the_lease_was_lost(message_shop, held):
    message_shop.provider.script(Reply(after=2))
    id = message_shop.add_row()
    message_shop.start_email()
    eventually(lambda: message_shop.provider.sent, "it is being sent")
    if held:
        message_shop.database.run("UPDATE email_queue SET status = 'pending', delivery_status = 'unknown', unknowns = 1,"
                                  " lease_token = NULL, scheduled_at = now() + interval '1 hour'")
    else:
        message_shop.database.run("UPDATE email_queue SET lease_token = gen_random_uuid()")
    row = message_shop.is_sent(id)
    assert row["provider_message_id"] == "sg-1" and row["sent_at"]
    assert message_shop.events(id) == ["sent"]
    assert len(message_shop.provider.sent) == 1


@pytest.mark.parametrize("status", ["sent", "deferred", "delivered", "bounced"])
def test_a_message_that_was_reported_on_is_not_sent(message_shop, status):
    id = message_shop.add_row(delivery_status=status)
    message_shop.start_email()
    assert message_shop.reaches(id, status="completed")["delivery_status"] == status
    assert not message_shop.provider.sent


@pytest.mark.deadline(180)
def test_a_worker_that_stood_still_does_not_send_late(message_shop):
    """It is stopped between taking a message and sending it, until its lease is nearly over."""
    message_shop.database.run("ALTER TABLE suppressions RENAME TO slow_suppressions; CREATE VIEW suppressions AS"
                              " SELECT s.* FROM (SELECT pg_sleep(2)) AS wait, slow_suppressions s")
    message_shop.database.run("INSERT INTO slow_suppressions (channel, address, reason) VALUES"
                              " ('email', 'asha@example.com', 'unsubscribe')")
    id = message_shop.add_row()
    worker = message_shop.start_email("--lease", "60")
    message_shop.reaches(id, status="processing")
    worker.send(signal.SIGSTOP)
    try:
        time.sleep(22)
    finally:
        message_shop.database.run("DROP VIEW suppressions; ALTER TABLE slow_suppressions RENAME TO suppressions")
        other = message_shop.message(id)
        worker.send(signal.SIGCONT)
    assert other["status"] == "processing" and not message_shop.provider.sent
    eventually(lambda: "given back unsent" in message_shop.log(), "it notices")
    message_shop.is_sent(id)
    assert len(message_shop.provider.sent) == 1


def test_a_worker_that_lost_a_message_while_it_stood_still_sends_nothing(message_shop):
    message_shop.provider.script(Reply(hang=True))
    id = message_shop.add_row()
    worker = message_shop.start_email()
    eventually(lambda: message_shop.provider.sent, "it is being sent")
    worker.send(signal.SIGSTOP)
    try:
        message_shop.database.run("UPDATE email_queue SET lease_until = now() - interval '1 second'")
        message_shop.start_email()
        row = message_shop.reaches(id, delivery_status="unknown")
        assert (row["status"], row["unknowns"]) == ("pending", 1)
    finally:
        worker.send(signal.SIGCONT)
    stays(lambda: len(message_shop.provider.sent) == 1, "nobody sends it", 1)
