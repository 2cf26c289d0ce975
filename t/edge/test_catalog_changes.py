"""A change of an offer or a merchant in PostgreSQL arrives at every edge by itself."""
import contextlib
import datetime
import threading

import psycopg2.errors
import pytest

from harness.waiting import eventually

ARRIVES_S = 10  # asserts that it arrives; how fast is measured by the benchmark


def known(shop, offer):
    assert shop.edge.get(offer.path).status == 302
    eventually(lambda: shop.edge.get(offer.path).headers["x-cache"] == "HIT", "the offer is known")
    return offer


def becomes(shop, offer, status, edge=None):
    eventually(lambda: (edge or shop.edge).get(offer.path).status == status,
               f"{offer} answers {status}", ARRIVES_S)


@pytest.mark.parametrize("change", [
    "is_active = false", "is_verified = false", "deleted_at = now()", "expires_at = now()",
    "starts_at = now() + interval '1 day'", "affiliate_url = NULL", "affiliate_url = 'ftp://x/'",
])
def test_offer_goes_and_comes_back(shop, edge, change):
    offer = known(shop, shop.offer())
    shop.sql(f"UPDATE offers SET {change} WHERE id = %s", offer.id)
    becomes(shop, offer, 404)
    shop.sql("UPDATE offers SET is_active = true, is_verified = true, deleted_at = NULL, "
             "expires_at = NULL, starts_at = NULL, affiliate_url = 'https://store.example/back' "
             "WHERE id = %s", offer.id)
    becomes(shop, offer, 302)


# A commit each millisecond, until it is cancelled.
CHANGE_STEADILY = """DO $$ BEGIN
    LOOP
        UPDATE offers SET affiliate_url = 'https://store.example/' || md5(clock_timestamp()::text) WHERE id = %d;
        COMMIT;
        PERFORM pg_sleep(0.001);
    END LOOP;
END $$"""


@contextlib.contextmanager
def changing_steadily(shop, offers):
    with contextlib.ExitStack() as stack:
        for offer in offers:
            connection = stack.enter_context(contextlib.closing(shop.database.connect()))
            connection.autocommit = True
            thread = threading.Thread(target=change_steadily, args=(connection, offer))
            thread.start()
            stack.callback(thread.join)
            stack.callback(connection.cancel)
        yield


def change_steadily(connection, offer):
    with contextlib.suppress(psycopg2.errors.QueryCanceled), connection.cursor() as cursor:
        cursor.execute(CHANGE_STEADILY % offer.id)


def test_a_change_among_steady_changes(shop, edge):
    """They come faster than the edge waits for more after the first: none may hold back the others."""
    offer = known(shop, shop.offer())
    others = [known(shop, shop.offer()) for _ in range(5)]
    with changing_steadily(shop, others):
        eventually(lambda: "/buy" not in edge.get(others[0].path).location, "they change", ARRIVES_S)
        shop.sql("UPDATE offers SET is_active = false WHERE id = %s", offer.id)
        becomes(shop, offer, 404)


def test_steady_changes_of_a_database_far_away(new_shop):
    """Before an answer is here, more has changed: the edge must load, and hear of merchants, all the same."""
    shop = new_shop(gates=True, start=False)
    merchant = shop.merchant()
    offers = [shop.offer(merchant) for _ in range(5)]
    other = shop.offer()
    shop.postgres_gate.delay(0.015)
    with changing_steadily(shop, [other]):
        shop.edge.start()
        for offer in offers:
            assert shop.edge.get(offer.path).headers["x-cache"] in ("HIT", "STALE")  # never asked for
        known(shop, offers[0])  # the catalogue counts as current
        shop.sql("UPDATE merchants SET is_active = false WHERE id = %s", merchant.id)
        for offer in offers:
            becomes(shop, offer, 404)
        assert "/buy" not in shop.edge.get(other.path).location


def test_a_database_slower_than_the_polls(new_shop):
    shop = new_shop(gates=True)
    offer = known(shop, shop.offer())
    shop.postgres_gate.delay(0.15)
    shop.sql("UPDATE offers SET is_active = false WHERE id = %s", offer.id)
    becomes(shop, offer, 404)


def test_deleted_row(shop, edge):
    offer = known(shop, shop.offer())
    shop.sql("DELETE FROM offers WHERE id = %s", offer.id)
    becomes(shop, offer, 404)


def test_new_url(shop, edge):
    offer = known(shop, shop.offer())
    shop.sql("UPDATE offers SET affiliate_url = 'https://elsewhere.example/' WHERE id = %s", offer.id)
    eventually(lambda: edge.get(offer.path).location == "https://elsewhere.example/", "the new URL", ARRIVES_S)


def test_merchant_deactivated_takes_all_its_offers_along(shop, edge):
    merchant = shop.merchant()
    offers = [known(shop, shop.offer(merchant)) for _ in range(5)]
    other = known(shop, shop.offer())
    shop.sql("UPDATE merchants SET is_active = false WHERE id = %s", merchant.id)
    for offer in offers:
        becomes(shop, offer, 404)
    assert edge.get(other.path).status == 302
    shop.sql("UPDATE merchants SET is_active = true WHERE id = %s", merchant.id)
    for offer in offers:
        becomes(shop, offer, 302)


@pytest.mark.parametrize("column,value,expected", [
    ("affiliate_id", "new-aff", "https://tracker.example/new-aff"),
    ("tracking_url_template", "https://tracker2.example/{affiliate_id}", "https://tracker2.example/old-aff"),
    ("allowed_hosts", ["other.example"], None),
    ("slug", "renamed-merchant", "https://tracker.example/old-aff"),
])
def test_merchant_columns_matter(shop, edge, column, value, expected):
    merchant = shop.merchant(affiliate_id="old-aff",
                             tracking_url_template="https://tracker.example/{affiliate_id}")
    offer = known(shop, shop.offer(merchant, affiliate_url=None))
    shop.sql(f"UPDATE merchants SET {column} = %s WHERE id = %s", value, merchant.id)
    eventually(lambda: edge.get(offer.path).location == expected, f"{column} arrives", ARRIVES_S)


def test_clicks_do_not_touch_the_catalogue(shop, edge, offer):
    before = shop.database.value("SELECT count(*) FROM catalog_log")
    shop.stored(shop.click(offer.path))
    eventually(lambda: shop.database.value("SELECT clicks_count FROM offers WHERE id = %s", [offer.id]),
               "the click counted")
    assert shop.database.value("SELECT count(*) FROM catalog_log") == before


def test_a_late_commit_is_not_skipped(shop, edge):
    """A transaction that began first and commits last; and it delays nobody else."""
    slow_offer, quick_offer = known(shop, shop.offer()), known(shop, shop.offer())
    slow = shop.database.connect()
    with slow.cursor() as cursor:
        cursor.execute("UPDATE offers SET is_active = false WHERE id = %s", [slow_offer.id])
    shop.sql("UPDATE offers SET is_active = false WHERE id = %s", quick_offer.id)
    becomes(shop, quick_offer, 404)
    assert edge.get(slow_offer.path).status == 302
    slow.commit()
    slow.close()
    becomes(shop, slow_offer, 404)


def test_changes_made_while_postgresql_was_unreachable(new_shop):
    shop = new_shop(gates=True)
    gone, moved = known(shop, shop.offer()), known(shop, shop.offer())
    shop.postgres_gate.shut()
    shop.sql("UPDATE offers SET is_active = false WHERE id = %s", gone.id)
    shop.sql("UPDATE offers SET affiliate_url = 'https://moved.example/' WHERE id = %s", moved.id)
    assert shop.edge.get(gone.path).status == 302  # stale beats error
    shop.postgres_gate.open()
    becomes(shop, gone, 404)
    eventually(lambda: shop.edge.get(moved.path).location == "https://moved.example/", "the new URL", ARRIVES_S)


def test_every_edge_hears_of_it(new_shop):
    shop = new_shop()
    other = shop.add_edge(settings={"coupon_edge_id": "edge-other"}).start()
    offer = known(shop, shop.offer())
    assert other.get(offer.path).status == 302
    shop.sql("UPDATE offers SET is_active = false WHERE id = %s", offer.id)
    becomes(shop, offer, 404)
    becomes(shop, offer, 404, other)


def test_offers_made_before_the_start_are_known_without_asking(new_shop):
    shop = new_shop(start=False)
    offers = [shop.offer() for _ in range(300)]
    coming = shop.offer(starts_at=datetime.datetime.now(datetime.timezone.utc)
                        + datetime.timedelta(seconds=2))
    shop.edge.start()
    for offer in offers:
        assert shop.edge.get(offer.path).headers["x-cache"] in ("HIT", "STALE")  # never asked for
    eventually(lambda: shop.edge.get(coming.path).headers.get("x-cache") == "HIT", "the offer starts")


def test_many_changes_at_once(shop, edge):
    merchant = shop.merchant()
    offers = [shop.offer(merchant) for _ in range(50)]
    shop.sql("UPDATE offers SET affiliate_url = 'https://bulk.example/' || id WHERE merchant_id = %s", merchant.id)
    for offer in offers:
        eventually(lambda: edge.get(offer.path).location == f"https://bulk.example/{offer.id}",
                   "the new URL", ARRIVES_S)


def test_new_offers_are_found_while_others_change(shop, edge):
    """Changes of offers that are not in the catalogue arrive while PostgreSQL is asked for a new one."""
    others = shop.offer(is_active=False)
    stop = threading.Event()

    def change():
        with contextlib.closing(shop.database.connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while not stop.is_set():
                cursor.execute("UPDATE offers SET affiliate_url = 'https://x.example/' || random() WHERE id = %s",
                               [others.id])
    changing = threading.Thread(target=change)
    changing.start()
    try:
        merchant = shop.merchant()
        for _ in range(600):
            assert edge.get(shop.offer(merchant).path).status == 302
    finally:
        stop.set()
        changing.join()


def test_unknown_turns_known(shop, edge):
    """An offer asked for before it exists is found once it does."""
    offer = shop.offer(is_active=False)
    assert edge.get(offer.path).status == 404
    assert edge.get(offer.path).status == 404
    shop.sql("UPDATE offers SET is_active = true WHERE id = %s", offer.id)
    becomes(shop, offer, 302)
