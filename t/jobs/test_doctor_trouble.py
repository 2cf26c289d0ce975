"""couponctl doctor finds each kind of trouble that is planted in a real shop, and says what to do about it."""
import datetime
import json
import os
import shutil
import struct
import uuid

import pytest

from harness.disks import small_disk
from harness.environment import AS_ROOT, MODULE
from harness.redis_server import Redis

from .doctor_shop import DoctorShop, found


@pytest.fixture(scope="module")
def healthy(postgres, template):
    shop = DoctorShop(postgres, template)
    yield shop
    shop.close()


@pytest.fixture
def shop(healthy):
    """Each test mends what it broke; that is seen to."""
    assert healthy.problems() == []
    yield healthy


@pytest.fixture
def redis_setting(shop):
    client = shop.redis_server.client()
    before = client.config_get()
    yield client.config_set
    for name in ("maxmemory", "maxmemory-policy", "appendonly", "maxclients"):
        client.config_set(name, before[name])


# --- Redis

def test_redis_that_throws_queues_away(shop, redis_setting):
    redis_setting("maxmemory-policy", "allkeys-lru")
    assert found(shop.findings(), "allkeys-lru")["level"] == "warning", "there is no limit yet"
    redis_setting("maxmemory", "800mb")
    one = found(shop.problems(), "allkeys-lru")
    assert one["group"] == "Redis" and "CONFIG SET maxmemory-policy noeviction" in one["remedy"]


def test_redis_that_keeps_nothing(shop, redis_setting):
    redis_setting("appendonly", "no")
    assert "appendonly yes" in found(shop.findings(level="warning"), "it keeps nothing")["remedy"]


def test_redis_that_is_full(shop, redis_setting):
    used = shop.redis_server.client().info("memory")["used_memory"]
    redis_setting("maxmemory", str(int(used * 1.01)))
    assert "couponctl queues" in found(shop.problems(), "it uses ")["remedy"]


def test_redis_without_room_for_clients(shop, redis_setting):
    crowd = [shop.redis_server.client() for _ in range(80)]
    for client in crowd:
        client.connection_pool.get_connection("PING")
    redis_setting("maxclients", "100")
    assert "maxclients" in found(shop.findings(level="warning"), " of 100 clients")["remedy"]
    for client in crowd:
        client.close()


def test_a_replica_is_no_master(shop):
    replica = Redis(listen=("--replicaof", "127.0.0.1", str(shop.redis_server.port)))
    try:
        assert "sentinel" in found(shop.problems(REDIS_URL=replica.url(0)), "it is a slave")["remedy"]
    finally:
        replica.stop()


# --- PostgreSQL

def test_a_role_that_may_not_do_its_work(shop):
    url = shop.role("stranger", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};"
                    " GRANT INSERT, UPDATE, DELETE ON email_queue TO {role}")
    one = found(shop.problems(DATABASE_URL=url), "lacks")
    assert "GRANT " in one["remedy"] and f"stranger_{shop.database.name}" in one["remedy"]
    assert "INSERT on affiliate_transactions" in one["what"] and "email_queue" not in one["what"]
    found(shop.problems(DATABASE_URL=url), "cannot make the months")


def test_a_role_that_owns_the_schema_may_do_all(shop):
    url = shop.role("member", "GRANT coupon TO {role}")
    assert shop.problems(DATABASE_URL=url) == []
    assert "pg_read_all_stats" in found(shop.findings(DATABASE_URL=url), "cannot see how long")["remedy"]


def test_a_role_with_too_few_connections(shop):
    # Enough for the doctor and what it asks, not for what edge and workers may come to.
    url = shop.role("narrow", "GRANT coupon TO {role}", connection_limit=9)
    one = found(shop.findings(DATABASE_URL=url), " of 9 connections are used")
    assert one["level"] != "ok" and "max_connections" in one["remedy"]


def test_a_database_that_only_reads(shop):
    url = shop.role("reader", "GRANT coupon TO {role}; ALTER ROLE {role} SET default_transaction_read_only = on")
    assert "target_session_attrs" in found(shop.problems(DATABASE_URL=url), "it only reads")["remedy"]


def test_settings_that_do_harm(shop):
    url = shop.role("hasty", "GRANT coupon TO {role}; ALTER ROLE {role} SET statement_timeout = '2s';"
                    " ALTER ROLE {role} SET idle_session_timeout = '1min'; ALTER ROLE {role} SET synchronous_commit = off")
    warnings = shop.findings(level="warning", DATABASE_URL=url)
    for setting in ("statement_timeout", "idle_session_timeout", "synchronous_commit", "fsync"):
        assert setting in found(warnings, "", setting)["remedy"]


def test_migrations_that_are_missing_changed_or_unknown(shop):
    rows = shop.database.run("SELECT * FROM coupon_migrations ORDER BY name")
    shop.database.run("DELETE FROM coupon_migrations WHERE name = %s", [rows[-1]["name"]])
    assert found(shop.problems(), f"not applied: {rows[-1]['name']}")["remedy"] == "couponctl migrate"
    shop.database.run("INSERT INTO coupon_migrations (name, digest) VALUES (%s, 'another')", [rows[-1]["name"]])
    found(shop.problems(), f"changed since it was applied: {rows[-1]['name']}")
    shop.database.run("UPDATE coupon_migrations SET digest = %s WHERE name = %s", [rows[-1]["digest"], rows[-1]["name"]])
    shop.database.run("INSERT INTO coupon_migrations (name, digest) VALUES ('9999_later.sql', 'x')")
    found(shop.findings(level="warning"), "newer version than this couponctl: 9999_later.sql")
    shop.database.run("DELETE FROM coupon_migrations WHERE name = '9999_later.sql'")


def test_a_database_without_the_schema(shop, postgres):
    empty = postgres.create_database()
    problems = shop.problems(DATABASE_URL=empty.url)
    assert found(problems, "missing: ")["remedy"] == "couponctl migrate"
    empty.close()


def test_months_that_are_missing(shop):
    ahead = [row["name"] for row in shop.database.run(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'offer_clicks'::regclass ORDER BY 1")]
    months = [name for name in ahead if name != "offer_clicks_default"]
    for name in months[-2:]:
        shop.database.run(f"DROP TABLE {name}")
    assert "coupon-worker clicks" in found(shop.findings(level="warning"), "partitions reach 1 months")["remedy"]
    for name in months[:-2]:
        shop.database.run(f"DROP TABLE {name}")
    assert "coupon_ensure_click_partitions" in found(shop.problems(), "this month has no partition")["remedy"]
    shop.database.run("SELECT coupon_ensure_click_partitions(3)")


def test_clicks_of_a_wrong_clock(shop):
    shop.database.run("INSERT INTO offer_clicks (clicked_at) SELECT '2001-01-01' FROM generate_series(1, 10001)")
    assert "offer_clicks_default" in found(shop.findings(level="warning"), "default partition")["remedy"]
    shop.database.run("DELETE FROM offer_clicks_default")


def test_a_catalogue_whose_changes_are_not_logged(shop):
    shop.database.run("ALTER TABLE offers DISABLE TRIGGER coupon_catalog_offer_changed")
    assert "ENABLE TRIGGER" in found(shop.problems(), "coupon_catalog_offer_changed")["remedy"]
    shop.database.run("ALTER TABLE offers ENABLE TRIGGER coupon_catalog_offer_changed")


# --- the journal's folder

def test_a_journal_in_memory(shop):
    with small_disk(8) as folder:
        os.chmod(folder, 0o700)
        shutil.chown(folder, "nobody")
        assert "local disk" in found(shop.problems("--journal", folder), "tmpfs")["remedy"]
        assert "size=" in found(shop.problems("--journal", folder), "unjournaled before its budget")["remedy"]


def test_a_journal_that_others_may_read(shop):
    shop.edge.journal.chmod(0o755)
    assert found(shop.problems(), "others may get at it")["remedy"] == f"chmod 700 {shop.edge.journal}"
    shop.edge.journal.chmod(0o700)


@pytest.mark.skipif(not AS_ROOT, reason="only root gives files away")
def test_a_journal_of_somebody_else(shop, tmp_path):
    tmp_path.chmod(0o700)
    assert "chown -R nobody" in found(shop.problems("--journal", tmp_path), "it belongs to root")["remedy"]


def test_a_journal_that_is_not_there(shop, tmp_path):
    assert "--journal" in found(shop.problems("--journal", tmp_path / "none"), "it cannot be looked at")["remedy"]


# --- secrets

@pytest.fixture
def secret(tmp_path):
    def make(text, mode=0o600, name="secret"):
        path = tmp_path / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)
    return make


def test_a_secret_that_everybody_may_read(shop, secret):
    path = secret("SG.something-long-enough\n", 0o644)
    problem = found(shop.problems(SENDGRID_API_KEY_FILE=path), "every user", "SENDGRID_API_KEY_FILE")
    assert problem["remedy"] == f"chmod o= {path}"
    assert "SG.something" not in shop.run(SENDGRID_API_KEY_FILE=path).stdout


@pytest.mark.parametrize("text, what, remedy", [("", "it is empty", "put the secret"),
                                                ("token-with-a-space \n", "begins or ends with a space", "sed -i"),
                                                ("token-from-windows\r\n", "carriage return", "sed -i")])
def test_a_secret_that_cannot_be_one(shop, secret, text, what, remedy):
    path = secret(text)
    problem = found(shop.problems(BACKEND_TOKEN_FILE=path), what)
    assert remedy in problem["remedy"] and path in problem["remedy"]


def test_a_click_key_that_is_none_or_another(shop, secret):
    found(shop.problems(COUPON_CLICK_KEY_FILE=secret("0123\n")), "32 hexadecimal digits")
    other = secret("ff" * 16 + "\n")
    assert "the same keys" in found(shop.problems(COUPON_CLICK_KEY_FILE=other), "none of the workers'")["remedy"]
    # While keys are changed over the worker knows both.
    both = secret("ff" * 16 + "\n" + shop.edge.click_key.read_text())
    assert shop.problems(COUPON_CLICK_KEY_FILE=both) == []


def test_a_key_file_of_the_edge_that_everybody_may_read(shop):
    shop.edge.click_key.chmod(0o644)
    assert "coupon_click_key" in found(shop.problems(COUPON_CLICK_KEY_FILE=""), "every user")["where"]
    shop.edge.click_key.chmod(0o600)


# --- programs, edge, workers

def test_a_module_of_another_nginx(shop, tmp_path):
    code = MODULE.read_bytes()
    module = tmp_path / "module.so"
    version = struct.pack("<Q", 1022001)
    module.write_bytes(code.replace(version, struct.pack("<Q", 1021006)))
    if version in code:
        assert "built for this NGINX" in found(shop.problems("--module", module), "built for NGINX 1.21.6")["remedy"]
    signature = code.index(b"8,4,8,") + 6
    module.write_bytes(code[:signature] + bytes([code[signature] ^ 1]) + code[signature + 1:])
    assert "other options" in found(shop.problems("--module", module), "other options")["what"]
    module.write_bytes(b"no module")
    found(shop.problems("--module", module), "no module of NGINX")


def test_an_edge_that_does_not_answer(shop):
    assert "systemctl status nginx" in found(shop.problems(COUPON_EDGE_URL="http://127.0.0.1:1/stats"), "does not answer")["remedy"]
    wrong = f"http://127.0.0.1:{shop.edge.port()}/health"
    found(shop.problems(COUPON_EDGE_URL=wrong), "no location with coupon_stats")
    assert shop.problems("--no-edge", COUPON_EDGE_URL="http://127.0.0.1:1/stats") == []


def test_a_role_that_nobody_plays(shop):
    shop.redis.rpush("queue:email", json.dumps({"id": str(uuid.uuid4()), "type": "otp", "to": "a@example.com"}))
    problem = found(shop.problems(), "1 entries wait in queue:email", "email")
    assert problem["remedy"] == "systemctl enable --now coupon-worker-email@1"
    shop.redis.delete("queue:email")
    shop.database.run("INSERT INTO roles_seen (role) VALUES ('sms')")
    found(shop.problems(), "one ran here within the last week", "sms")
    shop.database.run("DELETE FROM roles_seen WHERE role = 'sms'")


def test_a_worker_of_another_version(shop):
    beat = {"pid": 1, "host": "elsewhere", "version": "0.0.1", "started": 1, "jobs": 0, "rate": 0,
            "at": int(datetime.datetime.now().timestamp())}
    shop.redis.set("worker:heartbeat:clicks:elsewhere:abc", json.dumps(beat), ex=60)
    assert "restart" in found(shop.findings(level="warning"), "it is version 0.0.1")["remedy"]
    shop.redis.delete("worker:heartbeat:clicks:elsewhere:abc")


def test_settings_that_a_running_worker_lacks(shop):
    beat = {"pid": 1, "host": "elsewhere", "version": "0.1.0", "started": 1, "jobs": 0, "rate": 0}
    shop.redis.set("worker:heartbeat:webhooks:elsewhere:abc", json.dumps(beat), ex=60)
    assert "worker.env" in found(shop.findings(level="warning"), "BACKEND_URL is not set")["remedy"]
    shop.redis.delete("worker:heartbeat:webhooks:elsewhere:abc")


def test_a_time_zone_that_nobody_knows(shop):
    assert "tzdata" in found(shop.problems(COUPON_TZ="Middle/Earth"), "this machine does not know")["remedy"]
    found(shop.problems(COUPON_TZ="Middle/Earth"), "it does not know the zone")
