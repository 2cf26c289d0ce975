"""Entries that are no clicks, pushed by hand among the real ones: each is rejected or stored, alone."""
import json
import time
import uuid

from .accounts import settle


def fresh_id(millisecond=None):
    value = uuid.uuid4().int & ((1 << 80) - 1)
    return str(uuid.UUID(int=(millisecond or int(time.time() * 1000)) << 80 | value & ~(0xF << 76) & ~(0x3 << 62)
                         | 7 << 76 | 2 << 62))


def click(**fields):
    return {"v": 1, "id": fresh_id(), "ts": int(time.time() * 1000), "offer": 10**9, "merchant": 1,
            "ou": str(uuid.uuid4()), "ip": "192.0.2.1", "device": "desktop", "edge": "by-hand"} | fields


def without(name):
    entry = click()
    del entry[name]
    return entry


# No place in a journal: the digest of the text is the reject's id.
REJECTED = ["", "not json", "{", "[]", "null", "7", '"text"', "{}", '{"v":1}', "\x00", b"\xff\xfe\x00", "x" * 100_000,
            "[" * 20_000, '{"a":' * 20_000, json.dumps(click()) + "}", json.dumps(click())[:-20],
            click(v=2), without("id"), without("offer"), click(id="nonsense"), click(id=str(uuid.uuid4())),
            click(offer="7"), click(offer=2**64), click(offer=-1), click(user=2**63), click(seq=0),
            click(seg=str(uuid.uuid4())), click(seg="nonsense", seq=0), click(seg=str(uuid.uuid4()), seq=-1),
            click(seg=str(uuid.uuid4()), seq=2**32), click(flags="bot"), click(device="toaster"),
            click(ip="999.1.1.1"), click(ip="::1\x00"), click(ref="half a pair \ud800")]

STORED = [click(), click(ua="nul\x00inside", ref="\x00"), click(ip=""),
          click(c="x" * 65), click(c="bad\nid"), click(ua="u" * 30_000, ref="r" * 30_000), click(unknown={"deep": [1]}),
          without("merchant"), without("ou"), without("ip"), click(id=fresh_id(1)), click(id=fresh_id(2**47)),
          click(flags=["bot", "new_flag"])]


def test_nonsense_among_clicks(busy_shop, counts):
    shop = busy_shop()
    entries = [json.dumps(entry) if isinstance(entry, dict) else entry for entry in REJECTED + STORED]
    with shop.load() as load:
        for _ in range(3):  # repeats are no second row
            load.goes_on(50)
            for entry in entries:
                shop.redis.rpush("queue:clicks", entry)
            shop.redis.rpush("queue:clicks", *entries)
        load.goes_on(50)
    counts.add(faults=len(entries) * 6)
    settle(shop, load, counts, rejected=len(REJECTED), others=len(STORED))
    assert all(row["reason"] for row in shop.sql("SELECT reason FROM click_rejects"))
    by_hand = shop.sql("SELECT * FROM offer_clicks WHERE edge = 'by-hand'")
    assert len(by_hand) == len(STORED)
    assert not [row for row in by_hand if "\x00" in (row["user_agent"] or "")]
