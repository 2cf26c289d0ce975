"""Rows that are kept no longer leave the database for files, each of them once."""
import gzip
import json
import signal
import uuid

import pytest

from harness.waiting import eventually


@pytest.fixture
def archive(tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


@pytest.fixture
def shop(new_cron_shop, archive):
    return new_cron_shop(settings={"ARCHIVE_DIR": str(archive)})


def add_webhooks(shop, count, days, status="completed", **columns):
    shop.database.run(
        "INSERT INTO webhook_logs (id, received_at, created_at, provider, verdict, status, body)"
        " SELECT gen_random_uuid(), now() - make_interval(days => %s), now() - make_interval(days => %s), 'razorpay',"
        " 'accepted', %s, convert_to(repeat('x', %s), 'UTF8') FROM generate_series(1, %s)",
        [days, days, status, columns.get("bytes", 10), count])


def ids(shop, table="webhook_logs"):
    return {row["id"] for row in shop.database.run(f"SELECT id::text AS id FROM {table}")}


def archived(shop, archive):
    """The rows that the archive holds, by its own account of its files."""
    rows = []
    for file in shop.database.run("SELECT name, rows, bytes FROM archived_files ORDER BY name"):
        packed = (archive / file["name"]).read_bytes()[:file["bytes"]]
        lines = gzip.decompress(packed).decode().splitlines()
        assert len(lines) == file["rows"]
        rows += [json.loads(line) for line in lines]
    return rows


def test_old_webhooks_leave_the_database_for_a_file(shop, archive):
    add_webhooks(shop, 2500, days=31)
    add_webhooks(shop, 1, days=31, status="failed")
    add_webhooks(shop, 1, days=31, status="pending")
    add_webhooks(shop, 1, days=29)
    before = ids(shop)
    assert shop.run("clean_logs")["webhook_logs"] == 2500
    kept = ids(shop)
    rows = archived(shop, archive)
    assert len(kept) == 3 and len(rows) == 2500
    assert {row["id"] for row in rows} | kept == before
    assert rows[0]["provider"] == "razorpay" and rows[0]["body"] == "\\x" + "78" * 10
    for file in archive.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600, "the archive holds personal data"


def test_large_bodies_are_taken_a_few_at_a_time(shop, archive):
    add_webhooks(shop, 20, days=31, bytes=2_000_000)
    assert shop.run("clean_logs")["webhook_logs"] == 20
    assert len(archived(shop, archive)) == 20


def test_without_a_folder_nothing_is_deleted(new_cron_shop):
    shop = new_cron_shop()
    add_webhooks(shop, 3, days=400)
    assert shop.run("clean_logs")["webhook_logs"] == "kept: ARCHIVE_DIR is not set"
    assert len(ids(shop)) == 3


def test_a_kill_neither_loses_nor_doubles_a_row(shop, archive):
    add_webhooks(shop, 12_000, days=31, bytes=2000)
    before = ids(shop)
    for _ in range(3):
        worker = shop.start_cron()
        had = len(ids(shop))
        if not shop.database.run("SELECT 1 FROM cron_runs WHERE job = 'clean_logs'"):
            shop.ask_for("clean_logs")
        eventually(lambda: len(ids(shop)) < had, "some rows are gone", 60)
        worker.send(signal.SIGKILL)
        worker.wait()
    shop.run("clean_logs", within_s=120)
    assert ids(shop) == set()
    rows = [row["id"] for row in archived(shop, archive)]
    assert len(rows) == len(set(rows)) and set(rows) == before
    names = {row["name"] for row in shop.database.run("SELECT name FROM archived_files WHERE finished_at IS NOT NULL")}
    assert names == {file.name for file in archive.iterdir()}
    for file in archive.iterdir():
        gzip.decompress(file.read_bytes())  # nothing behind what counts


def test_dead_letters_are_archived_when_nobody_replayed_them(shop, archive):
    for table in ("email_queue", "sms_queue"):
        shop.database.run(f"INSERT INTO {table} (type, \"to\", status, created_at) SELECT 'otp', 'somebody', 'failed',"
                          " now() - make_interval(days => days) FROM unnest(ARRAY[181, 179]) AS days")
    shop.database.run("INSERT INTO outbox (kind, idempotency_key, status, created_at) VALUES"
                      " ('fulfill', %s, 'failed', now() - interval '181 days'),"
                      " ('fulfill', %s, 'completed', now() - interval '181 days')", [str(uuid.uuid4()), str(uuid.uuid4())])
    add_webhooks(shop, 2, days=181, status="failed")
    result = shop.run("dead_rows")
    assert result == {"email_queue": 1, "sms_queue": 1, "cashback_jobs": 0, "outbox": 1, "webhook_logs": 2}
    assert len(archived(shop, archive)) == 5
    assert len(ids(shop, "email_queue")) == len(ids(shop, "sms_queue")) == len(ids(shop, "outbox")) == 1


def test_a_full_or_missing_folder_fails_the_run_and_keeps_the_rows(shop, archive):
    shop.start_cron()
    add_webhooks(shop, 3, days=31)
    archive.rmdir()
    assert "cannot make" in shop.run("clean_logs", status="failed")
    assert len(ids(shop)) == 3
