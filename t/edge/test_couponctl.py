"""couponctl: migrate, also over FastAPI's own schema; audit; queues; journal."""
import json
import shutil
import struct
import uuid

import pytest

from harness.shop import couponctl, migrate
from harness.waiting import eventually

# What FastAPI's own migrations may have left: other column types, fewer columns, rows in it.
FASTAPI = """
CREATE TABLE merchants (id serial PRIMARY KEY, slug varchar(80) UNIQUE NOT NULL, name varchar(200),
    affiliate_network varchar(50), affiliate_id varchar(100), tracking_url_template text,
    is_active boolean DEFAULT true);
CREATE TABLE offers (id bigserial PRIMARY KEY, uuid uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    merchant_id integer REFERENCES merchants(id), title varchar(300), affiliate_url text,
    is_verified boolean DEFAULT false, is_active boolean DEFAULT true, starts_at timestamp, expires_at timestamptz,
    clicks_count integer DEFAULT 0, updated_at timestamptz DEFAULT now());
CREATE TABLE offer_clicks (id bigserial PRIMARY KEY, offer_id bigint REFERENCES offers(id), user_id bigint,
    ip_address inet, user_agent text, clicked_at timestamptz DEFAULT now());
INSERT INTO merchants (slug, name, affiliate_id) VALUES ('old-shop', 'Old Shop', 'o1');
INSERT INTO offers (merchant_id, title, affiliate_url, is_verified) VALUES (1, 'Old', 'https://old.example/?s={subid}', true);
INSERT INTO offer_clicks (offer_id, ip_address, user_agent) SELECT 1, '192.0.2.1', 'old' FROM generate_series(1, 5);
"""


@pytest.fixture
def database(postgres):
    fresh = postgres.create_database()
    yield fresh
    fresh.close()


def test_migrate_an_empty_database_twice(database):
    migrate(database)
    tables = {row["relname"] for row in database.run(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')")}
    assert {"users", "user_sessions", "user_kyc", "merchants", "merchant_commissions", "categories", "offers",
            "offer_clicks", "products", "product_variants", "orders", "order_items", "payments",
            "wallet_transactions", "cashback_events", "withdrawals", "referrals", "audit_logs", "catalog_log",
            "journal_segments", "click_rejects"} <= tables
    migrate(database)


def test_migrate_over_fastapis_schema_keeps_its_rows(database):
    database.run(FASTAPI)
    migrate(database)
    assert database.value("SELECT count(*) FROM offer_clicks_legacy") == 5
    assert database.value("SELECT count(*) FROM offer_clicks") == 0
    assert database.value("SELECT count(*) FROM offer_clicks_all") == 5
    assert database.value("SELECT affiliate_url FROM offers") == "https://old.example/?s={subid}"
    # FastAPI goes on inserting as it did.
    database.run("INSERT INTO offer_clicks (offer_id, user_id, ip_address) VALUES (1, 2, '192.0.2.2')")
    assert database.value("SELECT count(*) FROM offer_clicks_all") == 6
    database.run("UPDATE offers SET is_active = false")
    assert database.value("SELECT count(*) FROM catalog_log") > 0


def test_an_edge_over_fastapis_schema(postgres, redis_server, new_shop, database):
    database.run(FASTAPI)
    migrate(database)
    shop = new_shop(start=False, click_worker=False)
    shop.edge.settings["coupon_postgres"] = database.url
    shop.edge.start()
    path = f"/out/old-shop/{database.value('SELECT uuid FROM offers')}"
    assert shop.edge.get(path).location.startswith("https://old.example/?s=")


@pytest.mark.parametrize("misfit,name", [
    ("CREATE VIEW offers AS SELECT 1 AS id", "offers"),
    ("CREATE TABLE offers (id text PRIMARY KEY)", "offers"),
    ("CREATE TABLE merchants (id bigint PRIMARY KEY, is_active text)", "is_active"),
])
def test_what_cannot_fit_stops_with_its_name(database, misfit, name):
    database.run(misfit)
    run = couponctl("migrate", environment={"DATABASE_URL": database.url})
    assert run.returncode != 0 and name in run.stderr + run.stdout


def test_migrate_without_a_database():
    run = couponctl("migrate", environment={"DATABASE_URL": "postgresql://coupon@127.0.0.1:1/x?connect_timeout=2"})
    assert run.returncode != 0 and run.stderr


def audit(shop, *arguments):
    return shop.couponctl("clicks", "audit", "--journal", shop.edge.journal, *arguments)


def settled_clicks(shop, count):
    offer = shop.offer()
    answers = [shop.click(offer.path) for _ in range(count)]
    eventually(lambda: shop.database.value("SELECT sum(served) FROM journal_segments") == count
               and shop.clicks_of(offer) == count, "everything settled", 15)
    return answers


def test_audit_of_a_sound_shop(new_shop):
    shop = new_shop()
    settled_clicks(shop, 20)
    run = audit(shop)
    assert run.returncode == 0, run.stdout
    for word in ("served", "stored", "rejected", "unjournaled", "pending", "missing"):
        assert word in run.stdout


def test_audit_counts_what_is_on_its_way_as_pending(new_shop):
    shop = new_shop(gates=True)
    shop.redis_gate.shut()
    offer = shop.offer()
    for _ in range(5):
        shop.click(offer.path)
    run = audit(shop)
    assert run.returncode == 0, run.stdout
    shop.redis_gate.open()


def test_audit_misses_one_deleted_row(new_shop):
    shop = new_shop()
    answers = settled_clicks(shop, 20)
    shop.sql("DELETE FROM offer_clicks WHERE click_id = %s", answers[7].headers["x-click-id"])
    run = audit(shop)
    assert run.returncode == 1, run.stdout


def test_audit_misses_a_deleted_segment(new_shop):
    shop = new_shop(gates=True)
    shop.redis_gate.shut()
    offer = shop.offer()
    for _ in range(20):
        shop.click(offer.path)
    eventually(lambda: shop.database.value("SELECT sum(served) FROM journal_segments") == 20, "served = 20")
    shop.edge.kill_everything()
    for segment in shop.edge.journal.glob("writers/*/clicks-*.seg"):
        segment.unlink()
    run = audit(shop)
    assert run.returncode == 1, run.stdout
    shop.redis_gate.open()


def test_audit_against_the_access_log(new_shop):
    shop = new_shop()
    answers = settled_clicks(shop, 10)
    log = shop.edge.directory / "ids.log"
    log.write_text("".join(f"click={answer.headers['x-click-id']} 302\n" for answer in answers))
    assert audit(shop, "--access-log", log).returncode == 0
    unknown = str(uuid.UUID(int=uuid.UUID(answers[0].headers["x-click-id"]).int ^ (1 << 40)))
    with open(log, "a") as more:
        more.write(f"click={unknown} 302\n")
    run = audit(shop, "--access-log", log)
    assert run.returncode == 1 and unknown in run.stdout + run.stderr


def test_queues(new_shop):
    shop = new_shop(start=False, click_worker=False)
    shop.redis.rpush("queue:clicks", *[json.dumps({"v": 1, "ts": 1_700_000_000_000})] * 7)
    run = shop.couponctl("queues", check=True)
    line = next(line for line in run.stdout.splitlines() if "clicks" in line)
    assert "7" in line.split()


def test_journal_ls_and_send(new_shop):
    """A retired edge's disk: its clicks are delivered from the folder alone."""
    shop = new_shop(gates=True)
    offer = shop.offer()
    shop.redis_gate.shut()
    answers = [shop.click(offer.path) for _ in range(25)]
    shop.edge.stop()
    shop.redis_gate.open()
    folder = shop.edge.directory / "retired"
    shutil.copytree(shop.edge.journal, folder)
    listing = shop.couponctl("journal", "ls", folder, check=True)
    assert "25" in listing.stdout.split(), listing.stdout
    shop.couponctl("journal", "send", folder, check=True)
    for answer in answers:
        shop.stored(answer, 15)
    assert shop.clicks_of(offer) == 25


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def forge_label(segment):
    """A label without its end, of bytes that PostgreSQL takes for no text, under a right checksum."""
    with open(segment, "r+b") as file:
        static = file.read(56) + b"\xff\x1b" * 32
        file.seek(56)
        file.write(static[56:] + struct.pack("<I", crc32c(static)))


def forge_count(segments_map):
    """A count beyond bigint, in the slot of a segment that comes first."""
    with open(segments_map, "r+b") as file:
        for slot in range(4096, 4096 + 64 * 256, 256):
            file.seek(slot)
            state, kind = struct.unpack("<II", file.read(8))
            if state == 1 and kind & 0x100:
                file.seek(slot + 24)
                file.write(bytes(16))
                file.seek(slot + 64 + 8)
                file.write(struct.pack("<Q", 1 << 63))
                return
    raise AssertionError("no slot of a living writer")


def test_journal_send_goes_on_past_forged_files(new_shop):
    shop = new_shop(gates=True)
    offer = shop.offer()
    shop.redis_gate.shut()
    answers = [shop.click(offer.path) for _ in range(25)]
    shop.edge.kill_everything()
    shop.redis_gate.open()
    folder = shop.edge.directory / "retired"
    shutil.copytree(shop.edge.journal, folder)
    for segment in folder.glob("writers/*/clicks-*.seg"):
        forge_label(segment)
    forge_count(folder / "segments.map")
    run = shop.couponctl("journal", "send", folder)
    assert run.returncode == 1 and "00000000-0000-0000-0000-000000000000" in run.stdout, run.stdout + run.stderr
    assert shop.database.value("SELECT sum(sealed) FROM journal_segments") == 25
    assert not shop.database.value("SELECT count(*) FROM journal_segments WHERE edge ~ '[^a-z0-9?_.-]'")
    for answer in answers:
        shop.stored(answer, 15)


def test_queues_of_forged_entries(new_shop):
    shop = new_shop(start=False, click_worker=False)
    shop.redis.rpush("queue:clicks", '{"ts":1e300}')
    shop.redis.rpush("queue:webhooks", '{"ts":-5}')
    lines = shop.couponctl("queues", check=True).stdout.splitlines()
    for name in ("clicks", "webhooks"):
        assert next(line for line in lines if line.startswith(name)).split()[1:3] == ["1", "-"]


def test_help_and_unknown_commands():
    assert couponctl("--help").returncode == 0
    run = couponctl("nonsense")
    assert run.returncode != 0 and run.stderr + run.stdout
