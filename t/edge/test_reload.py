"""Reload and restart: nothing known is forgotten, no request is cut, no click is lost."""
import os
import signal

from harness.nginx import Server
from harness.visitors import Visitors
from harness.waiting import eventually


def test_catalogue_survives_a_reload(new_shop):
    shop = new_shop(gates=True)
    offer = shop.offer()
    shop.click(offer.path)
    shop.postgres_gate.shut()
    shop.edge.reload()
    assert shop.edge.get("/health").status == 200
    assert shop.edge.get(offer.path).status == 302
    shop.postgres_gate.open()


def test_new_configuration_takes_effect(new_shop):
    shop = new_shop()
    missing = "/out/shop/0190a4c8-5b7e-7c3a-9c3f-2f1e6d5c4b3a"
    assert shop.edge.get(missing).status == 404
    shop.edge.servers["main"].out = "coupon_fallback https://shop.test/;"
    shop.edge.write_configuration()
    shop.edge.reload()
    assert shop.edge.get(missing).location == "https://shop.test/"


def test_a_bad_configuration_changes_nothing(new_shop):
    shop = new_shop()
    offer = shop.offer()
    shop.edge.servers["main"].out = "coupon_rate_limit nonsense;"
    shop.edge.write_configuration()
    os.kill(shop.edge.master_pid, signal.SIGHUP)
    shop.edge.wait_for_log("coupon_rate_limit")
    shop.stored(shop.click(offer.path))
    shop.edge.expected_problem = "coupon_rate_limit"


def test_no_request_is_cut_and_no_click_lost(new_shop):
    shop = new_shop(workers=2)
    offer = shop.offer()
    with Visitors(shop.edge.port(), [offer.path], keep_alive=False) as visitors:
        for _ in range(3):
            shop.edge.reload()
    assert set(visitors.statuses) == {302} and not visitors.cuts and not visitors.refused
    assert len(visitors.clicks) > 50
    eventually(lambda: shop.clicks_of(offer) == len(visitors.clicks), "every click in PostgreSQL", 20)
    stored = {str(row["click_id"]) for row in shop.sql("SELECT click_id FROM offer_clicks")}
    assert stored == set(visitors.clicks)


def test_restart_delivers_what_the_journal_holds(new_shop):
    shop = new_shop(gates=True)
    offer = shop.offer()
    shop.redis_gate.shut()
    answers = [shop.click(offer.path) for _ in range(15)]
    shop.edge.stop()
    shop.redis_gate.open()
    shop.edge.start()
    for answer in answers:
        shop.stored(answer, 20)
    assert shop.clicks_of(offer) == 15


def test_cold_start_from_the_snapshot(new_shop):
    """PostgreSQL and Redis are both away: what the snapshot holds redirects at once."""
    shop = new_shop(gates=True, start=False)
    offers = [shop.offer() for _ in range(50)]
    shop.edge.start()
    eventually(lambda: shop.edge.stats()["catalog"]["entries"] == 50
               and shop.edge.stats()["catalog"]["snapshot_written"], "the snapshot is written", 30)
    shop.edge.stop()
    shop.postgres_gate.shut()
    shop.redis_gate.shut()
    shop.edge.start(wait_for_catalog=False)
    for offer in offers:
        assert shop.edge.get(offer.path).status == 302
    assert shop.edge.get("/health").status == 200
    shop.postgres_gate.open()
    shop.redis_gate.open()
    eventually(lambda: shop.database.value("SELECT count(*) FROM offer_clicks") == 50, "the clicks", 30)


def snapshot_file(edge):
    return edge.journal / "catalog.snapshot"


def stopped_with_snapshot(new_shop):
    shop = new_shop(gates=True, start=False)
    shop.saved_offers = [shop.offer() for _ in range(50)]
    shop.edge.start()
    eventually(lambda: shop.edge.stats()["catalog"]["snapshot_written"], "the snapshot is written", 30)
    shop.edge.stop()
    shop.postgres_gate.shut()
    return shop


def test_a_fifo_in_place_of_the_snapshot_does_not_stop_the_start(new_shop):
    shop = new_shop(start=False)
    offer = shop.offer()
    shop.edge.start()
    shop.edge.stop()
    snapshot_file(shop.edge).unlink(missing_ok=True)
    os.mkfifo(snapshot_file(shop.edge))
    shop.edge.start()
    assert shop.edge.get(offer.path).status == 302
    assert "no catalogue snapshot" in shop.edge.log()


def served(shop):
    shop.edge.start(wait_for_catalog=False)
    count = sum(shop.edge.get(offer.path).status == 302 for offer in shop.saved_offers)
    shop.postgres_gate.open()
    shop.edge.wait_healthy(15)
    for offer in shop.saved_offers:
        assert shop.edge.get(offer.path).status == 302
    return count


def test_a_truncated_snapshot_loads_what_is_whole(new_shop):
    shop = stopped_with_snapshot(new_shop)
    path = snapshot_file(shop.edge)
    assert path.stat().st_mode & 0o777 == 0o600
    os.truncate(path, path.stat().st_size // 2)
    assert 0 < served(shop) < 50
    assert "snapshot" in shop.edge.log()


def test_a_corrupt_record_is_skipped(new_shop):
    shop = stopped_with_snapshot(new_shop)
    path = snapshot_file(shop.edge)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    assert served(shop) == 49
    assert "snapshot" in shop.edge.log()


def test_a_snapshot_of_nonsense_is_ignored(new_shop):
    shop = stopped_with_snapshot(new_shop)
    snapshot_file(shop.edge).write_bytes(os.urandom(5000))
    assert served(shop) == 0
    assert "snapshot" in shop.edge.log()


def test_two_listeners_and_two_workers(new_shop):
    shop = new_shop(workers=2, servers={"main": Server(), "second": Server()})
    offer = shop.offer()
    for server in ("main", "second") * 10:
        shop.stored(shop.click(offer.path, server=server))


def test_starts_where_the_journal_directory_does_not_exist_yet(new_shop):
    shop = new_shop(start=False)
    shop.edge.settings["coupon_journal"] = f"{shop.edge.directory}/deep/er/journal size=64m segment=1m"
    shop.edge.start()
    shop.stored(shop.click(shop.offer().path))
    assert os.stat(f"{shop.edge.directory}/deep/er/journal").st_mode & 0o777 == 0o700
