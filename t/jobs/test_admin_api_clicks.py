"""Click accounting and statistics through the API."""
import datetime
import json
import time
import uuid
import zoneinfo

import pytest

from harness.catalog import add_merchant, add_offer
from harness.shop import couponctl
from harness.waiting import eventually

from .admin_api_fixtures import api_shop, idle_api_shop  # noqa: F401
from .admin_api_shop import READER, AdminApiShop

KOLKATA = zoneinfo.ZoneInfo("Asia/Kolkata")


def add_segment(shop, *, served, settled, sealed=None, unjournaled=0, kind="clicks", audited=False):
    id = str(uuid.uuid4())
    shop.database.run("INSERT INTO journal_segments (id, kind, edge, served, settled, sealed, unjournaled, audited_at)"
                      " VALUES (%s, %s, 'edge-1', %s, %s::int8multirange, %s, %s, CASE WHEN %s THEN now() END)",
                      [id, kind, served, settled, sealed, unjournaled, audited])
    return id


def add_clicks(shop, count=1, at="now()", *, offer=None, user=None, device="mobile", flags=(), segment=None):
    shop.database.run(
        "INSERT INTO offer_clicks (offer_id, merchant_id, user_id, device_type, flags, clicked_at, segment, seq)"
        f" SELECT %s, %s, %s, %s, %s::text[], {at}, %s, n FROM generate_series(0, %s) AS n",
        [offer and offer.id, offer and offer.merchant.id, user, device, list(flags), segment, count - 1])


def test_segments_add_up(api_shop):
    add_segment(api_shop, served=100, settled="{[0,100)}", sealed=100, unjournaled=3)
    add_segment(api_shop, served=50, settled="{[0,20),[30,40)}", sealed=50)
    add_segment(api_shop, served=10, settled="{[0,4)}")
    add_segment(api_shop, served=0, settled="{}")
    add_segment(api_shop, served=7, settled="{[0,5)}", sealed=5)
    add_segment(api_shop, served=1000, settled="{[0,10)}", sealed=10, audited=True)
    add_segment(api_shop, served=1000, settled="{}", kind="webhooks")
    answer = api_shop.get("clicks/accounting")
    assert {name: answer[name] for name in ("served", "settled", "pending", "missing", "unjournaled", "segments_open")} == {
        "served": 167, "settled": 139, "pending": 26, "missing": 2, "unjournaled": 3, "segments_open": 3}


def test_what_is_settled_is_what_the_audit_finds_stored(api_shop):
    segment = add_segment(api_shop, served=30, settled="{[0,30)}", sealed=30)
    add_clicks(api_shop, 30, segment=segment)
    answer = api_shop.get("clicks/accounting")
    audit = couponctl("clicks", "audit", environment=api_shop.environment)
    said = dict(line.split() for line in audit.stdout.splitlines() if len(line.split()) == 2)
    assert audit.returncode == 0
    assert (answer["served"], answer["settled"], answer["missing"]) == (int(said["served"]), int(said["stored"]),
                                                                        int(said["missing"])) == (30, 30, 0)
    assert answer["oldest_unsettled_s"] is None and answer["pending"] == 0


def test_the_oldest_waits_until_something_is_settled(api_shop):
    segment = add_segment(api_shop, served=5, settled="{}")

    def oldest():
        return api_shop.get("clicks/accounting")["oldest_unsettled_s"]
    assert oldest() == 0
    eventually(lambda: oldest() >= 2, "its age grows", 20, every_s=0.3)
    api_shop.redis.rpush("queue:clicks", json.dumps({"ts": int((time.time() - 300) * 1000)}))
    assert 299 <= oldest() <= 330
    api_shop.redis.delete("queue:clicks")
    api_shop.database.run("UPDATE journal_segments SET settled = '{[0,3)}' WHERE id = %s", [segment])
    assert oldest() < 2, "it gets on"
    api_shop.database.run("UPDATE journal_segments SET settled = '{[0,5)}' WHERE id = %s", [segment])
    assert oldest() is None


@pytest.fixture
def clicked(idle_api_shop):
    """Clicks of two offers around Kolkata's midnights, and the day of today there."""
    merchant = add_merchant(idle_api_shop.database, name="Shoes & Co")
    shoes, hats = (add_offer(idle_api_shop.database, merchant, title=title) for title in ("Shoes", "Hats"))
    today = datetime.datetime.now(KOLKATA).date()
    midnight = datetime.datetime.combine(today, datetime.time(), KOLKATA).isoformat()
    user = idle_api_shop.database.value("INSERT INTO users (email) VALUES ('a@example.com') RETURNING id")
    add_clicks(idle_api_shop, 3, f"'{midnight}'", offer=shoes, user=user)
    add_clicks(idle_api_shop, 2, f"timestamptz '{midnight}' - interval '1 second'", offer=hats, device="desktop")
    add_clicks(idle_api_shop, 4, f"'{midnight}'", offer=hats, device="bot", flags=["bot"])
    add_clicks(idle_api_shop, 1, f"'{midnight}'", offer=hats, flags=["head"])
    add_clicks(idle_api_shop, 9, f"timestamptz '{midnight}' - interval '1 day 1 second'", offer=hats)
    return idle_api_shop, today, shoes, hats


def test_clicks_by_day_device_and_offer(clicked):
    shop, today, shoes, hats = clicked
    stats = shop.start().get("stats?days=2")
    yesterday = today - datetime.timedelta(days=1)
    assert stats["zone"] == "Asia/Kolkata"
    assert stats["days"] == [
        {"day": str(yesterday), "clicks": 2, "bots": 0, "devices": {"desktop": 2, "mobile": 0, "tablet": 0}},
        {"day": str(today), "clicks": 3, "bots": 5, "devices": {"desktop": 0, "mobile": 3, "tablet": 0}}]
    assert [(offer["offer"], offer["uuid"], offer["title"], offer["merchant"], offer["clicks"]) for offer in
            stats["top_offers"]] == [(shoes.id, shoes.uuid, "Shoes", "Shoes & Co", 3), (hats.id, hats.uuid, "Hats", "Shoes & Co", 2)]
    assert [(entry["merchant"], entry["clicks"]) for entry in stats["top_merchants"]] == [("Shoes & Co", 5)]
    assert stats["totals"] == {"clicks": 5, "bots": 5, "users": 1}
    assert [offer["offer"] for offer in shop.get("stats?days=3&limit=1")["top_offers"]] == [hats.id]


@pytest.mark.parametrize("zone", ["+05:30", "UTC", "America/New_York"])
def test_days_begin_in_the_zone(clicked, zone):
    shop, today, *_ = clicked
    days = shop.start(COUPON_TZ=zone).get("stats?days=3")["days"]
    assert len(days) == 3
    if zone == "+05:30":
        assert [day["clicks"] for day in days] == [9, 2, 3] and days[-1]["day"] == str(today)
    else:
        # Kolkata's midnight is in the evening before.
        counted = {day["day"]: day["clicks"] for day in days}
        assert counted[str(today - datetime.timedelta(days=1))] == 5


def test_counting_again_is_soon_seen_and_bounds_hold(clicked):
    shop, *_ = clicked
    shop.start()
    before = shop.get("stats?days=1")["totals"]["clicks"]
    add_clicks(shop, 5)
    eventually(lambda: shop.get("stats?days=1")["totals"]["clicks"] == before + 5, "new clicks are counted", 60, every_s=0.5)
    for query in ("days=0", "days=93", "limit=0", "limit=101", "days=x"):
        assert shop.client(READER).get(f"api/v1/stats?{query}").status == 400


def test_a_count_that_takes_too_long_is_given_up(new_shop_of):
    shop = new_shop_of(AdminApiShop).start()
    holder = shop.database.connect()
    try:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE offer_clicks IN ACCESS EXCLUSIVE MODE")
        answer = shop.client(READER).get("api/v1/stats")
        assert answer.status == 503 and "fewer days" in answer.json["error"]["message"]
    finally:
        holder.close()
    assert shop.client(READER).get("api/v1/stats").status == 200
