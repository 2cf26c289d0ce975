"""The audit itself: a click that is made to disappear must not go unnoticed."""
import threading

from harness.gate import Gate
from harness.shop import couponctl

from .accounts import Audit, settle
from .segments import records_of, unsettled_segments


def test_one_row_deleted(busy_shop, counts):
    shop = busy_shop()
    with shop.load() as load:
        load.goes_on(300)
    assert settle(shop, load, counts).status == 0
    victim = load.clicks[len(load.clicks) // 2]
    shop.sql("DELETE FROM offer_clicks WHERE click_id = %s", victim)
    audit = Audit(shop)
    counts.add(faults=1, missing=audit.missing)
    assert audit.missing == 1 and audit.status == 1, audit.text
    by_log = shop.couponctl("clicks", "audit", "--access-log", shop.edge.access_log)
    assert by_log.returncode == 1 and victim in by_log.stdout


def test_one_unsettled_segment_deleted(busy_shop, counts):
    """Redis is away, NGINX is stopped, and somebody clears up."""
    shop = busy_shop(gates=True)
    shop.redis_gate.shut()
    with shop.load() as load:
        load.goes_on(400)
    assert Audit(shop).pending >= len(load.clicks)
    shop.edge.kill_everything()
    victim = max(unsettled_segments(shop.edge.journal), key=lambda path: len(records_of(path)))
    lost = {record.click for record in records_of(victim)}
    assert lost
    victim.unlink()
    counts.add(faults=1)
    at_once = Audit(shop)
    assert at_once.missing == len(lost) and at_once.status == 1, at_once.text
    shop.redis_gate.open()
    shop.edge.start()
    audit = settle(shop, load, counts, lost=lost & set(load.clicks))
    assert str(victim.name.removeprefix("clicks-").removesuffix(".seg")) in audit.text


def test_a_segments_row_deleted(busy_shop, counts):
    """Without its row in journal_segments nobody accounts for a segment's clicks."""
    shop = busy_shop()
    with shop.load() as load:
        load.goes_on(300)
    settle(shop, load, counts)
    shop.edge.stop()
    shop.sql("DELETE FROM journal_segments WHERE id = (SELECT segment FROM offer_clicks LIMIT 1)")
    run = shop.couponctl("clicks", "audit")
    counts.add(faults=1)
    assert run.returncode == 1, run.stdout


def test_the_same_click_twice(busy_shop, counts):
    shop = busy_shop()
    with shop.load() as load:
        load.goes_on(100)
    settle(shop, load, counts)
    shop.sql("INSERT INTO offer_clicks (click_id, clicked_at, segment, seq)"
             " SELECT gen_random_uuid(), clicked_at, segment, seq FROM offer_clicks LIMIT 1")
    audit = Audit(shop)
    counts.add(faults=1)
    assert audit.doubled == 1 and audit.status == 1, audit.text


def test_counted_even_when_everything_was_killed(busy_shop, counts):
    """What was served is known although no process lived to write it to PostgreSQL."""
    shop = busy_shop(gates=True)
    shop.postgres_gate.shut()
    shop.redis_gate.shut()
    with shop.load(unknown=frozenset({404, 503})) as load:
        load.goes_on(200)
    shop.edge.kill_everything()
    segments = unsettled_segments(shop.edge.journal)
    held = {record.click for path in segments for record in records_of(path)}
    assert held >= set(load.clicks)
    for path in segments:
        path.unlink()
    counts.load(load)
    audit = Audit(shop)
    counts.add(faults=1, served=audit.served, missing=audit.missing)
    assert audit.missing == len(load.clicks) and audit.status == 1, audit.text


def test_no_false_alarm_while_clicks_are_on_their_way(busy_shop, counts):
    shop = busy_shop()
    with shop.load() as load:
        for number in range(20):
            audit = Audit(shop, *(["--access-log", shop.edge.access_log] if number % 2 else []))
            assert audit.status == 0, f"audit {number}:\n{audit.text}"
    counts.add(faults=0)
    settle(shop, load, counts)


def test_no_false_alarm_by_an_audit_that_takes_long(busy_shop, counts):
    """Between its look at the journal and its look at PostgreSQL the edge serves and reports more."""
    shop = busy_shop(click_worker=False)
    gate = Gate(shop.postgres.port)
    try:
        with shop.load() as load:
            load.goes_on(100)
            gate.stall()
            threading.Timer(2.5, gate.open).start()
            run = couponctl("clicks", "audit", "--journal", shop.edge.journal, environment={
                "DATABASE_URL": shop.postgres.url(shop.database.name, gate.port)})
    finally:
        gate.close()
    assert run.returncode == 0, run.stdout + run.stderr
    counts.add(faults=1)
    shop.start_worker()
    settle(shop, load, counts)
