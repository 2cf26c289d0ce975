"""Rows that are kept no longer leave the database for files, each of them once."""
import fcntl
import gzip
import json
import pathlib
import signal
import socket
import uuid

import pytest

from harness.disks import small_disk
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


def test_a_batch_of_large_bodies_is_chosen_without_reading_them(shop):
    """As many as a batch may have, of which it holds a few: to read them all would take longer than a statement may."""
    add_webhooks(shop, 2000, days=31, bytes=2_000_000)
    worker = shop.start_cron()
    shop.ask_for("clean_logs")
    eventually(lambda: shop.database.value("SELECT count(*) FROM webhook_logs") < 1990, "the first batches are gone", 60)
    assert shop.database.value("SELECT takeovers FROM cron_runs WHERE job = 'clean_logs'") == 0
    worker.stop()


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


def test_what_was_replayed_and_failed_again_is_no_old_dead_letter(shop, archive):
    shop.database.run("INSERT INTO outbox (kind, idempotency_key, status, created_at, finished_at) VALUES"
                      " ('fulfill', 'again', 'failed', now() - interval '200 days', now() - interval '1 hour'),"
                      " ('fulfill', 'never', 'failed', now() - interval '200 days', now() - interval '199 days')")
    assert shop.run("dead_rows")["outbox"] == 1
    assert shop.database.value("SELECT idempotency_key FROM outbox") == "again"


def unfinished(shop, archive, content, host, committed=None):
    """A file of a run that did not end, of which so many bytes were committed."""
    (archive / "webhook_logs-1.ndjson.gz").write_bytes(content)
    shop.database.run("INSERT INTO archived_files (name, host, source, rows, bytes) VALUES"
                      " ('webhook_logs-1.ndjson.gz', %s, 'webhook_logs', 1, %s)",
                      [host, len(content) if committed is None else committed])
    return archive / "webhook_logs-1.ndjson.gz"


def is_finished(shop):
    return shop.database.value("SELECT finished_at IS NOT NULL FROM archived_files WHERE name = 'webhook_logs-1.ndjson.gz'")


def test_a_file_of_a_host_that_is_gone_is_cut_as_well(shop, archive):
    member = gzip.compress(b"{}\n")
    file = unfinished(shop, archive, member + b"torn", "a container of yesterday", len(member))
    shop.run("clean_logs")
    assert file.read_bytes() == member and is_finished(shop)


def test_a_file_that_is_in_no_folder_of_ours_stops_nothing(shop, archive):
    unfinished(shop, archive, b"x", socket.gethostname()).unlink()
    add_webhooks(shop, 1, days=31)
    assert shop.run("clean_logs")["webhook_logs"] == 1
    assert not is_finished(shop)


def test_a_file_that_lost_its_end_is_told_of_and_not_filled_with_zeros(shop, archive):
    file = unfinished(shop, archive, b"abc", "elsewhere", 1000)
    shop.run("clean_logs")
    assert file.read_bytes() == b"abc" and not is_finished(shop)
    assert "shorter than what was archived" in shop.log()


def test_a_file_that_is_written_is_left_to_its_writer(shop, archive):
    """clean_logs and dead_rows may run at the same time, and a stopped worker may wake up."""
    file = unfinished(shop, archive, b"committed, and more that will be", "elsewhere", 9)
    with open(file, "ab") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        shop.run("dead_rows")
        assert len(file.read_bytes()) > 9 and not is_finished(shop)
    shop.run("dead_rows")
    assert file.read_bytes() == b"committed" and is_finished(shop)


def test_both_jobs_at_once_lose_nothing(shop, archive):
    add_webhooks(shop, 12_000, days=31, bytes=2000)
    add_webhooks(shop, 3000, days=181, status="failed", bytes=2000)
    before = ids(shop)
    shop.start_cron()
    numbers = [shop.ask_for("clean_logs")]
    for _ in range(5):
        shop.run("dead_rows")
    eventually(lambda: shop.database.value("SELECT finished_at FROM cron_runs WHERE id = %s", numbers), "clean_logs", 120)
    rows = [row["id"] for row in archived(shop, archive)]
    assert ids(shop) == set() and sorted(rows) == sorted(before)


@pytest.mark.parametrize("happens, why", [("RAISE 'not today'", "not today"), ("RETURN NULL", "somebody ended")])
def test_what_was_not_committed_is_cut_off_at_once(shop, archive, happens, why):
    add_webhooks(shop, 3, days=31)
    shop.database.run(f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {happens}; END $$")
    shop.database.run("CREATE TRIGGER refuse BEFORE UPDATE ON archived_files FOR EACH ROW EXECUTE FUNCTION refuse()")
    assert why in shop.run("clean_logs", status="failed")
    assert [file.stat().st_size for file in archive.iterdir()] == [0] and len(ids(shop)) == 3


def test_a_full_disk_fails_the_run_and_keeps_the_rows(new_cron_shop):
    with small_disk(1) as folder:
        shop = new_cron_shop(settings={"ARCHIVE_DIR": folder})
        shop.database.run("INSERT INTO webhook_logs (id, received_at, provider, verdict, status, body) SELECT gen_random_uuid(),"
                          " now() - interval '31 days', 'p', 'accepted', 'completed',"
                          " decode(string_agg(md5(random()::text || n || m), ''), 'hex')"
                          " FROM generate_series(1, 60) n, generate_series(1, 3000) m GROUP BY n")
        assert "No space left" in shop.run("clean_logs", status="failed")
        assert len(ids(shop)) == 60
        assert sum(file.stat().st_size for file in pathlib.Path(folder).iterdir()) == 0, "the room is given back"
        for worker in shop.workers:
            worker.stop()


def test_a_missing_folder_fails_the_run_and_keeps_the_rows(shop, archive):
    shop.start_cron()
    add_webhooks(shop, 3, days=31)
    archive.rmdir()
    assert "cannot make" in shop.run("clean_logs", status="failed")
    assert len(ids(shop)) == 3
