"""PostgreSQL or Redis away: known offers redirect, unknown ones get the honest answer."""
import time
from concurrent.futures import ThreadPoolExecutor

from harness.catalog import unknown_uuid
from harness.waiting import eventually, stays


def path():
    return f"/out/shop/{unknown_uuid()}"


def test_a_complete_catalogue_still_says_404_then_503(new_shop):
    shop = new_shop(gates=True)
    offer = shop.offer()
    assert shop.edge.get(offer.path).status == 302
    shop.postgres_gate.shut()
    # The change log was read less than 5 s ago: what is not in the catalogue does not exist.
    assert shop.edge.get(path()).status == 404
    refused = eventually(lambda: (lambda a: a.status == 503 and a)(shop.edge.get(path())),
                         "503 once the catalogue may be out of date", 10, every_s=0.2)
    assert int(refused.headers["retry-after"]) >= 1
    assert "location" not in refused.headers and refused.headers["x-cache"] == "DOWN"
    assert shop.edge.get(offer.path).status == 302
    shop.postgres_gate.open()
    eventually(lambda: shop.edge.get(path()).status == 404, "404 again", 15, every_s=0.1)


def test_known_offers_never_wait_for_a_stalled_database(new_shop):
    shop = new_shop(gates=True)
    offer = shop.offer()
    shop.click(offer.path)
    shop.postgres_gate.stall()
    shop.redis_gate.stall()

    def quick():
        started = time.monotonic()
        return shop.edge.get(offer.path).status == 302 and time.monotonic() - started < 1
    stays(quick, "redirects without a wait", 6)
    shop.postgres_gate.open()
    shop.redis_gate.open()


def test_an_unknown_offer_waits_no_longer_than_its_deadline(new_shop):
    shop = new_shop(gates=True)
    shop.postgres_gate.stall()
    time.sleep(5.2)  # the catalogue may be out of date by now, so PostgreSQL must be asked
    started = time.monotonic()
    assert shop.edge.get(path()).status == 503
    assert time.monotonic() - started < 5
    shop.postgres_gate.open()


def test_never_loaded(new_shop):
    """No snapshot and no PostgreSQL: not healthy, and honest about what it does not know."""
    shop = new_shop(gates=True, start=False)
    shop.postgres_gate.shut()
    offer = shop.offer()
    shop.edge.start(wait_for_catalog=False)
    assert shop.edge.get("/health").status == 503
    assert shop.edge.get(offer.path).status == 503
    assert shop.edge.get("/out/shop/nonsense").status == 400
    shop.postgres_gate.open()
    shop.edge.wait_healthy(15)
    assert shop.edge.get(offer.path).status == 302


def test_clicks_wait_in_the_journal_while_redis_is_away(new_shop):
    shop = new_shop(gates=True)
    offer = shop.offer()
    shop.redis_gate.shut()
    answers = [shop.click(offer.path) for _ in range(20)]
    assert shop.clicks_of(offer) == 0
    eventually(lambda: shop.edge.stats()["journal"]["clicks_unsettled"] >= 20, "the clicks counted as waiting")
    shop.redis_gate.open()
    for answer in answers:
        shop.stored(answer, within_s=20)
    assert shop.clicks_of(offer) == 20


def test_clicks_are_stored_once_after_redis_lost_everything(new_shop):
    shop = new_shop(click_worker=False)
    offer = shop.offer()
    answers = [shop.click(offer.path) for _ in range(20)]
    eventually(lambda: shop.redis.llen("queue:clicks") == 20, "all clicks in the queue")
    shop.redis.flushdb()
    shop.start_worker()
    for answer in answers:
        shop.stored(answer, within_s=30)
    assert shop.clicks_of(offer) == 20


def test_new_offers_while_redis_is_away(new_shop):
    shop = new_shop(gates=True)
    shop.redis_gate.shut()
    assert shop.edge.get(shop.offer().path).status == 302
    shop.redis_gate.open()


def test_single_flight(new_shop):
    """A flood of one unknown offer over two workers asks PostgreSQL once."""
    shop = new_shop(workers=2, start=False)
    shop.sql(f"ALTER DATABASE {shop.database.name} SET log_statement = 'all'")
    shop.edge.start()
    unknown = unknown_uuid()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: shop.edge.get(f"/out/shop/{unknown}"), range(200)))
    assert {answer.status for answer in answers} == {404}
    asked = [line for line in shop.postgres.log().splitlines() if "DETAIL:" in line and unknown in line]
    assert len(asked) == 1, asked


def test_a_flood_of_unknown_offers_evicts_nothing(new_shop):
    shop = new_shop(settings={"coupon_catalog_zone": "offers:1m"})
    offers = [shop.offer() for _ in range(20)]
    eventually(lambda: all(shop.edge.get(offer.path).headers.get("x-cache") == "HIT" for offer in offers),
               "all known")
    with shop.edge.connect() as connection:
        for _ in range(2000):
            assert connection.request(path()).status == 404
        for offer in offers:
            assert connection.request(offer.path).headers["x-cache"] == "HIT"
