"""The click id: a UUIDv7 whose last 32 bits are a tag that filters invented ids."""
import time
import uuid

from harness.links import click_tag
from harness.nginx import CLICK_KEY
from harness.waiting import eventually


def ids(edge, offer, count):
    with edge.connect() as connection:
        return [uuid.UUID(connection.request(offer.path).headers["x-click-id"]) for _ in range(count)]


def test_version_variant_and_time(edge, offer):
    before = int(time.time() * 1000)
    click_id = ids(edge, offer, 1)[0]
    assert click_id.version == 7 and click_id.variant == uuid.RFC_4122
    assert before - 50 <= click_id.int >> 80 <= time.time() * 1000 + 50


def test_tag_is_the_low_half_of_siphash(edge, offer):
    for click_id in ids(edge, offer, 100):
        assert click_id.int & 0xFFFFFFFF == click_tag(CLICK_KEY, click_id)


def test_ids_of_one_worker_and_millisecond_grow(new_shop):
    shop = new_shop(click_worker=False)
    made = ids(shop.edge, shop.offer(), 500)
    by_ms = {}
    for click_id in made:
        by_ms.setdefault(click_id.int >> 80, []).append(click_id.int >> 32)
    for prefixes in by_ms.values():
        assert prefixes == sorted(prefixes) and len(set(prefixes)) == len(prefixes)
    assert len(set(made)) == 500


def test_the_starts_of_milliseconds_are_random(edge, offer):
    starts = {}
    while len(starts) < 10:  # a fast machine makes many ids in one millisecond
        for click_id in ids(edge, offer, 50):
            starts.setdefault(click_id.int >> 80, (click_id.int >> 64) & 0xFFF)
    assert len(set(starts.values())) > 5


def test_clicked_at_is_the_ids_own_millisecond(shop, edge, offer):
    answer = shop.click(offer.path)
    click_id = uuid.UUID(answer.headers["x-click-id"])
    stored = shop.stored(answer)["clicked_at"]
    assert round(stored.timestamp() * 1000) == click_id.int >> 80


def test_location_carries_the_id_that_is_stored(shop, edge, offer):
    answer = shop.click(offer.path)
    assert answer.location == f"https://store.example/buy?sub={answer.headers['x-click-id']}"
    assert str(shop.stored(answer)["click_id"]) == answer.headers["x-click-id"]


def test_the_first_of_several_keys_signs(new_shop):
    other = "ff" * 16
    shop = new_shop(start=False, click_worker=False)
    shop.edge.secret_file("click.key", f"{other}\n{CLICK_KEY}")
    shop.edge.start()
    offer = shop.offer()
    for click_id in ids(shop.edge, offer, 5):
        assert click_id.int & 0xFFFFFFFF == click_tag(other, click_id)
    shop.edge.secret_file("click.key", f"{CLICK_KEY},{other}")
    shop.edge.reload()
    for click_id in ids(shop.edge, offer, 5):
        assert click_id.int & 0xFFFFFFFF == click_tag(CLICK_KEY, click_id)
    eventually(lambda: shop.redis.llen("queue:clicks") == 10, "all clicks in the queue")
