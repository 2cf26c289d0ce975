"""Offers that do not exist or are not live: 404 or the fallback, and never a click."""
import pytest

from harness.catalog import unknown_uuid
from harness.nginx import Server
from harness.waiting import eventually

NOT_LIVE = {
    "deleted": {"deleted_at": "2020-01-01"},
    "unverified": {"is_verified": False},
    "inactive": {"is_active": False},
    "not started": {"starts_at": "2099-01-01"},
    "expired": {"expires_at": "2020-01-01"},
    "no destination": {"affiliate_url": None},
    "empty destination": {"affiliate_url": ""},
}


@pytest.mark.parametrize("columns", NOT_LIVE.values(), ids=NOT_LIVE.keys())
def test_not_live_is_404(shop, edge, columns):
    offer = shop.offer(**columns)
    answer = edge.get(offer.path)
    assert answer.status == 404
    assert answer.text.strip() == "Offer not found or expired"
    assert "location" not in answer.headers and "x-click-id" not in answer.headers


def test_offer_of_an_inactive_merchant_is_404(shop, edge):
    assert edge.get(shop.offer(shop.merchant(is_active=False)).path).status == 404


def test_unknown_is_404_and_remembered(edge):
    path = f"/out/shop/{unknown_uuid()}"
    first = edge.get(path)
    assert first.status == 404 and first.text.strip() == "Offer not found or expired"
    again = eventually(lambda: (lambda a: a.headers.get("x-cache") == "NEGATIVE" and a)(edge.get(path)),
                       "the unknown offer is remembered")
    assert again.status == 404


def test_head_of_an_unknown_offer(edge):
    answer = edge.head(f"/out/shop/{unknown_uuid()}")
    assert answer.status == 404 and answer.body == b""


def test_starts_and_ends_by_time_alone(shop, edge):
    """No event tells the edge: the second itself decides."""
    starting = shop.offer(starts_at=shop.database.value("SELECT now() + interval '1.5 s'"))
    ending = shop.offer(expires_at=shop.database.value("SELECT now() + interval '2.5 s'"))
    assert edge.get(starting.path).status == 404
    assert edge.get(ending.path).status == 302
    eventually(lambda: edge.get(starting.path).status == 302, "the offer starts")
    eventually(lambda: edge.get(ending.path).status == 404, "the offer ends")


def test_fallback_answers_instead_of_404(shop, edge):
    for path in (f"/out/shop/{unknown_uuid()}", shop.offer(is_active=False).path,
                 shop.offer(expires_at="2020-01-01").path):
        answer = edge.get(path, server="fallback")
        assert answer.status == 302
        assert answer.location == "https://shop.test/sorry?from=edge"
        assert "x-click-id" not in answer.headers
        assert answer.body == b""


def test_fallback_of_a_path(edge):
    answer = edge.get(f"/out/shop/{unknown_uuid()}", server="local_fallback")
    assert answer.status == 302
    assert answer.target.path == "/sorry"


def test_fallback_leaves_no_click(new_shop):
    shop = new_shop(click_worker=False, servers={
        "main": Server(out="coupon_fallback https://shop.test/;")})
    assert shop.edge.get(f"/out/shop/{unknown_uuid()}").status == 302
    live = shop.offer()
    shop.click(live.path)
    eventually(lambda: shop.redis.llen("queue:clicks") == 1, "the one click in the queue")


def test_live_offers_do_not_use_the_fallback(edge, offer):
    assert edge.get(offer.path, server="fallback").location.startswith("https://store.example/")
