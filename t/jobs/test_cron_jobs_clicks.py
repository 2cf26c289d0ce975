"""What becomes of old clicks: their visitors are forgotten, and months leave once they add up."""
import datetime
import uuid

import pytest

from harness.shop import couponctl
from harness.waiting import eventually

from .cashback_shop import new_click_id

UTC = datetime.timezone.utc


@pytest.fixture
def shop(new_cron_shop):
    return new_cron_shop()


def month(shop, ago):
    """The first of a month, and its partition, which is made where there is none."""
    first = datetime.datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(ago):
        first = (first - datetime.timedelta(days=1)).replace(day=1)
    name = f"offer_clicks_{first:%Y_%m}"
    following = (first + datetime.timedelta(days=32)).replace(day=1)
    shop.database.run(f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF offer_clicks FOR VALUES FROM ('{first}') TO ('{following}')")
    return first, name


def add_click(shop, at, segment=None, seq=None):
    click = new_click_id(at)
    shop.database.run("INSERT INTO offer_clicks (click_id, clicked_at, offer_id, user_id, ip_address, user_agent, referrer_url,"
                      " segment, seq) VALUES (%s, %s, 1, 7, '192.0.2.7', 'Firefox', 'https://from.test/', %s, %s)",
                      [click, at, segment, seq])
    return click


def add_segment(shop, sealed, settled=None, served=None):
    segment = str(uuid.uuid4())
    shop.database.run("INSERT INTO journal_segments (id, edge, sealed, served, settled) VALUES (%s, 'e', %s, %s, %s)",
                      [segment, sealed, served or sealed, settled if settled is not None else f"{{[0,{sealed})}}"])
    return segment


def attached(shop):
    return {row["name"] for row in shop.database.run(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'offer_clicks'::regclass")}


def visitors(shop):
    return {row["click_id"]: row["ip_address"] is not None or row["user_agent"] is not None or row["referrer_url"] is not None
            for row in shop.database.run("SELECT click_id::text, ip_address, user_agent, referrer_url FROM offer_clicks")}


def test_visitors_are_forgotten_and_clicks_stay(shop):
    now = datetime.datetime.now(UTC)
    month(shop, 4)
    first, _ = month(shop, 3)
    old = add_click(shop, first - datetime.timedelta(days=1))
    in_default = add_click(shop, now - datetime.timedelta(days=800))
    young = add_click(shop, now - datetime.timedelta(days=80))
    assert shop.run("clean_logs")["visitors"] == 2
    assert visitors(shop) == {old: False, in_default: False, young: True}
    assert shop.database.value("SELECT user_id FROM offer_clicks WHERE click_id = %s", [old]) == 7
    assert shop.run("clean_logs")["visitors"] == 0


def test_the_edge_of_the_days_moves_on_within_a_month(shop):
    first, name = month(shop, 2)
    clicks = [add_click(shop, first + datetime.timedelta(days=days)) for days in (1, 20)]
    age = (datetime.datetime.now(UTC) - first).days
    shop.settings["CLICK_PII_DAYS"] = str(age - 10)
    assert shop.run("clean_logs")["visitors"] == 1
    assert visitors(shop) == {clicks[0]: False, clicks[1]: True}
    shop.workers[0].stop()
    shop.settings["CLICK_PII_DAYS"] = str(age - 25)
    assert shop.run("clean_logs")["visitors"] == 1


def test_a_month_that_is_forgotten_week_by_week_grows_little(shop):
    """A row that is written anew leaves its place, which PostgreSQL gives to the next week's."""
    first, name = month(shop, 2)
    shop.database.run("INSERT INTO offer_clicks (clicked_at, offer_id, ip_address, user_agent, referrer_url)"
                      " SELECT %s::timestamptz + n * interval '40 seconds', 1, '192.0.2.7', repeat('u', 120), repeat('r', 60)"
                      " FROM generate_series(1, 60000) n", [first])
    size = "SELECT pg_relation_size(%s)"
    before = shop.database.value(size, [name])
    age = (datetime.datetime.now(UTC) - first).days
    forgotten = 0
    for days in (7, 14, 21, 28):
        for worker in shop.workers:
            worker.stop()
        shop.settings["CLICK_PII_DAYS"] = str(age - days)
        forgotten += shop.run("clean_logs")["visitors"]
        shop.database.run(f"VACUUM {name}")  # as autovacuum does after a fifth of the rows
    assert forgotten == 60_000
    assert shop.database.value(size, [name]) < 1.4 * before


def test_what_could_not_be_stored_loses_its_text(shop):
    shop.database.run("INSERT INTO click_rejects (id, reason, raw, created_at) VALUES"
                      " (gen_random_uuid(), 'bad', 'old', now() - interval '91 days'), (gen_random_uuid(), 'bad', 'young', now())")
    shop.run("clean_logs")
    assert {row["raw"] for row in shop.database.run("SELECT raw FROM click_rejects")} == {"", "young"}


def test_a_month_leaves_when_its_segments_add_up(shop):
    shop.settings["CLICK_RETENTION_MONTHS"] = "6"
    first, name = month(shop, 9)
    segment = add_segment(shop, 2)
    for seq in range(2):
        add_click(shop, first + datetime.timedelta(days=1), segment, seq)
    kept = month(shop, 5)[1]
    assert shop.run("clean_logs")["click_partitions"] == {name: "detached"}
    assert name not in attached(shop) and kept in attached(shop)
    assert shop.database.value(f"SELECT count(*) FROM {name}") == 2, "the table stays for whoever wants to keep it"
    assert shop.database.value("SELECT audited_at IS NOT NULL FROM journal_segments WHERE id = %s", [segment])
    audit = couponctl("clicks", "audit", environment=shop.environment)
    assert audit.returncode == 0, audit.stdout + audit.stderr


def test_a_record_that_never_was_stands_for_no_missing_one(shop):
    shop.settings["CLICK_RETENTION_MONTHS"] = "6"
    first, name = month(shop, 9)
    segment = add_segment(shop, 2)
    for seq in (0, 7):
        add_click(shop, first + datetime.timedelta(days=1), segment, seq)
    assert segment in shop.run("clean_logs")["click_partitions"][name]
    assert not shop.database.value("SELECT audited_at IS NOT NULL FROM journal_segments WHERE id = %s", [segment])


def test_every_segment_of_a_month_has_to_add_up(shop):
    shop.settings["CLICK_RETENTION_MONTHS"] = "6"
    first, name = month(shop, 9)
    segments = sorted(add_segment(shop, 2 if number == 4 else 1) for number in range(5))
    for segment in segments:
        add_click(shop, first, segment, 0)
    add_click(shop, first)  # the back end's own, of no segment
    (bad,) = [row["id"] for row in shop.database.run("SELECT id::text FROM journal_segments WHERE sealed = 2")]
    assert bad in shop.run("clean_logs")["click_partitions"][name]
    assert shop.database.value("SELECT count(*) FROM journal_segments WHERE audited_at IS NOT NULL") == 0
    add_click(shop, first, bad, 1)
    assert shop.run("clean_logs")["click_partitions"] == {name: "detached"}
    assert shop.database.value("SELECT count(*) FROM journal_segments WHERE audited_at IS NOT NULL") == 5


def test_a_click_that_comes_at_the_last_moment_keeps_its_month(shop):
    shop.settings["CLICK_RETENTION_MONTHS"] = "6"
    first, name = month(shop, 9)
    segment, late = add_segment(shop, 1), add_segment(shop, 2)
    add_click(shop, first, segment, 0)
    # Comes after every look and before the lock.
    shop.database.run("CREATE FUNCTION come_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO offer_clicks"
                      f" (clicked_at, segment, seq) VALUES ('{first}', '{late}', 0); RETURN NULL; END $$")
    shop.database.run("CREATE TRIGGER come_late AFTER UPDATE OF audited_at ON journal_segments EXECUTE FUNCTION come_late()")
    assert "a late click" in shop.run("clean_logs")["click_partitions"][name]
    assert name in attached(shop)
    assert not shop.database.value("SELECT audited_at IS NOT NULL FROM journal_segments WHERE id = %s", [segment])


@pytest.mark.parametrize("days_into_the_month", [-1, 10], ids=["none is forgotten", "some are forgotten"])
def test_no_month_leaves_with_its_visitors(shop, days_into_the_month):
    first, name = month(shop, 9)
    age = (datetime.datetime.now(UTC) - first).days
    shop.settings |= {"CLICK_RETENTION_MONTHS": "6", "CLICK_PII_DAYS": str(age - days_into_the_month)}
    add_click(shop, first)
    assert shop.run("clean_logs")["click_partitions"] == {}
    assert name in attached(shop)


def test_clicks_that_come_late_lose_their_visitors_as_well(shop):
    first, name = month(shop, 6)
    shop.run("clean_logs")
    late = add_click(shop, first)
    eventually(lambda: shop.run("clean_logs")["visitors"] == 1, "the late one's visitor is forgotten")
    assert visitors(shop) == {late: False}


def test_the_old_table_counts_with_the_columns_that_it_has(shop):
    shop.database.run("CREATE TABLE offer_clicks_legacy (id int, clicked_at timestamp, ip_address text, user_agent text NOT NULL)")
    shop.database.run("INSERT INTO offer_clicks_legacy VALUES (1, now() - interval '91 days', '192.0.2.7', 'Firefox'),"
                      " (2, now() - interval '89 days', '192.0.2.8', 'Firefox')")
    assert shop.run("clean_logs")["visitors"] == 1
    rows = shop.database.run("SELECT id, ip_address FROM offer_clicks_legacy ORDER BY id")
    assert [row["ip_address"] for row in rows] == [None, "192.0.2.8"]
    assert "columns of this table may not be empty" in shop.log()


@pytest.mark.parametrize("sealed, settled, served", [(3, None, None), (2, "{[0,1)}", None), (None, "{[0,2)}", None), (2, None, 3)],
                         ids=["a click is missing", "not settled", "not sealed", "more served than written"])
def test_a_month_that_does_not_add_up_stays(shop, sealed, settled, served):
    shop.settings["CLICK_RETENTION_MONTHS"] = "6"
    first, name = month(shop, 9)
    segment = add_segment(shop, sealed, settled, served)
    for seq in range(2):
        add_click(shop, first + datetime.timedelta(days=1), segment, seq)
    assert segment in shop.run("clean_logs")["click_partitions"][name]
    assert name in attached(shop)


def test_no_month_leaves_before_its_cashback_is_settled(shop):
    shop.settings |= {"CLICK_RETENTION_MONTHS": "1", "ATTRIBUTION_DAYS": "200"}
    _, name = month(shop, 9)
    assert shop.run("clean_logs")["click_partitions"] == {}
    assert name in attached(shop)


def test_by_default_clicks_stay_for_ever(shop):
    _, name = month(shop, 60)
    assert shop.run("clean_logs")["click_partitions"] == {}
    assert name in attached(shop)


def test_a_busy_table_is_left_for_the_next_run(shop):
    shop.settings["CLICK_RETENTION_MONTHS"] = "6"
    _, name = month(shop, 9)
    connection = shop.database.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE offer_clicks IN ACCESS SHARE MODE")
        assert "too busy" in shop.run("clean_logs", within_s=90)["click_partitions"][name]
    connection.close()
    assert shop.run("clean_logs")["click_partitions"] == {name: "detached"}
