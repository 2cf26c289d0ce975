"""What producers put into queue:email and email_queue becomes one row and one mail, whatever its shape."""
import concurrent.futures
import datetime
import json
import random
import time
import uuid

import pytest

from harness.shop import migrate
from harness.waiting import eventually

from .message_shop import OTP

FAILED = {"order_number": "N17", "total_amount": 499, "reason": "The voucher is sold out", "name": "Asha"}


def sent_once(shop, ids):
    """Every one of these rows was sent, and nothing else."""
    for id in ids:
        shop.is_sent(id)
    assert shop.provider.times_sent() == {id: 1 for id in ids}


def rows(shop, **columns):
    condition = " AND ".join(f"{name} = %s" for name in columns) or "true"
    return shop.database.run(f"SELECT *, id::text AS text_id FROM email_queue WHERE {condition}"
                             " ORDER BY created_at, id", list(columns.values()))


def otp(number):
    """The data of a password's message that is none of the others."""
    return OTP | {"otp": str(100_000 + number)}


def taken_in(shop, within_s=20):
    eventually(lambda: not shop.redis.keys("*queue:email*"), "queue:email is taken in", within_s)


# --- from Redis

def test_an_entry_is_taken_over_as_it_is(message_shop):
    enqueued = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
    later = enqueued + datetime.timedelta(days=2)
    id = message_shop.push_email(
        idempotency_key="of-the-shop", attempts=3, correlation_id="request-1", enqueued_at=enqueued.isoformat(),
        scheduled_at=later.timestamp(), data=OTP | {"amount": 0.1})
    message_shop.start_email()
    row = message_shop.reaches(id, status="pending", idempotency_key="of-the-shop", correlation_id="request-1")
    assert (row["type"], row["to"], row["attempts"], row["data"]) == ("otp", "asha@example.com", 3, OTP | {"amount": 0.1})
    assert abs(row["created_at"] - enqueued) < datetime.timedelta(seconds=1)
    assert abs(row["scheduled_at"] - later) < datetime.timedelta(seconds=1)
    taken_in(message_shop)
    assert not message_shop.provider.sent


def test_an_entry_of_three_members_is_enough(message_shop):
    """With texts of every kind in it, and numbers for texts."""
    data = OTP | {"name": "Ünïcode \"quoted\" \\ 💸", "nested": {"a": [1, None, {}]}}
    message_shop.push_to("email", {"type": "otp", "to": "asha@example.com", "data": data}, {"id": 7, "type": "otp",
                         "to": "asha@example.com", "data": OTP | {"otp": "111111"}, "correlation_id": None})
    message_shop.start_email()
    eventually(lambda: len(rows(message_shop, status="completed")) == 2, "both are sent", 20)
    first, second = rows(message_shop)
    assert data in (first["data"], second["data"])
    sent_once(message_shop, [first["text_id"], second["text_id"]])


@pytest.mark.parametrize("sane", ["2999-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "whenever", 12, {"a": 1}])
def test_an_odd_time_of_queueing_is_now(message_shop, sane):
    id = message_shop.push_email(enqueued_at=sane)
    message_shop.start_email()
    row = message_shop.is_sent(id)
    age = datetime.datetime.now(datetime.timezone.utc) - row["created_at"]
    assert datetime.timedelta(0) <= age < datetime.timedelta(minutes=2)


def test_the_same_message_is_one_however_often_it_is_pushed(message_shop):
    """The same entry, the same id, the same order under other ids; and what is another message is none of them."""
    order = {"id": str(uuid.uuid4()), "type": "order_failed", "to": "asha@example.com", "data": FAILED | {"order_id": 17}}
    message_shop.push_to("email", order, order, order | {"attempts": 1}, order | {"id": str(uuid.uuid4())})
    message_shop.start_email()
    message_shop.is_sent(order["id"])
    message_shop.push_to("email", order | {"id": "another"}, order)
    other = message_shop.push_email("order_failed", data=FAILED | {"order_id": 18})
    to_other = message_shop.push_email("order_failed", to="ravi@example.com", data=FAILED | {"order_id": 17})
    sent_once(message_shop, [order["id"], other, to_other])
    taken_in(message_shop)
    assert len(rows(message_shop)) == 3


def test_a_password_is_a_message_of_its_day_whatever_else_its_data_hold(message_shop):
    """The same digits come up again; and no secret stands in a key, which logs and indexes show."""
    yesterday = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).isoformat()
    to_come = {"scheduled_at": "2999-01-01T00:00:00Z"}
    for data, more in [({"otp": "111111", "order_id": 1}, {}), ({"otp": "111111", "order_id": 2}, {}),
                       ({"otp": "222222", "order_id": 1}, {}), ({"otp": "111111"}, {"enqueued_at": yesterday})]:
        message_shop.push_email(data=data, **to_come, **more)
    message_shop.push_email("password_reset", data={"token": "secret-of-asha"}, **to_come)
    message_shop.push_email("welcome", data={"otp": "333333"}, **to_come)
    message_shop.start_email()
    taken_in(message_shop)
    old = message_shop.add_row(data={"otp": "111111"}, created_at=yesterday, **to_come)
    row = message_shop.reaches(old, delivery_status="duplicate")
    assert row["last_error"].startswith("the same message as ")
    messages = [row for row in rows(message_shop) if row["text_id"] != old]
    assert sorted(row["data"].get("otp", "") for row in messages) == ["", "111111", "111111", "222222", "333333"]
    keys = [row["idempotency_key"] for row in messages]
    assert not [key for key in keys for secret in ("111111", "222222", "333333", "secret") if secret in key]


def test_an_id_that_is_used_again_for_another_message_loses_neither(message_shop):
    message_shop.push_to("email", *[{"id": "1", "type": type, "to": to, "data": {"name": "Asha", "verification_url":
                         "https://shop.test/v", "reset_url": "https://shop.test/r"}} for type, to in
                         [("welcome", "asha@example.com"), ("welcome", "ravi@example.com"),
                          ("password_reset", "asha@example.com"), ("welcome", "ravi@example.com")]])
    message_shop.start_email()
    taken_in(message_shop)
    assert sorted((row["type"], row["to"]) for row in rows(message_shop)) == [
        ("password_reset", "asha@example.com"), ("welcome", "asha@example.com"), ("welcome", "ravi@example.com")]


BAD = {
    "not json": "is not valid JSON", "[1]": "is no JSON object", '{"type":"otp"}': 'has no recipient ("to")',
    '{"to":"a@b.c"}': "has no type", '{"type":"otp","to":"a@b.c","data":[]}': "has data that is no object",
    '{"type":"otp","to":"a@b.c","scheduled_at":"soon"}': "has a scheduled_at that is no time",
    '{"type":"otp","to":"a@b.c","data":{"a":"\\u0000"}}': "holds U+0000",
    '{"id":"deep","type":"otp","to":"a@b.c","data":' + '{"a":' * 100 + "1" + "}" * 101: "is nested deeper",
    '{"type":"otp","to":"a@b.c","data":{"a":"' + "x" * ((64 << 10) - 7) + '"}}': "has data of more than 64 KiB",
    '{"type":"otp","to":"a@b.c","data":{"a":"' + "x" * (1 << 20) + '"}}': "has more than 1 MiB",
}


def test_what_cannot_be_understood_is_a_dead_row_with_its_text(message_shop):
    for text in BAD:
        message_shop.push_to("email", text)
    message_shop.push_to("email", b"\xff\x00\xfe", *BAD)
    good = message_shop.push_email()
    message_shop.start_email()
    message_shop.is_sent(good)
    taken_in(message_shop)
    dead = {row["raw"]: row for row in rows(message_shop, status="failed")}
    assert len(dead) == len(BAD) + 1 == len(rows(message_shop)) - 1, "each is one row, though it came twice"
    for text, reason in BAD.items():
        assert reason in dead[text]["last_error"]
        assert dead[text]["finished_at"] and message_shop.events(dead[text]["text_id"]) == ["failed"]
    assert "\\xff\\x00\\xfe" in dead


def test_an_entry_that_was_corrected_is_sent_under_its_id(message_shop):
    entry = {"id": str(uuid.uuid4()), "type": "otp", "to": "asha@example.com", "data": "wrong"}
    message_shop.push_to("email", entry)
    message_shop.start_email()
    eventually(lambda: rows(message_shop, status="failed"), "the wrong one is a dead row", 20)
    message_shop.push_to("email", entry | {"data": OTP})
    sent_once(message_shop, [entry["id"]])


def test_a_row_that_postgresql_refuses_stops_no_other(message_shop):
    """No index takes a key of this length."""
    noise = "".join(random.choices("0123456789abcdef", k=50_000))
    good = [message_shop.push_email(data={"otp": str(number), "name": "Asha"}) for number in range(20)]
    message_shop.push_email("order_failed", data={"order_id": noise})
    good += [message_shop.push_email(data={"otp": str(100 + number), "name": "Asha"}) for number in range(20)]
    message_shop.start_email()
    sent_once(message_shop, good)
    refused, = rows(message_shop, status="failed")
    assert "PostgreSQL refuses it" in refused["last_error"] and noise in refused["raw"]


def test_killed_again_and_again(message_shop):
    ids = [message_shop.push_email(data={"otp": str(number), "name": "Asha"}, scheduled_at="2999-01-01")
           for number in range(3000)]
    for _ in range(8):
        worker = message_shop.start_email()
        time.sleep(random.uniform(0.0, 0.2))
        worker.kill()
    message_shop.start_email()
    taken_in(message_shop, within_s=60)
    assert {row["text_id"] for row in rows(message_shop, status="pending")} == set(ids)
    assert len(rows(message_shop)) == len(ids)


# --- rows the back end inserted itself

def test_rows_of_the_same_message_are_sent_once(message_shop):
    first = message_shop.add_row(data=otp(17))
    message_shop.add_row(data=otp(17))
    message_shop.start_email()
    message_shop.is_sent(first)
    again = message_shop.add_row(data=otp(17))
    entry = message_shop.push_email(data=otp(17))
    row = message_shop.reaches(again, status="completed", delivery_status="duplicate")
    assert row["last_error"] == f"the same message as {first}" and row["finished_at"]
    assert message_shop.events(again) == ["duplicate"]
    taken_in(message_shop)
    assert message_shop.message(entry) is None
    assert len(rows(message_shop, delivery_status="duplicate")) == 2
    sent_once(message_shop, [first])


def test_the_row_that_is_pushed_as_well_is_one_message(message_shop):
    id = message_shop.add_row()
    message_shop.push_to("email", {"id": id, "type": "otp", "to": "asha@example.com", "data": OTP})
    message_shop.start_email()
    sent_once(message_shop, [id])
    taken_in(message_shop)
    assert len(rows(message_shop)) == 1


def test_rows_inserted_at_the_same_moment_are_sent_once(message_shop):
    """By several connections, with two workers that look at them while they come."""
    message_shop.start_email()
    message_shop.start_email()

    def insert(part):
        for number in range(40):
            connection = message_shop.database.connect()
            with connection, connection.cursor() as cursor:
                cursor.execute('INSERT INTO email_queue (type, "to", data) VALUES (%s, %s, %s)',
                               ["otp", "asha@example.com", json.dumps(otp(number))])
            connection.close()
            if part % 2:
                message_shop.push_email(data=otp(number))

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(insert, range(6)))
    taken_in(message_shop)
    eventually(lambda: not rows(message_shop, status="pending") and not rows(message_shop, status="processing"),
               "nothing is left to do", 30)
    sent = rows(message_shop, status="completed", delivery_status="sent")
    assert sorted(int(row["data"]["otp"]) - 100_000 for row in sent) == list(range(40))
    sent_once(message_shop, [row["text_id"] for row in sent])


@pytest.mark.parametrize("column, value, reason", [
    ("type", None, "no type"), ("type", " ", "no type"), ('"to"', None, "no recipient"), ('"to"', "", "no recipient")])
def test_a_row_that_lacks_what_it_needs_is_dead(message_shop, column, value, reason):
    bad = message_shop.add_row(**{column: value})
    good = message_shop.add_row()
    message_shop.start_email()
    sent_once(message_shop, [good])
    assert reason in message_shop.reaches(bad, status="failed")["last_error"]
    assert message_shop.events(bad) == ["failed"]


def test_a_row_that_cannot_have_a_key_stops_no_other(message_shop):
    noise = "".join(random.choices("0123456789abcdef", k=50_000))
    first = message_shop.add_row(data=otp(1))
    bad = message_shop.add_row(type="order_failed", data={"order_id": noise})
    last = message_shop.add_row(data=otp(2))
    message_shop.start_email()
    sent_once(message_shop, [first, last])
    assert "index" in message_shop.reaches(bad, status="failed")["last_error"]


def test_rows_are_sent_while_redis_hangs(new_message_shop):
    shop = new_message_shop(gates=True)
    shop.start_email()
    shop.redis_gate.stall()
    sent_once(shop, [shop.add_row(data=otp(number)) for number in range(3)])
    shop.redis_gate.open()


def test_rows_that_were_made_at_no_time_or_hold_too_much_stop_no_other(message_shop):
    """Their batch is read all the same."""
    made = [message_shop.add_row(data=otp(number), created_at=at, idempotency_key=f"own-{number}")
            for number, at in enumerate(["infinity", "-infinity"])]
    large = message_shop.add_row(data={"otp": "1", "more": "x" * (64 << 10)})
    good = message_shop.add_row(data=otp(2))
    message_shop.start_email()
    sent_once(message_shop, [*made, good])
    assert "larger than 64 KiB" in message_shop.reaches(large, status="failed")["last_error"]


# --- a table the back end made

@pytest.fixture
def numbered_shop(postgres, new_message_shop):
    """email_queue as SQLAlchemy may have made it before us."""
    database = postgres.create_database()
    database.run('CREATE TABLE email_queue (id serial PRIMARY KEY, type varchar(50) NOT NULL, "to" varchar(255) NOT NULL,'
                 " data json NOT NULL, status varchar(20) NOT NULL DEFAULT 'pending', attempts integer DEFAULT 0,"
                 " created_at timestamp DEFAULT now())")
    migrate(database)
    database.close()
    return new_message_shop(template=database.name)


def test_numbered_rows_and_entries(numbered_shop):
    """An entry's number is that of the back end's row where it is the same message, else means nothing."""
    shop = numbered_shop
    row = shop.add_row()
    shop.push_to("email", {"id": int(row), "type": "otp", "to": "asha@example.com", "data": OTP})
    shop.push_to("email", {"id": int(row), "type": "otp", "to": "ravi@example.com", "data": OTP})
    shop.push_to("email", {"id": 2, "type": "otp", "to": "mina@example.com", "data": OTP})
    shop.push_to("email", {"id": "x" * 60, "type": "y" * 60, "to": "mina@example.com", "data": OTP})
    shop.start_email()
    taken_in(shop)
    shop.is_sent(row)
    eventually(lambda: len(rows(shop, delivery_status="sent")) == 3, "three are sent", 20)
    later = [shop.add_row(to="tara@example.com", data=otp(number)) for number in range(5)]
    for id in later:
        shop.is_sent(id)
    assert sorted(row["to"] for row in rows(shop, delivery_status="sent")) == [
        "asha@example.com", "mina@example.com", "ravi@example.com"] + ["tara@example.com"] * 5
    assert set(shop.provider.times_sent().values()) == {1}
    too_long, = rows(shop, status="failed")
    assert "too long" in too_long["last_error"] and "y" * 60 in too_long["raw"]


def test_an_entry_whose_number_a_row_has_is_sent_although_both_are_for_the_same_person(numbered_shop):
    """Numbers of another table, or of another day: the password is what tells that it is another message."""
    to_come = "2999-01-01T00:00:00Z"
    row = numbered_shop.add_row(data=otp(1), scheduled_at=to_come)
    numbered_shop.push_to("email", {"id": int(row), "type": "otp", "to": "asha@example.com", "data": otp(2)},
                          {"id": int(row), "type": "otp", "to": "asha@example.com", "data": otp(1)})
    numbered_shop.start_email()
    taken_in(numbered_shop)
    entry, = rows(numbered_shop, delivery_status="sent") or eventually(
        lambda: rows(numbered_shop, delivery_status="sent"), "the entry is sent", 20)
    assert entry["data"]["otp"] == otp(2)["otp"] and len(rows(numbered_shop)) == 2


def test_a_row_is_no_duplicate_of_another_person_s_entry_that_has_its_number(numbered_shop):
    shop, data = numbered_shop, {"name": "Asha", "verification_url": "https://shop.test/v"}
    shop.database.run("SELECT setval('email_queue_id_seq', 10)")
    shop.push_to("email", {"id": 12, "type": "welcome", "to": "ravi@example.com", "data": data})
    shop.start_email()
    eventually(lambda: rows(shop, idempotency_key="12", delivery_status="sent"), "the entry is sent", 20)
    row = shop.add_row(type="welcome", data=data)
    assert row == "12"
    assert shop.is_sent(row)["idempotency_key"] == "welcome:asha@example.com:12"


def test_numbered_rows_of_one_message_are_sent_once(numbered_shop):
    first = numbered_shop.add_row(data=otp(17))
    second = numbered_shop.add_row(data=otp(17))
    numbered_shop.start_email()
    sent_once(numbered_shop, [first])
    assert numbered_shop.reaches(second, status="completed")["last_error"] == f"the same message as {first}"


def test_a_numbered_row_with_json_that_cannot_be_read(numbered_shop):
    """json takes texts that jsonb does not."""
    bad = numbered_shop.database.value(
        """INSERT INTO email_queue (type, "to", data) VALUES ('otp', 'asha@example.com', '{"otp":"1\\u0000"}')"""
        " RETURNING id::text")
    good = numbered_shop.add_row()
    numbered_shop.start_email()
    sent_once(numbered_shop, [good])
    assert numbered_shop.reaches(bad, status="failed")["last_error"]
