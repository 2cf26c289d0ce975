"""couponctl privacy: a user gets all that the shop holds about him, and what need not be kept is erased; money stays right."""
import gzip
import json
import os
import pathlib
import signal
import subprocess
import time

import psycopg2
import pytest

from harness.environment import COUPONCTL, SANITIZE
from harness.waiting import eventually

from .cron_shop import CronShop
from .privacy_person import make_person, traces


@pytest.fixture
def shop(cashback_shop):
    return cashback_shop


@pytest.fixture
def person(shop):
    return make_person(shop)


def privacy(shop, *arguments, status=0):
    run = shop.couponctl("privacy", *arguments)
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout if status == 0 else run.stderr


def export(shop, who):
    return json.loads(privacy(shop, "export", who))


def assert_money_is_right(shop):
    for command in (("wallet", "verify"), ("clicks", "audit")):
        run = shop.couponctl(*command)
        assert run.returncode == 0, run.stdout + run.stderr


# --- export

def test_an_export_holds_everything_and_no_secret(shop, person):
    make_person(shop, "Somebody", "+919000000001")
    document = export(shop, person.id)
    counts = {name: len(rows) for name, rows in document.items() if isinstance(rows, list)}
    assert counts == {
        "users": 1, "user_kyc": 1, "user_sessions": 1, "clicks": 3, "click_rejects": 1, "orders": 1, "order_items": 1,
        "payments": 1, "outbox": 0, "webhook_logs": 1, "webhook_events": 1, "emails": 3, "email_events": 1, "text_messages": 1,
        "text_message_events": 0, "suppressions": 1, "wallet_balances": 1, "wallet_transactions": 2, "ledger": 4, "ledger_holds": 1,
        "withdrawals": 1, "referrals": 0, "cashback_events": 1, "cashback_transitions": 1, "cashback_reminders": 0,
        "affiliate_transactions": 1, "postbacks": 0, "audit_logs": 2, "privacy_erasures": 0}
    text = json.dumps(document)
    assert "somebody" not in text.lower() and "9000000001" not in text
    assert "482913" not in text and "tok_secret" not in text
    assert {mail["data"]["otp"] for mail in document["emails"] if mail["type"] == "otp"} == {"left out"}
    assert document["webhook_logs"][0]["body"] == {"contact": person.name}
    assert {click["click_id"] for click in document["clicks"]} == set(person.clicks)


def test_a_user_is_found_by_address_and_number(shop, person):
    assert export(shop, person.email.upper())["user_id"] == person.id
    assert export(shop, person.phone)["user_id"] == person.id
    assert "there is no user" in privacy(shop, "export", "nobody@example.com", status=1)
    assert "there is no user" in privacy(shop, "export", "999999999999999999999", status=1)


def test_an_export_to_a_file_is_for_its_owner_alone(shop, person, tmp_path):
    path = tmp_path / "export.json"
    privacy(shop, "export", person.id, "--out", path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["users"][0]["email"] == person.email
    assert "cannot make" in privacy(shop, "export", person.id, "--out", path, status=1), "nothing is overwritten"


def test_passwords_of_the_back_end_are_left_out_and_missing_tables_said(shop, person):
    shop.database.run("ALTER TABLE users ADD COLUMN password_hash text DEFAULT 'bcrypt-secret', ADD COLUMN pin text DEFAULT '9911'")
    shop.database.run("ALTER TABLE user_kyc RENAME COLUMN user_id TO owner")
    document = export(shop, person.id)
    assert document["users"][0]["password_hash"] == document["users"][0]["pin"] == "left out"
    assert document["user_kyc"] is None


def test_what_lets_somebody_act_in_the_users_place_is_left_out_wherever_it_stands(shop, person):
    shop.database.run("ALTER TABLE user_sessions ADD COLUMN handle text DEFAULT 'the-session', ADD COLUMN ip_address text DEFAULT"
                      " '192.0.2.9'")
    names = ["session", "sid", "jti", "totp_seed", "mfa", "recovery_codes", "backup_codes", "private_note_key", "bearer",
             "refresh", "verify", "signature", "magic_link", "verify_url", "signInUrl", "idempotency_key"]
    shop.database.run("UPDATE email_queue SET data = %s", [json.dumps({name: f"open-{name}" for name in names} | {"side": "kept"})])
    shop.database.run("UPDATE webhook_logs SET body = convert_to('token=open-form&contact=x', 'UTF8'), query = 'token=open-query'")
    document = export(shop, person.id)
    text = json.dumps(document)
    assert "open-" not in text and "the-session" not in text
    (session,) = document["user_sessions"]
    assert session["ip_address"] == "192.0.2.9" and session["user_id"] == person.id
    assert document["webhook_logs"][0]["body"] == "left out"
    assert all(mail["data"]["side"] == "kept" and mail["idempotency_key"] == "left out" for mail in document["emails"])


def test_who_took_an_export_is_kept_even_where_it_failed(shop, person, tmp_path):
    privacy(shop, "export", person.id, "--actor", "ann@desk", "--out", tmp_path / "missing" / "x.json", status=1)
    audit = shop.database.row("SELECT * FROM audit_logs WHERE action = 'privacy.export'")
    assert (audit["actor"], audit["entity"], audit["entity_id"]) == ("ann@desk", "users", str(person.id))


def test_a_large_export_takes_little_memory(shop, person):
    shop.database.run("INSERT INTO offer_clicks (user_id, user_agent) SELECT %s, repeat('x', 4000) FROM generate_series(1, 30000)",
                      [person.id])
    script = ("import resource, subprocess, sys; out = open(sys.argv[1], 'wb');"
              "code = subprocess.run(sys.argv[2:], stdout=out).returncode;"
              "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)")
    path = shop.directory / "large.json"
    run = subprocess.run(["/usr/bin/python3", "-c", script, str(path), str(COUPONCTL), "privacy", "export", str(person.id)],
                         capture_output=True, text=True, check=True, env=os.environ | shop.environment)
    code, megabytes = map(int, run.stdout.split())
    assert code == 0 and path.stat().st_size > 120_000_000
    assert SANITIZE or megabytes < 60
    path.unlink()


# --- erase

def test_nothing_is_erased_unless_it_is_said(shop, person):
    before = traces(shop.database, person)
    said = privacy(shop, "erase", person.id)
    assert "--yes does it" in said and "email_queue" in said
    assert traces(shop.database, person) == before


def test_what_need_not_be_kept_is_erased_and_money_stays_right(shop, person):
    other = make_person(shop, "Somebody", "+919000000001")
    elsewhere = traces(shop.database, other)
    assert_money_is_right(shop)
    ledger = shop.database.run("SELECT * FROM ledger_entries ORDER BY 1, 2")
    wallets = shop.database.run("SELECT id, wallet_balance, lifetime_earnings FROM users ORDER BY id")

    said = privacy(shop, "erase", person.id, "--yes", "--actor", "ann@desk")
    assert traces(shop.database, person) == set(), said
    assert traces(shop.database, other) == elsewhere, "nobody else's"
    assert "192.0.2.77" not in json.dumps(export(shop, person.id))

    assert shop.database.run("SELECT * FROM ledger_entries ORDER BY 1, 2") == ledger
    assert shop.database.run("SELECT id, wallet_balance, lifetime_earnings FROM users ORDER BY id") == wallets
    assert_money_is_right(shop)
    row = shop.database.row("SELECT * FROM orders WHERE id = %s", [person.order])
    assert row["total_amount"] == 500 and row["order_number"] and row["user_id"] == person.id
    assert shop.database.value("SELECT utr FROM withdrawals WHERE user_id = %s", [person.id]) == "UTR1"
    owners = {row["click_id"]: row["user_id"] for row in shop.database.run("SELECT click_id::text, user_id FROM offer_clicks")}
    assert [owners[click] for click in person.clicks] == [person.id, None, None], "cashback is proved by its click"

    audit = shop.database.row("SELECT * FROM audit_logs WHERE action = 'privacy.erase'")
    assert audit["actor"] == "ann@desk" and audit["entity_id"] == str(person.id)
    assert audit["details"]["rows"]["email_queue"] == 3 and audit["details"]["rows"]["users"] == 1
    assert "ARCHIVE_DIR" in said and "journals" in said and "backups" in said

    assert "nothing was left to erase" in privacy(shop, "erase", person.id, "--yes")
    assert shop.database.value("SELECT count(*) FROM audit_logs WHERE action = 'privacy.erase'") == 1


def test_an_erased_user_gets_no_message_that_was_waiting_or_comes_again(shop, person):
    waiting = shop.database.value(
        "INSERT INTO email_queue (type, \"to\", idempotency_key, scheduled_at) VALUES ('welcome', %s, 'k', now() + interval '1 day')"
        " RETURNING id::text", [person.email])
    privacy(shop, "erase", person.id, "--yes")
    assert shop.database.row("SELECT status, delivery_status FROM email_queue WHERE id = %s", [waiting]) == {
        "status": "completed", "delivery_status": "expired"}
    with pytest.raises(psycopg2.errors.UniqueViolation):
        shop.database.run("INSERT INTO email_queue (type, \"to\", idempotency_key) VALUES ('otp', %s, %s)",
                          [person.email, f"otp:{person.email}"])


def test_a_message_that_is_just_being_sent_is_waited_for(shop, person):
    shop.database.run("UPDATE sms_queue SET status = 'processing', lease_until = now() + interval '1 minute'")
    assert "1 messages to this user are just being sent" in privacy(shop, "erase", person.id, "--yes", status=1)
    shop.database.run("UPDATE sms_queue SET status = 'completed'")
    privacy(shop, "erase", person.id, "--yes")


@pytest.mark.parametrize("what, plant", [
    ("withdrawal", "INSERT INTO withdrawals (user_id, amount, status) VALUES ({id}, 1, 'pending')"),
    ("order", "INSERT INTO orders (user_id, status, payment_status) VALUES ({id}, 'processing', 'completed')"),
    ("hold", "SELECT wallet_post('m{id}', 'cashback', {id}, 5, 't', '1'); SELECT wallet_hold('h{id}', {id}, 5, 'withdrawal', '2', NULL)"),
    ("cashback", "INSERT INTO cashback_events (user_id, cashback_amount, status) VALUES ({id}, 3, 'pending')"),
    ("the wallet holds", "SELECT wallet_post('w{id}', 'cashback', {id}, 5, 't', '1')")],
    ids=["withdrawal", "order", "hold", "cashback", "wallet"])
def test_nobody_is_erased_while_money_is_to_be_moved(shop, person, what, plant):
    shop.database.run(plant.format(id=person.id))
    before = traces(shop.database, person)
    said = privacy(shop, "erase", person.id, "--yes", status=1)
    assert "--despite-money" in said
    assert f"money is still to be moved: {what}" in privacy(shop, "erase", person.id)
    assert traces(shop.database, person) == before
    privacy(shop, "erase", person.id, "--yes", "--despite-money")
    assert traces(shop.database, person) == set()
    assert_money_is_right(shop)


def test_columns_of_the_back_end_are_erased_as_well(shop, person):
    shop.database.run("ALTER TABLE users ADD COLUMN password_hash varchar(20) NOT NULL DEFAULT 'h', ADD COLUMN born_on date,"
                      " ADD COLUMN signed_on date NOT NULL DEFAULT now(), ADD COLUMN profile jsonb NOT NULL DEFAULT '{\"a\": 1}',"
                      " ADD COLUMN status text NOT NULL DEFAULT 'active', ALTER COLUMN email SET NOT NULL")
    shop.database.run("ALTER TABLE user_kyc ADD COLUMN pan text DEFAULT 'ABCDE1234F'")
    shop.database.run("UPDATE users SET born_on = '1990-01-01'")
    kept = make_person(shop, "Somebody", "+919000000001")
    privacy(shop, "erase", kept.id, "--yes", "--keep-kyc")
    said = privacy(shop, "erase", person.id, "--yes")
    assert "kept, since it may not be empty: users.signed_on" in said
    row = shop.database.row("SELECT * FROM users WHERE id = %s", [person.id])
    assert (row["email"], row["password_hash"]) == (f"erased-{person.id}", f"erased-{person.id}")
    assert row["born_on"] is None and row["profile"] == {} and row["status"] == "active"
    assert [row["pan"] for row in shop.database.run("SELECT pan FROM user_kyc ORDER BY user_id")] == [None, "ABCDE1234F"]


def test_the_table_from_before_the_partitions_counts(shop, person):
    shop.database.run("CREATE TABLE offer_clicks_legacy (id int, user_id bigint, ip_address text, user_agent text, clicked_at timestamp)")
    shop.database.run("INSERT INTO offer_clicks_legacy VALUES (1, %s, '192.0.2.77', 'Fox', now()), (2, 0, '192.0.2.78', 'Fox', now())",
                      [person.id])
    privacy(shop, "erase", person.id, "--yes")
    assert shop.database.run("SELECT id, user_id, ip_address FROM offer_clicks_legacy ORDER BY id") == [
        {"id": 1, "user_id": None, "ip_address": None}, {"id": 2, "user_id": 0, "ip_address": "192.0.2.78"}]


def test_a_run_that_is_killed_is_gone_on_with(shop, person):
    shop.database.run("INSERT INTO offer_clicks (user_id, ip_address) SELECT %s, '192.0.2.77' FROM generate_series(1, 30000)", [person.id])
    left = "SELECT count(*) FROM offer_clicks WHERE user_id = %s"
    runs = 0
    while shop.database.value("SELECT count(*) FROM users WHERE email IS NOT NULL AND id = %s", [person.id]):
        before = shop.database.value(left, [person.id])
        child = subprocess.Popen([COUPONCTL, "privacy", "erase", str(person.id), "--yes"], stdout=subprocess.DEVNULL,
                                 env=os.environ | shop.environment)
        eventually(lambda: child.poll() is not None or shop.database.value(left, [person.id]) < before, "something is erased", 30,
                   every_s=0.01)
        time.sleep(0.02 * runs)
        child.send_signal(signal.SIGKILL)
        child.wait()
        runs += 1
    assert runs > 1
    privacy(shop, "erase", person.id, "--yes")
    assert traces(shop.database, person) == set() and shop.database.value(left, [person.id]) == 1
    rows = shop.database.value("SELECT details FROM audit_logs WHERE action = 'privacy.erase'")["rows"]
    assert sum(count for table, count in rows.items() if table.startswith("offer_clicks")) == 30_003, "each counted once"
    assert_money_is_right(shop)


def test_two_do_not_erase_one_user_at_once(shop, person):
    connection = shop.database.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('couponctl privacy'), hashtext(%s))", [str(person.id)])
        assert "another one" in privacy(shop, "erase", person.id, "--yes", status=1)
    connection.close()


# --- the archive

def test_an_archive_loses_the_user_and_nobody_else(new_shop_of, shop, person, tmp_path):
    other = make_person(shop, "Somebody", "+919000000001")
    archive = pathlib.Path(tmp_path / "archive")
    archive.mkdir()
    shop.database.run("UPDATE webhook_logs SET received_at = now() - interval '31 days'")
    shop.database.run("UPDATE email_queue SET created_at = now() - interval '181 days', finished_at = NULL WHERE status = 'failed'")
    cron = CronShop.__new__(CronShop)
    cron.__dict__.update(shop.__dict__, settings={"ARCHIVE_DIR": str(archive)}, workers=[])
    try:
        cron.run("clean_logs")
        cron.run("dead_rows")
    finally:
        for worker in cron.workers:
            assert worker.stop() == 0
    assert rows_of(shop, archive) == 4
    said = privacy(shop, "erase", person.id, "--yes", "--archive", archive)
    assert rows_of(shop, archive) == 2, said
    text = "".join(gzip.decompress(path.read_bytes()).decode() for path in archive.iterdir())
    assert other.email in text and person.email not in text and person.webhook not in text and other.webhook in text
    for path in archive.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600 and path.name.endswith(".ndjson.gz")
    assert shop.database.value("SELECT details->'rows'->>'archive' FROM audit_logs WHERE action = 'privacy.erase'") == "2"


def rows_of(shop, archive):
    """What archived_files counts, once it is what the files hold."""
    counted = 0
    for file in shop.database.run("SELECT name, rows, bytes FROM archived_files"):
        path = archive / file["name"]
        assert path.stat().st_size == file["bytes"]
        assert len(gzip.decompress(path.read_bytes()).splitlines()) == file["rows"]
        counted += file["rows"]
    return counted
