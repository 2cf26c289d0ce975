"""The click's record on its way: what stands in Redis, and what becomes of it in PostgreSQL."""
import json
import time
import uuid

import pytest

from harness.waiting import eventually

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"


@pytest.fixture
def queue(new_shop):
    """A shop whose clicks stay in Redis."""
    return new_shop(click_worker=False)


def records(shop, count):
    texts = eventually(lambda: shop.redis.llen("queue:clicks") >= count
                       and shop.redis.lrange("queue:clicks", 0, -1), f"{count} records in the queue")
    assert len(texts) == count
    return [json.loads(text) for text in texts]


def test_record_of_a_full_click(queue):
    offer = queue.offer()
    before = int(time.time() * 1000)
    answer = queue.click(f"{offer.path_for(77)}?c=front-1", headers={
        "User-Agent": BROWSER, "Referer": "https://shop.test/offers?q=1"}, source="127.5.6.7")
    record, = records(queue, 1)
    segment, request_id = record.pop("seg"), record.pop("rid", None)
    assert str(uuid.UUID(segment)) == segment
    assert before - 50 <= record.pop("ts") <= time.time() * 1000 + 50
    line, = eventually(lambda: [line for line in queue.edge.access() if line["click"]],
                       "the click in the access log")
    assert request_id == line["request"]
    record.pop("flags", None)
    assert record == {
        "v": 1, "id": answer.headers["x-click-id"], "offer": offer.id, "merchant": offer.merchant.id,
        "ou": offer.uuid, "user": 77, "ip": "127.5.6.7", "ua": BROWSER,
        "ref": "https://shop.test/offers?q=1", "device": "desktop", "c": "front-1",
        "edge": "edge-test", "seq": 0}


def test_absent_when_empty(queue):
    offer = queue.offer()
    queue.click(offer.path)
    record, = records(queue, 1)
    assert not {"user", "ua", "ref", "c"} & set(record)
    assert record.get("flags") != []


def test_sequence_numbers_count_from_zero_without_gaps(queue):
    offer = queue.offer()
    for _ in range(50):
        queue.click(offer.path)
    found = records(queue, 50)
    assert [record["seq"] for record in found] == list(range(50))
    assert len({record["seg"] for record in found}) == 1


def test_segments_follow_one_another(new_shop):
    """Segments are used up faster than threads prepare them: numbers start anew in each, no click is lost."""
    shop = new_shop(start=False)
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=64m segment=64k keep=1s"
    shop.edge.start()
    offer = shop.offer()
    total = 0
    with shop.edge.connect() as connection:
        for _ in range(1500):
            answer = connection.request(offer.path, headers={"User-Agent": BROWSER})
            assert answer.headers["x-verdict"] == "redirect"
            total += 1
    eventually(lambda: shop.clicks_of(offer) == total, "every journalled click in PostgreSQL", 20)
    per_segment = shop.sql("SELECT segment, count(*) AS n, min(seq) AS low, max(seq) AS high, count(DISTINCT seq) AS "
                           "different FROM offer_clicks GROUP BY segment")
    assert len(per_segment) > 3
    for row in per_segment:
        assert row["low"] == 0 and row["high"] == row["n"] - 1 and row["different"] == row["n"]
    audit = shop.couponctl("clicks", "audit", "--journal", shop.edge.journal)
    assert audit.returncode == 0, audit.stdout


def test_row_of_a_full_click(shop, edge, offer):
    answer = shop.click(f"{offer.path_for(77)}?c=front-2", source="127.5.6.8", headers={
        "User-Agent": BROWSER, "Referer": "https://shop.test/x"})
    row = shop.stored(answer)
    assert row["segment"] is not None and row["seq"] >= 0
    expected = {
        "click_id": answer.headers["x-click-id"], "offer_id": offer.id, "offer_uuid": offer.uuid,
        "merchant_id": offer.merchant.id, "user_id": 77, "ip_address": "127.5.6.8", "user_agent": BROWSER,
        "referrer_url": "https://shop.test/x", "device_type": "desktop", "frontend_click_id": "front-2",
        "flags": [], "edge": "edge-test"}
    assert {name: str(row[name]) if name in ("click_id", "offer_uuid") else row[name]
            for name in expected} == expected


def test_clicks_are_counted_per_offer(shop, edge):
    offers = [shop.offer() for _ in range(3)]
    answers = [shop.click(offer.path, headers={"User-Agent": BROWSER})
               for number, offer in enumerate(offers) for _ in range(number + 1)]
    for answer in answers:
        shop.stored(answer)
    assert [shop.database.value("SELECT clicks_count FROM offers WHERE id = %s", [offer.id])
            for offer in offers] == [1, 2, 3]


def test_a_click_of_an_offer_deleted_meanwhile_is_stored(shop, edge, offer):
    answer = shop.click(offer.path)
    shop.sql("DELETE FROM offers WHERE id = %s", offer.id)
    assert shop.stored(answer)["offer_id"] == offer.id


def test_a_click_is_in_redis_within_a_moment(queue):
    """No click waits long when traffic is low."""
    queue.click(queue.offer().path)
    eventually(lambda: queue.redis.llen("queue:clicks") == 1, "the click in the queue", 1)


def test_generation_of_the_queue_is_set(queue):
    queue.click(queue.offer().path)
    records(queue, 1)
    assert queue.redis.get("queue:clicks:gen")


def test_settled_in_the_same_transaction(shop, edge, offer):
    row = shop.stored(shop.click(offer.path))
    assert shop.database.value("SELECT %s::bigint <@ settled FROM journal_segments WHERE id = %s",
                               [row["seq"], row["segment"]])


def test_served_reaches_the_table(new_shop):
    shop = new_shop()
    offer = shop.offer()
    for _ in range(12):
        shop.click(offer.path)
    eventually(lambda: shop.database.value("SELECT sum(served) FROM journal_segments") == 12, "served = 12")


@pytest.mark.parametrize("mode", ["always", "interval=50ms"])
def test_sync_modes(new_shop, mode):
    shop = new_shop(settings={"coupon_journal_sync": mode}, workers=2)
    offer = shop.offer()
    with shop.edge.connect() as connection:
        answers = [connection.request(offer.path) for _ in range(40)]
    for answer in answers:
        assert answer.status == 302
        shop.stored(answer)
    assert shop.clicks_of(offer) == 40
