"""Macros of a destination: their values, and their encoding for the place they stand in."""
import time
from urllib.parse import parse_qs, unquote

import pytest

MOBILE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


def test_every_macro(shop, edge):
    merchant = shop.merchant(affiliate_id="A-7")
    names = ("affiliate_id", "click_id", "subid", "user_id", "offer_id", "merchant", "merchant_id",
             "device", "country", "timestamp")
    offer = shop.offer(merchant, affiliate_url="https://store.example/?" + "&".join(
        f"{name}={{{name}}}" for name in names))
    before = int(time.time())
    answer = edge.get(offer.path_for(77), headers={"User-Agent": MOBILE, "X-Country": "IN"})
    values = {name: value[0] for name, value in parse_qs(answer.target.query).items()}
    timestamp = int(values.pop("timestamp"))
    assert before - 1 <= timestamp <= time.time() + 1
    click_id = answer.headers["x-click-id"]
    assert values == {
        "affiliate_id": "A-7", "click_id": click_id, "subid": click_id, "user_id": "77",
        "offer_id": offer.uuid, "merchant": merchant.slug, "merchant_id": str(merchant.id),
        "device": "mobile", "country": "IN"}


def test_a_macro_twice_and_in_path_query_and_fragment(shop, edge):
    offer = shop.offer(affiliate_url="https://store.example/{merchant}/{subid}?a={subid}&b={user_id}#{device}")
    answer = edge.get(offer.path_for(5))
    click_id = answer.headers["x-click-id"]
    assert answer.location.startswith(
        f"https://store.example/{offer.merchant.slug}/{click_id}?a={click_id}&b=5#")


def test_without_user_and_country_the_macro_is_empty(shop, edge):
    offer = shop.offer(affiliate_url="https://store.example/?u={user_id}&c={country}&s={subid}")
    assert "?u=&c=&s=" in edge.get(offer.path).location


@pytest.mark.parametrize("affiliate_id", [
    "a b", "a&b=c", "a?b", "a#b", "a/b", "a%b", "a+b", "ü", "日本", "a\"<>", "a;b", "100%25", "{subid}",
])
def test_values_are_percent_encoded(shop, edge, affiliate_id):
    offer = shop.offer(shop.merchant(affiliate_id=affiliate_id),
                       affiliate_url="https://store.example/p/{affiliate_id}/e?a={affiliate_id}&z=1")
    answer = edge.get(offer.path)
    assert answer.status == 302
    target = answer.target
    assert unquote(target.path) == f"/p/{affiliate_id}/e"
    assert target.path.count("/") == 3
    assert parse_qs(target.query) == {"a": [affiliate_id], "z": ["1"]}
    assert target.fragment == ""


@pytest.mark.parametrize("country", ["I N", "I&N=1", "I#N", "I%0d%0aX-Evil: 1", "é"])
def test_a_request_cannot_break_out_of_a_macro(shop, edge, country):
    offer = shop.offer(affiliate_url="https://store.example/?c={country}&s={subid}")
    answer = edge.get(offer.path, headers={"X-Country": country})
    assert answer.status == 302
    assert "x-evil" not in answer.headers
    assert set(parse_qs(answer.target.query, keep_blank_values=True)) == {"c", "s"}
    assert answer.target.fragment == ""


def test_a_very_long_country_does_no_harm(shop, edge):
    offer = shop.offer(affiliate_url="https://store.example/?c={country}&s={subid}")
    answer = edge.get(offer.path, headers={"X-Country": "x" * 7000})
    assert answer.status == 302
    assert answer.headers["x-click-id"] in answer.location


@pytest.mark.parametrize("count,status", [(32, 302), (33, 404)])
def test_at_most_32_macros(shop, edge, count, status):
    offer = shop.offer(affiliate_url="https://store.example/?" + "&".join(
        f"p{number}={{subid}}" for number in range(count)))
    answer = edge.get(offer.path)
    assert answer.status == status
    if status == 302:
        assert answer.location.count(answer.headers["x-click-id"]) == count
    else:
        assert "more than 32 macros" in shop.couponctl("offers", "explain", offer.path).stdout
