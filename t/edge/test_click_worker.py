"""coupon-worker clicks: what it does with bad entries, several of it, and restarts around it."""
import json
import time
import uuid

import pytest

from harness.shop import ClickWorker, Shop
from harness.waiting import eventually


@pytest.fixture(scope="module")
def shop(postgres, redis_server, template):
    """No NGINX: the tests themselves put entries into the queue."""
    alone = Shop(postgres, redis_server, template)
    yield alone
    alone.close()


@pytest.fixture
def offer(shop):
    return shop.offer()


def record(offer=None, **fields):
    millisecond = int(time.time() * 1000)
    value = (millisecond << 80) | (7 << 76) | (2 << 62) | (uuid.uuid4().int & (2**62 - 1))
    return {"v": 1, "id": str(uuid.UUID(int=value)), "ts": millisecond, "offer": offer.id if offer else 10**9,
            "merchant": 1, "ou": offer.uuid if offer else str(uuid.uuid4()), "ip": "192.0.2.1",
            "device": "desktop", "edge": "elsewhere", "seg": str(uuid.uuid4()), "seq": 0} | fields


def push(shop, *entries):
    shop.redis.rpush("queue:clicks", *[entry if isinstance(entry, str) else json.dumps(entry)
                                       for entry in entries])


def drained(shop):
    eventually(lambda: shop.redis.llen("queue:clicks") == 0
               and not shop.redis.keys("{queue:clicks}:processing:*"), "the queue is taken in", 15)


BAD_ENTRIES = ["", "not json", "{", "[]", "null", "1", '"text"', "{}", '{"v":1}', '{"v":99,"id":"x"}',
               '{"v":1,"id":"nonsense","ts":1,"offer":1}', "\u0000", "x" * 100000, "[" * 5000]


def test_bad_entries_are_rejected_and_harm_no_others(shop, offer):
    good = [record(offer) for _ in range(3)]
    before = shop.database.value("SELECT count(*) FROM click_rejects")
    push(shop, good[0], *BAD_ENTRIES, good[1], *BAD_ENTRIES, good[2])
    eventually(lambda: shop.clicks_of(offer) == 3, "the good clicks")
    drained(shop)
    rejects = shop.sql("SELECT reason FROM click_rejects")
    assert len(rejects) == before + len(BAD_ENTRIES)  # the same text twice is one reject
    assert all(row["reason"] for row in rejects)


@pytest.mark.parametrize("fields", [
    {"id": "0190a4c8"}, {"seq": -1}, {"seg": "nonsense"}, {"offer": "text"}, {"offer": 2**70}, {"ts": "x"},
    {"user": -5}, {"user": 2**64},
], ids=str)
def test_a_bad_field_is_a_reject_or_is_left_out(shop, offer, fields):
    bad, good = record(offer) | fields, record(offer)
    push(shop, bad, good)
    eventually(lambda: shop.database.value("SELECT count(*) FROM offer_clicks WHERE click_id = %s",
                                           [good["id"]]) == 1, "the good click")
    drained(shop)
    stored = shop.database.value("SELECT count(*) FROM offer_clicks WHERE offer_id = %s", [offer.id])
    rejected = shop.database.value("SELECT count(*) FROM click_rejects WHERE raw::text LIKE %s", [f"%{bad['id']}%"])
    assert stored + rejected == 2


@pytest.mark.parametrize("fields,column", [
    ({"ip": "not an address"}, "ip_address"), ({"ua": "x\u0000y"}, "user_agent"),
])
def test_odd_but_storable(shop, offer, fields, column):
    odd = record(offer, **fields)
    push(shop, odd)
    drained(shop)
    eventually(lambda: shop.clicks_of(offer) + shop.database.value(
        "SELECT count(*) FROM click_rejects WHERE raw::text LIKE %s", [f"%{odd['id']}%"]) == 1, "kept somewhere")


def test_clicks_of_unknown_offers_are_stored(shop):
    entry = record(None)
    push(shop, entry)
    row = eventually(lambda: shop.database.row("SELECT * FROM offer_clicks WHERE click_id = %s", [entry["id"]]),
                     "the click")
    assert row["offer_id"] == 10**9


def test_the_same_entry_twice_is_one_click(shop, offer):
    entry = record(offer)
    push(shop, entry, entry)
    drained(shop)
    push(shop, entry)
    drained(shop)
    assert shop.clicks_of(offer) == 1
    assert shop.database.value("SELECT clicks_count FROM offers WHERE id = %s", [offer.id]) == 1


def test_an_id_of_another_record_is_stored_under_a_fresh_one(shop, offer):
    first = record(offer)
    second = first | {"seg": str(uuid.uuid4())}
    push(shop, first)
    drained(shop)
    push(shop, second)
    eventually(lambda: shop.clicks_of(offer) == 2, "both clicks")
    rows = shop.sql("SELECT * FROM offer_clicks WHERE offer_id = %s", offer.id)
    assert len({row["click_id"] for row in rows}) == 2
    assert sorted(len(row["flags"]) for row in rows) == [0, 1]


def test_odd_times_go_to_the_default_partition(shop, offer):
    old = record(offer)
    old["id"] = str(uuid.UUID(int=(1_000_000_000_000 << 80) | (7 << 76) | (2 << 62) | uuid.uuid4().int % 2**62))
    push(shop, old)
    eventually(lambda: shop.clicks_of(offer) == 1, "the click")
    assert shop.sql("SELECT clicked_at FROM offer_clicks WHERE offer_id = %s", offer.id)[0]["clicked_at"].year == 2001


def test_several_workers_share_the_work(new_shop):
    shop = new_shop(start=False)
    others = [ClickWorker(shop.database.url, shop.redis_server.url(shop.redis_number)).start() for _ in range(2)]
    offer = shop.offer()
    segment = str(uuid.uuid4())
    for start in range(0, 6000, 500):
        push(shop, *[record(offer, seg=segment, seq=number) for number in range(start, start + 500)])
    eventually(lambda: shop.clicks_of(offer) == 6000, "every click once", 20)
    assert shop.database.value("SELECT settled::text FROM journal_segments WHERE id = %s", [segment]) == "{[0,6000)}"
    assert shop.database.value("SELECT clicks_count FROM offers WHERE id = %s", [offer.id]) == 6000
    for other in others:
        other.stop()
    drained(shop)


def test_claims_of_a_dead_worker_are_given_back(new_shop):
    """Its heartbeat has lapsed; its claim goes to the head of the queue, in order."""
    shop = new_shop(start=False, click_worker=False)
    offer = shop.offer()
    dead = "clicks:gone-host:0123456789abcdef"
    entries = [record(offer) for _ in range(10)]
    shop.redis.rpush(f"{{queue:clicks}}:processing:{dead}", *map(json.dumps, entries))
    shop.redis.sadd("{queue:clicks}:claims", dead)
    shop.start_worker()
    eventually(lambda: shop.clicks_of(offer) == 10, "the clicks of the dead worker", 40)
    drained(shop)
    eventually(lambda: shop.redis.smembers("{queue:clicks}:claims") == set(), "no claims left", 40)


def test_heartbeat(new_shop):
    shop = new_shop(start=False)
    key, = eventually(lambda: shop.redis.keys("worker:heartbeat:*"), "a heartbeat")
    assert key.startswith("worker:heartbeat:clicks:")
    beat = json.loads(shop.redis.get(key))
    assert beat["role"] == "clicks" and beat["pid"] == shop.worker.process.pid
    assert {"host", "version", "started", "jobs", "rate"} <= set(beat)
    assert 0 < shop.redis.ttl(key) <= 30
    shop.worker.stop()
    assert not shop.redis.exists(key)


def test_sigterm_settles_what_was_claimed(new_shop):
    shop = new_shop(start=False)
    offer = shop.offer()
    push(shop, *[record(offer) for _ in range(3000)])
    eventually(lambda: shop.clicks_of(offer) > 0, "some clicks stored")
    shop.worker.stop()
    assert not shop.redis.keys("{queue:clicks}:processing:*")
    assert shop.clicks_of(offer) + shop.redis.llen("queue:clicks") == 3000


def test_logs_are_json_lines(new_shop):
    shop = new_shop(start=False)
    push(shop, record(shop.offer()))
    drained(shop)
    shop.worker.stop()
    for line in shop.worker.log().splitlines():
        entry = json.loads(line)
        assert {"time", "level", "message"} <= set(entry) and entry.get("role") == "clicks"
