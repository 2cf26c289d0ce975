"""couponctl migrate and plain psql -f: what they leave, what they refuse, and that nothing is applied twice."""
import hmac
import pathlib
import shutil
import subprocess

import psycopg2
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


PRIVACY = [path for path in SQL if "_privacy" in path.name]


def test_no_file_about_personal_data_holds_one_table_while_it_waits_for_another(database):
    """A shop that writes an order and its items, in either order, meets no deadlock with it."""
    migrate(database)
    database.run("""
        DROP INDEX email_queue_key_digest, email_queue_recipient, email_queue_to, sms_queue_key_digest, sms_queue_recipient,
                   sms_queue_to;
        DO $$ DECLARE made name; BEGIN
            FOR made IN SELECT indexname FROM pg_indexes WHERE indexname LIKE '%\\_privacy' LOOP
                EXECUTE 'DROP INDEX ' || quote_ident(made);
            END LOOP;
        END $$""")
    built = set()
    for path in PRIVACY:
        connection = database.connect()
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute(path.read_text())
            cursor.execute("SELECT DISTINCT relation::regclass::text AS relation FROM pg_locks WHERE pid = pg_backend_pid() AND mode IN"
                           " ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"
                           " AND relation IN (SELECT oid FROM pg_class WHERE relkind IN ('r', 'p') AND xmin::text <>"
                           "  pg_current_xact_id()::xid::text)")
            locked = {row["relation"] for row in cursor.fetchall()} - {"coupon_digest_secret"}
        connection.commit()
        connection.close()
        assert len(locked) <= 1, path.name
        built |= locked
    assert {"orders", "order_items", "wallet_transactions", "email_queue", "sms_queue"} <= built


def test_an_index_that_was_built_beforehand_is_taken_and_a_broken_one_told(database):
    folder = fresh_directory("sql")
    for path in SQL[:SQL.index(PRIVACY[0]) + 1]:
        shutil.copy(path, folder)
    assert run_migrate(database, "--sql", folder).returncode == 0
    database.run("INSERT INTO email_queue (type, \"to\", idempotency_key) VALUES ('otp', 'a@example.com', 'k'),"
                 " ('otp', 'a@example.com', coupon_key_digest('k'))")
    database.run("CREATE INDEX CONCURRENTLY orders_user_id_privacy ON orders (user_id)")
    before = database.value("SELECT 'orders_user_id_privacy'::regclass::oid")
    with pytest.raises(psycopg2.Error):
        database.run("CREATE UNIQUE INDEX CONCURRENTLY email_queue_key_digest ON email_queue"
                     " (coupon_key_digest(idempotency_key::text)) WHERE idempotency_key IS NOT NULL")
    failed = run_migrate(database)
    assert failed.returncode == 1 and "email_queue_key_digest is not valid" in failed.stderr and "DROP INDEX" in failed.stderr
    assert database.value("SELECT 'orders_user_id_privacy'::regclass::oid") == before
    database.run("DROP INDEX email_queue_key_digest; DELETE FROM email_queue")
    assert run_migrate(database).returncode == 0


def test_digests_are_hmacs_with_a_secret_that_only_its_owner_reads(database):
    migrate(database)
    inner = bytes(database.value("SELECT inner_pad FROM coupon_digest_secret"))
    key = bytes(byte ^ 0x36 for byte in inner)
    expected = hmac.new(key, b"otp:+919876543210:1", "sha256").hexdigest()
    assert database.value("SELECT coupon_key_digest('otp:+919876543210:1')") == "gone:" + expected[:30]
    reader = f"reader_{database.name}"
    database.run(f"CREATE ROLE {reader} LOGIN; GRANT INSERT ON email_queue TO {reader}; GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {reader}")
    connection = psycopg2.connect(database.url.replace("//coupon@", f"//{reader}@"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO email_queue (type, \"to\", idempotency_key) VALUES ('otp', 'a@example.com', 'k')")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("SELECT * FROM coupon_digest_secret")
    connection.close()
    for path in PRIVACY:
        database.run(path.read_text())
    assert bytes(database.value("SELECT inner_pad FROM coupon_digest_secret")) == inner, "it never changes"


def test_the_numbers_in_keys_from_before_are_digests_that_meet_the_same_report(database):
    migrate(database)
    database.run("INSERT INTO webhook_events (provider, key, digest, event, effect) VALUES ('msg91', 'R1:919876543210:1', 'x', '1',"
                 " 'none'), ('razorpay', 'pay_1', 'x', 'payment.captured', 'none')")
    (file,) = [path for path in PRIVACY if "msg91" in path.name]
    for _ in range(2):
        database.run(file.read_text())
    keys = {row["provider"]: row["key"] for row in database.run("SELECT provider, key FROM webhook_events")}
    assert keys["razorpay"] == "pay_1"
    assert "919876543210" not in keys["msg91"]
    assert keys["msg91"] == database.value("SELECT coupon_event_key('msg91', 'R1:919876543210:1')")


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
