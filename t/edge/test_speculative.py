"""A browser that loads a link before anybody clicked it gets 403 and leaves no click."""
import pytest

from harness.waiting import eventually


@pytest.mark.parametrize("header,value", [
    ("Sec-Purpose", "prefetch"), ("Sec-Purpose", "prefetch;prerender"), ("Sec-Purpose", "prerender"),
    ("Sec-Purpose", "prefetch;anonymous-client-ip"), ("sec-purpose", "PREFETCH"),
    ("Purpose", "prefetch"), ("Purpose", "prerender"), ("X-Moz", "prefetch"), ("x-moz", "Prefetch"),
])
def test_speculative_load_is_403(shop, edge, offer, header, value):
    answer = edge.get(offer.path, headers={header: value})
    assert answer.status == 403
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "Sec-Purpose"
    assert "location" not in answer.headers and "x-click-id" not in answer.headers
    assert shop.click(offer.path).headers["x-click-id"]


@pytest.mark.parametrize("header,value", [
    ("Sec-Purpose", "navigate"), ("Purpose", ""), ("X-Moz", "livebookmarks"), ("X-Purpose", "prefetch"),
    ("Sec-Fetch-Mode", "navigate"),
])
def test_an_ordinary_load_is_not(edge, offer, header, value):
    assert edge.get(offer.path, headers={header: value}).status == 302


def test_it_is_counted_and_leaves_no_click(new_shop):
    shop = new_shop(click_worker=False)
    offer = shop.offer()
    for _ in range(3):
        assert shop.edge.get(offer.path, headers={"Sec-Purpose": "prefetch"}).status == 403
    shop.click(offer.path)
    eventually(lambda: shop.redis.llen("queue:clicks") == 1, "the one click in the queue")
    assert shop.edge.stats()["redirects"]["speculative"] == 3
