"""From queue:webhooks into webhook_logs: every record once, whatever it looks like."""
import base64
import hashlib
import json
import uuid

import pytest

from harness.waiting import eventually

from .job_shop import record, segment_of


def test_a_record_becomes_a_row_and_is_settled(running_shop):
    body = bytes(range(256))
    entry = record(raw=body, query="a=1", headers={"x-signature": "abc"}, fields={"click": "1"}, seq=7)
    running_shop.push(entry)
    row = running_shop.taken_in(entry)
    assert bytes(row["body"]) == body
    assert bytes(row["body_sha256"]) == hashlib.sha256(body).digest()
    assert (row["headers"], row["fields"]) == ({"x-signature": "abc"}, {"click": "1"})
    for column, member in (("provider", "provider"), ("location", "location"), ("remote", "remote"),
                           ("method", "method"), ("query", "query"), ("verdict", "verdict"), ("trust", "trust"),
                           ("edge", "edge"), ("correlation_id", "rid"), ("seq", "seq")):
        assert row[column] == entry[member], column
    assert row["received_at"].timestamp() == pytest.approx(entry["ts"] / 1000)
    assert running_shop.settled(entry["seg"]) == "{[7,8)}"
    running_shop.drained()


def test_what_the_edge_refused_is_a_finished_row_without_a_body(running_shop):
    entry = record(verdict="bad", reason="no secret fits")
    running_shop.push(entry)
    row = running_shop.taken_in(entry)
    assert (row["status"], row["outcome"], row["verdict"], row["reason"]) == \
        ("completed", "refused", "bad", "no secret fits")
    assert row["body"] is None and row["body_sha256"] is None and row["finished_at"] is not None
    assert running_shop.settled(entry["seg"]) == "{[0,1)}"


def test_the_same_record_twice_is_one_row(running_shop):
    segment, entries = segment_of(20)
    running_shop.push(*entries, *reversed(entries))
    running_shop.drained()
    running_shop.push(*entries)
    running_shop.drained()
    running_shop.assert_each_once(segment, entries)


def test_an_id_from_another_place_is_stored_under_a_fresh_one(running_shop):
    first = record(raw=b"first")
    second = first | {"seg": str(uuid.uuid4()), "body": base64.b64encode(b"second").decode()}
    running_shop.push(first)
    running_shop.drained()
    running_shop.push(second, second)
    running_shop.drained()
    rows = running_shop.database.run("SELECT id::text, body, segment::text FROM webhook_logs ORDER BY body")
    assert [(bytes(row["body"]), row["segment"]) for row in rows] == \
        [(b"first", first["seg"]), (b"second", second["seg"])]
    assert rows[0]["id"] == first["id"] != rows[1]["id"]


BAD_ENTRIES = ["", "not json", "{", "[]", "null", "1", "{}", '{"v":1}', "\u0000", "x" * 100_000, "[" * 5000]


def test_what_cannot_be_read_is_a_failed_row_and_harms_no_other(running_shop):
    good = [record() for _ in range(3)]
    running_shop.push(good[0], *BAD_ENTRIES, good[1], *BAD_ENTRIES, good[2])
    for entry in good:
        running_shop.taken_in(entry)
    running_shop.drained()
    failed = running_shop.database.run("SELECT * FROM webhook_logs WHERE status = 'failed'")
    assert len(failed) == len(BAD_ENTRIES)  # the same text twice is one row
    assert all(row["last_error"] for row in failed)
    assert {row["raw"] for row in failed} >= {"not json", "x" * 100_000}


def test_an_unreadable_record_settles_its_place(running_shop):
    entry = record(id="nonsense", seq=3)
    running_shop.push(entry)
    row = eventually(lambda: running_shop.database.row("SELECT * FROM webhook_logs WHERE status = 'failed'"),
                     "the failed row")
    assert str(row["segment"]) == entry["seg"] and row["seq"] == 3
    assert json.loads(row["raw"]) == entry
    assert running_shop.settled(entry["seg"]) == "{[3,4)}"


def test_the_row_that_postgresql_refuses_is_the_only_failed_one(job_shop):
    job_shop.database.run("ALTER TABLE webhook_logs ADD CHECK (query <> 'poison')")
    segment, entries = segment_of(100, query="fine")
    for number in (0, 77, 99):
        entries[number]["query"] = "poison"
    job_shop.push(*entries)
    job_shop.start_worker()
    job_shop.assert_each_once(segment, entries)
    failed = job_shop.database.run("SELECT seq, last_error, raw FROM webhook_logs WHERE status = 'failed' ORDER BY seq")
    assert [row["seq"] for row in failed] == [0, 77, 99]
    assert all("check constraint" in row["last_error"] for row in failed)
    assert json.loads(failed[0]["raw"]) == entries[0]


def test_two_workers_share_the_queue(job_shop):
    segment, entries = segment_of(3000)
    job_shop.start_worker()
    job_shop.start_worker()
    job_shop.push(*entries)
    job_shop.assert_each_once(segment, entries)


def test_claims_of_a_dead_worker_are_given_back(job_shop):
    dead = "webhooks:gone-host:0123456789ab"
    segment, entries = segment_of(10)
    job_shop.redis.rpush(f"{{queue:webhooks}}:processing:{dead}", *map(json.dumps, entries))
    job_shop.redis.sadd("{queue:webhooks}:claims", dead)
    job_shop.start_worker()
    job_shop.assert_each_once(segment, entries)
