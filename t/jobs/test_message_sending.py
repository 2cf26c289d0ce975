"""A message is sent once, by whichever worker takes it, and its row and timeline say what became of it."""
import time

import pytest

from edge.test_migrate import OLD_QUEUES
from harness.message_stand_ins import Reply
from harness.shop import migrate
from harness.waiting import eventually, stays

from .message_shop import MessageShop

REFUSED = Reply(400, body=b'{"errors":[{"message":"The from address is wrong","field":"from.email"}]}')


def test_a_message_is_sent_once_and_says_by_whom(message_shop):
    message_shop.start_email()
    row = message_shop.is_sent(message_shop.add_row())
    assert message_shop.provider.times_sent() == {str(row["id"]): 1}
    assert (row["provider"], row["attempts"], row["starts"], row["unknowns"]) == ("sendgrid", 0, 0, 0)
    assert row["provider_message_id"] == "sg-1"
    assert row["lease_token"] is None and row["sent_at"] and row["finished_at"]
    assert message_shop.events(row["id"]) == ["sent"]


def test_two_workers_share_what_waits(message_shop):
    ids = [message_shop.add_row(data={"otp": str(number), "name": "Asha"}) for number in range(300)]
    message_shop.provider.after = 0.02
    for _ in range(2):
        message_shop.start_email("--in-flight", "20")
    for id in ids:
        message_shop.is_sent(id)
    assert message_shop.provider.times_sent() == dict.fromkeys(ids, 1)
    assert message_shop.provider.connections > 20, "one worker did it all"


def test_rows_whose_ids_are_numbers(postgres, redis_server):
    shop = MessageShop(postgres, redis_server, "template1")
    shop.database.run(OLD_QUEUES)
    migrate(shop.database)
    shop.start_email()
    row = shop.is_sent(shop.add_row())
    assert isinstance(row["id"], int) and shop.events(str(row["id"])) == ["sent"]
    shop.close()


@pytest.mark.parametrize("status", [500, 503])
def test_what_the_provider_cannot_take_now_is_tried_again(message_shop, status):
    message_shop.provider.script(Reply(status))
    message_shop.start_email()
    id = message_shop.add_row()
    row = message_shop.reaches(id, attempts=1)
    assert (row["status"], row["delivery_status"], row["starts"], row["unknowns"]) == ("pending", None, 0, 0)
    assert 15 <= row["wait"].total_seconds() <= 36 and str(status) in row["last_error"]
    message_shop.database.run("UPDATE email_queue SET scheduled_at = now()")
    message_shop.is_sent(id)
    assert message_shop.events(id) == ["retried", "sent"]


def test_the_last_attempt_ends_as_a_dead_letter(message_shop):
    message_shop.provider.rule = lambda _: Reply(500)
    id = message_shop.add_row(attempts=16)
    message_shop.start_email()
    row = message_shop.reaches(id, status="failed")
    assert (row["delivery_status"], row["attempts"]) == ("failed", 17) and row["finished_at"]
    assert message_shop.events(id) == ["failed"]


def test_what_the_provider_never_takes_is_a_dead_letter_at_once(message_shop):
    message_shop.provider.script(REFUSED)
    message_shop.start_email()
    id = message_shop.add_row()
    row = message_shop.reaches(id, status="failed")
    assert (row["delivery_status"], row["attempts"]) == ("failed", 1)
    assert "from address is wrong" in row["last_error"]
    assert message_shop.events(id) == ["failed"]


@pytest.mark.parametrize("data", ["[]", '"text"', "null", '{"text": "' + "9" * 1_100_000 + '"}'], ids=len)
def test_data_that_cannot_be_used_harms_no_other(message_shop, data):
    bad = message_shop.add_row(data=None)
    message_shop.database.run("UPDATE email_queue SET data = %s WHERE id = %s", [data, bad])
    good = message_shop.add_row(data={"otp": "1", "name": "Asha"})
    message_shop.start_email()
    message_shop.is_sent(good)
    assert "data is" in message_shop.reaches(bad, status="failed")["last_error"]


def test_too_many_stops_every_worker_until_the_time_the_provider_says(message_shop):
    reset = int(time.time()) + 5
    message_shop.provider.rule = lambda sent: Reply() if time.time() >= reset else Reply(
        429, headers={"X-RateLimit-Reset": str(reset)})
    for _ in range(2):
        message_shop.start_email("--in-flight", "1")
    ids = [message_shop.add_row(data={"otp": str(number), "name": "Asha"}) for number in range(6)]
    eventually(lambda: len(message_shop.provider.sent) > 0, "the first is refused")
    time.sleep(0.3)
    before = len(message_shop.provider.sent)
    assert before <= 2, "a call each may have been under way when the first one was refused"
    stays(lambda: len(message_shop.provider.sent) == before, "nobody calls it", max(0, reset - time.time() - 0.5))
    for id in ids:
        row = message_shop.is_sent(id)
        assert (row["attempts"], row["unknowns"]) == (0, 0)
    assert message_shop.database.value("SELECT sum(throttled) FROM email_queue") == before
    assert set(message_shop.provider.times_accepted().values()) == {1}


def test_a_message_that_is_always_throttled_ends(message_shop):
    """So often it costs an attempt."""
    message_shop.provider.script(Reply(429))
    id = message_shop.add_row(throttled=100)
    message_shop.start_email()
    row = message_shop.reaches(id, attempts=1)
    assert (row["status"], row["throttled"]) == ("pending", 100)


def test_a_locked_row_holds_up_no_other(message_shop):
    message_shop.provider.after = 0.5
    locked = message_shop.add_row()
    message_shop.start_email()
    eventually(lambda: message_shop.provider.sent, "it is being sent")
    with message_shop.database.connect() as somebody, somebody.cursor() as cursor:
        cursor.execute("SELECT FROM email_queue WHERE id = %s FOR UPDATE", [locked])
        for number in range(5):
            message_shop.is_sent(message_shop.add_row(data={"otp": str(number), "name": "Asha"}))
        assert message_shop.message(locked)["status"] == "processing"
        somebody.rollback()
    message_shop.is_sent(locked)
    assert message_shop.provider.times_sent()[locked] == 1


def test_a_row_that_postgresql_refuses_holds_up_no_other(message_shop):
    message_shop.database.run("ALTER TABLE email_queue ALTER provider_message_id TYPE varchar(10)")
    message_shop.provider.script(Reply(202, headers={"X-Message-Id": "longer than ten"}))
    message_shop.start_email("--in-flight", "10")
    ids = [message_shop.add_row(data={"otp": str(number), "name": "Asha"}) for number in range(10)]
    rows = [message_shop.is_sent(id) for id in ids]
    assert [row["provider_message_id"] for row in rows].count(None) == 1
    assert message_shop.provider.times_sent() == dict.fromkeys(ids, 1)


def test_postgresql_away_while_messages_are_sent(new_message_shop):
    shop = new_message_shop(gates=True, after=1)
    ids = [shop.add_row(data={"otp": str(number), "name": "Asha"}) for number in range(20)]
    shop.start_email()
    eventually(lambda: len(shop.provider.sent) == 20, "all are being sent")
    shop.postgres_gate.shut()
    stays(lambda: shop.message(ids[0])["status"] == "processing", "nobody can settle them", 2)
    shop.postgres_gate.open()
    for id in ids:
        assert shop.is_sent(id)["unknowns"] == 0
        assert shop.events(id) == ["sent"]
    assert shop.provider.times_sent() == dict.fromkeys(ids, 1)


def test_a_stop_while_postgresql_is_away_ends_within_the_grace_time(new_message_shop):
    shop = new_message_shop(gates=True, after=0.5)
    shop.add_row()
    worker = shop.start_email("--grace", "2")
    eventually(lambda: shop.provider.sent, "it is being sent")
    shop.postgres_gate.shut()
    assert worker.stop(within_s=15) == 0
    assert "cannot be written" in shop.log()


def test_sigterm_lets_calls_under_way_end(message_shop):
    message_shop.provider.after = 2
    id = message_shop.add_row()
    worker = message_shop.start_email()
    eventually(lambda: message_shop.provider.sent, "it is being sent")
    assert worker.stop(within_s=30) == 0
    assert message_shop.is_sent(id)["unknowns"] == 0


def test_a_call_that_outlasts_the_grace_time_counts_as_unknown(message_shop):
    message_shop.provider.script(Reply(hang=True))
    id = message_shop.add_row()
    worker = message_shop.start_email("--grace", "1")
    eventually(lambda: message_shop.provider.sent, "it is being sent")
    assert worker.stop(within_s=15) == 0
    row = message_shop.message(id)
    assert (row["status"], row["delivery_status"], row["unknowns"], row["lease_token"]) == ("pending", "unknown", 1, None)


def test_metrics(message_shop):
    from .test_job_lifecycle import metrics_of
    message_shop.provider.rule = lambda sent: REFUSED if b"refused@" in sent.body else Reply()
    message_shop.start_email(METRICS_LISTEN=f"127.0.0.1:{message_shop.metrics_port}")
    message_shop.push_email(to="asha@example.com")
    message_shop.push_email(to="refused@example.com")
    eventually(lambda: message_shop.database.value(
        "SELECT count(*) FROM email_queue WHERE finished_at IS NOT NULL") == 2, "both end")
    samples = eventually(lambda: (found := metrics_of(message_shop.metrics_port)).get(
        'coupon_messages_total{queue="email",provider="sendgrid",outcome="failed"}') and found, "they are counted")
    for name, value in {
            'coupon_messages_total{queue="email",provider="sendgrid",outcome="sent"}': 1,
            'coupon_message_wait_seconds_count{queue="email"}': 1,
            'coupon_messages_in_flight{queue="email"}': 0, 'coupon_messages_unknown{queue="email"}': 0,
            'coupon_provider_breaker_open{provider="sendgrid"}': 0,
            'coupon_intake_total{queue="email",outcome="accepted"}': 2,
            'coupon_worker_entries_total{role="email"}': 2, 'coupon_jobs_dead{table="email_queue"}': 1}.items():
        assert samples[name] == value, name


def test_a_missing_suppression_list_is_waited_for(message_shop):
    message_shop.database.run("ALTER TABLE suppressions RENAME TO other")
    id = message_shop.add_row()
    message_shop.start_email()
    eventually(lambda: "cannot be looked up" in message_shop.log(), "it says so")
    stays(lambda: not message_shop.provider.sent, "nothing is sent without it", 1)
    assert message_shop.log().count("cannot be looked up") == 1
    message_shop.database.run("ALTER TABLE other RENAME TO suppressions")
    assert message_shop.is_sent(id)["attempts"] == 0


def test_a_lost_row_that_somebody_has_locked_holds_up_no_other(message_shop):
    """What was sent is noted on it all the same, once it can be."""
    message_shop.provider.after = 0.5
    lost = message_shop.add_row()
    message_shop.start_email()
    eventually(lambda: message_shop.provider.sent, "it is being sent")
    message_shop.database.run("UPDATE email_queue SET lease_token = gen_random_uuid() WHERE id = %s", [lost])
    with message_shop.database.connect() as somebody, somebody.cursor() as cursor:
        cursor.execute("SELECT FROM email_queue WHERE id = %s FOR UPDATE", [lost])
        for number in range(3):
            message_shop.is_sent(message_shop.add_row(data={"otp": str(number), "name": "Asha"}))
        assert message_shop.message(lost)["status"] == "processing"
        somebody.rollback()
    message_shop.is_sent(lost)
    assert message_shop.events(lost) == ["sent"] and message_shop.provider.times_sent()[lost] == 1
    assert "does not work on messages" not in message_shop.log()
