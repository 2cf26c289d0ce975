"""couponctl migrate and plain psql -f: what they leave, what they refuse, and that nothing is applied twice."""
import pathlib
import shutil
import subprocess

import pytest

from harness.environment import CHECKOUT, fresh_directory
from harness.shop import couponctl, migrate

SQL = sorted((CHECKOUT / "sql").glob("*.sql"))

OLD_CLICKS = """
CREATE TABLE users (id serial PRIMARY KEY, email varchar(255) UNIQUE);
CREATE TABLE offer_clicks (id bigserial PRIMARY KEY, click_id uuid UNIQUE DEFAULT gen_random_uuid(), offer_id integer,
    user_id integer REFERENCES users (id), ip_address varchar(45), clicked_at timestamp DEFAULT '2026-01-02 03:04:05');
CREATE INDEX coupon_old_time ON offer_clicks (clicked_at);
CREATE TABLE cashback_events (id serial PRIMARY KEY, user_id integer, click_id uuid REFERENCES offer_clicks (click_id));
INSERT INTO users (email) VALUES ('a@example.com');
INSERT INTO offer_clicks (offer_id, user_id, ip_address) VALUES (1, 1, '192.0.2.7'), (2, NULL, 'unknown');
INSERT INTO cashback_events (user_id, click_id) SELECT 1, click_id FROM offer_clicks LIMIT 1;
"""


@pytest.fixture
def database(postgres):
    fresh = postgres.create_database()
    yield fresh
    fresh.close()


def run_migrate(database, *arguments):
    return couponctl("migrate", *arguments, environment={"DATABASE_URL": database.url})


def schema_of(database):
    return database.run("SELECT table_name, column_name, data_type, column_default FROM information_schema.columns"
                        " WHERE table_schema = 'public' AND table_name <> 'coupon_migrations' ORDER BY 1, 2")


def test_the_second_run_does_nothing(database):
    assert run_migrate(database).stdout.count("applied 0") == len(SQL)
    second = run_migrate(database)
    assert second.returncode == 0 and "nothing to do" in second.stdout and "applied 0" not in second.stdout


def test_psql_in_name_order_makes_the_same_schema(postgres, database):
    migrate(database)
    other = postgres.create_database()
    for _ in range(2):  # it remembers nothing, so every statement bears a repeat
        for path in SQL:
            subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", path, other.url], check=True,
                           capture_output=True)
    assert schema_of(other) == schema_of(database)
    migrate(other)
    other.close()


def test_a_changed_file_is_refused_and_a_new_one_applied(database):
    folder = fresh_directory("sql")
    for path in SQL:
        shutil.copy(path, folder)
    assert run_migrate(database, "--sql", folder).returncode == 0
    (folder / "9000_more.sql").write_text("CREATE TABLE more (id int);")
    assert "applied 9000_more.sql" in run_migrate(database, "--sql", folder).stdout
    with open(folder / "9000_more.sql", "a") as changed:
        changed.write("-- later")
    run = run_migrate(database, "--sql", folder)
    assert run.returncode == 1 and "9000_more.sql" in run.stderr


def test_a_failing_file_leaves_nothing_of_itself(database):
    folder = fresh_directory("sql")
    pathlib.Path(folder / "0001_half.sql").write_text("CREATE TABLE half (id int); SELECT 1 / 0;")
    run = run_migrate(database, "--sql", folder)
    assert run.returncode == 1 and "0001_half.sql" in run.stderr and "division by zero" in run.stderr
    assert database.value("SELECT to_regclass('half')") is None


def test_a_directory_without_files(database):
    run = run_migrate(database, "--sql", fresh_directory("sql"))
    assert run.returncode == 2 and "--sql" in run.stderr


def test_old_clicks_of_other_types_are_united_with_new_ones(database):
    database.run(OLD_CLICKS)
    warning = run_migrate(database)
    assert warning.returncode == 0 and "cashback_events_click_id_fkey" in warning.stdout
    old = database.run("SELECT host(ip_address) AS ip, clicked_at::text FROM offer_clicks_all ORDER BY offer_id")
    assert [row["ip"] for row in old] == ["192.0.2.7", None]
    assert all(row["clicked_at"].startswith("2026-01-02 03:04:05") for row in old)
    # A cashback for a new click is no longer held up by the old table.
    database.run("INSERT INTO cashback_events (user_id, click_id) VALUES (1, gen_random_uuid())")


@pytest.mark.parametrize("misfit,names", [
    ("CREATE TABLE offers (id uuid PRIMARY KEY, clicks_count text)", ["offers.id", "offers.clicks_count"]),
    ("CREATE TABLE payments (id bigint PRIMARY KEY, amount double precision)", ["payments.amount"]),
    ("CREATE TABLE offer_clicks (id int, click_id uuid); CREATE VIEW clicks_report AS SELECT * FROM offer_clicks",
     ["clicks_report"]),
    ("CREATE TABLE offer_clicks (id int); CREATE TABLE offer_clicks_legacy (id int)", ["offer_clicks_legacy"]),
    ("CREATE TABLE offer_clicks (day date) PARTITION BY LIST (day)", ["offer_clicks"]),
])
def test_what_cannot_fit_is_named_and_left_alone(database, misfit, names):
    database.run(misfit)
    run = run_migrate(database)
    assert run.returncode == 1
    for name in ["cannot fit", *names]:
        assert name in run.stderr, run.stderr
    assert database.value("SELECT to_regclass('click_rejects')") is None


@pytest.mark.parametrize("misfit,names", [
    ("CREATE TABLE email_queue (id int PRIMARY KEY, attempts text)", ["email_queue.attempts"]),
    ("CREATE TABLE sms_queue (id text PRIMARY KEY)", ["sms_queue.id"]),
    ("CREATE VIEW outbox AS SELECT 1 AS id", ["outbox"]),
])
def test_a_queue_that_cannot_fit_is_named_and_left_alone(database, misfit, names):
    database.run(misfit)
    run = run_migrate(database)
    assert run.returncode == 1
    for name in ["cannot fit", *names]:
        assert name in run.stderr, run.stderr
    assert database.value("SELECT to_regclass('webhook_logs')") is None


OLD_QUEUES = """
CREATE TABLE email_queue (id bigserial PRIMARY KEY, type varchar(50) NOT NULL, "to" varchar(255), data json,
    status varchar(20), attempts integer, scheduled_at timestamp, created_at timestamp DEFAULT now(), sent_by text);
CREATE TABLE sms_queue (id serial PRIMARY KEY, type text, "to" text, data jsonb DEFAULT '{}', status text DEFAULT 'queued');
INSERT INTO email_queue (type, "to", data, status) VALUES ('welcome', 'a@example.com', '{}', NULL),
    ('welcome', 'b@example.com', '{}', 'completed');
"""


def test_queues_that_are_there_become_job_tables(database):
    database.run(OLD_QUEUES)
    migrated = run_migrate(database)
    assert migrated.returncode == 0, migrated.stderr
    old = database.run("SELECT status, attempts, scheduled_at IS NOT NULL AS due, starts FROM email_queue ORDER BY id")
    assert old == [{"status": "pending", "attempts": 0, "due": True, "starts": 0},
                   {"status": "completed", "attempts": 0, "due": True, "starts": 0}]
    for queue in ("email_queue", "sms_queue"):
        row = database.row(f"INSERT INTO {queue} (type, \"to\") VALUES ('otp', 'x') RETURNING *")
        assert (row["status"], row["attempts"], row["starts"]) == ("pending", 0, 0)
        assert isinstance(row["id"], int) and row["scheduled_at"] is not None


def test_only_changes_that_matter_reach_the_catalogues_log(database):
    migrate(database)
    database.run("INSERT INTO merchants (slug) VALUES ('m'); INSERT INTO offers (merchant_id, title) VALUES (1, 'o')")
    database.run("DELETE FROM catalog_log")

    def logged(statement):
        database.run("DELETE FROM catalog_log")
        database.run(statement)
        return {(row["kind"], row["id"]) for row in database.run("SELECT kind, id FROM catalog_log")}

    assert logged("UPDATE offers SET clicks_count = clicks_count + 1, title = 'other'") == set()
    assert logged("UPDATE offers SET is_verified = is_verified") == set()
    assert logged("UPDATE offers SET is_verified = true") == {("offer", 1)}
    assert logged("UPDATE merchants SET allowed_hosts = '{a.example}'") == {("merchant", 1)}
    assert logged("UPDATE merchants SET name = 'other'") == set()
    assert logged("UPDATE offers SET id = 7") == {("offer", 1), ("offer", 7)}
    assert logged("TRUNCATE offers CASCADE") == {("offer", 7)}
    assert logged("DELETE FROM merchants") == {("merchant", 1)}


def test_rows_wait_in_the_default_partition_for_their_month(database):
    migrate(database)
    database.run("INSERT INTO offer_clicks (offer_id, clicked_at) VALUES (1, now() + interval '5 months'),"
                 " (2, '2001-02-03')")
    assert database.value("SELECT count(*) FROM offer_clicks_default") == 2
    assert database.value("SELECT coupon_ensure_click_partitions(5)") == 2
    assert database.value("SELECT coupon_ensure_click_partitions(5)") == 0
    assert database.run("SELECT offer_id FROM offer_clicks_default") == [{"offer_id": 2}]
    assert database.value("SELECT count(*) FROM offer_clicks") == 2
