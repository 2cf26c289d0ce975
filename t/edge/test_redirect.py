"""The redirect itself: what a visitor gets, and what is known of it afterwards."""
import re
import uuid

import pytest

from harness.waiting import eventually


def test_live_offer_redirects_without_a_body(edge, offer):
    answer = edge.get(offer.path)
    assert answer.status == 302
    assert re.fullmatch(r"https://store\.example/buy\?sub=[0-9a-f-]{36}", answer.location)
    assert answer.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    assert answer.body == b""
    assert answer.headers.get("content-length", "0") == "0"


def test_user_is_optional_and_stored(shop, edge, offer):
    assert shop.stored(shop.click(offer.path_for(42)))["user_id"] == 42
    assert shop.stored(shop.click(offer.path))["user_id"] is None


@pytest.mark.parametrize("user", [1, 2**31, 2**63 - 1])
def test_user_takes_every_positive_bigint(shop, edge, offer, user):
    assert shop.stored(shop.click(offer.path_for(user)))["user_id"] == user


def test_offer_id_in_any_case(shop, edge, offer):
    path = f"/out/{offer.merchant.slug}/{offer.uuid.upper()}"
    assert str(shop.stored(shop.click(path))["offer_uuid"]) == offer.uuid


@pytest.mark.parametrize("merchant", ["a", "Z", "_-_", "9" * 64, "another-merchant"])
def test_only_the_shape_of_the_merchant_is_checked(edge, offer, merchant):
    assert edge.get(f"/out/{merchant}/{offer.uuid}").status == 302


def test_unknown_query_parameters_are_ignored(edge, offer):
    answer = edge.get(f"{offer.path}?utm_source=mail&x=%ff&&=&c")
    assert answer.status == 302
    assert answer.target.query.startswith("sub=")
    assert "utm_source" not in answer.location


def test_every_click_has_an_id_of_its_own(edge, offer):
    ids = set()
    with edge.connect() as connection:
        for _ in range(50):
            ids.add(connection.request(offer.path).headers["x-click-id"])
    assert len(ids) == 50


def test_connection_is_kept_after_a_redirect(edge, offer):
    with edge.connect() as connection:
        for path, status in ((offer.path, 302), ("/out/", 400), (offer.path, 302), ("/health", 200)):
            assert connection.request(path).status == status


def test_pipelined_requests_are_all_answered(shop, edge, offer):
    request = f"GET {offer.path} HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode()
    with edge.connect() as connection:
        connection.send(request * 20)
        answers = [connection.read() for _ in range(20)]
    assert [answer.status for answer in answers] == [302] * 20
    for answer in answers:
        shop.stored(answer)


def test_http_1_0_without_host(edge, offer):
    with edge.connect() as connection:
        connection.send(f"GET {offer.path} HTTP/1.0\r\n\r\n".encode())
        answer = connection.read()
        assert answer.status == 302 and answer.location.startswith("https://store.example/")
        assert connection.at_end()


def test_head_redirects_is_stored_and_not_counted(shop, edge, offer):
    answer = edge.head(offer.path)
    assert answer.status == 302 and answer.location.startswith("https://store.example/buy?sub=")
    assert shop.stored(answer)["flags"] == ["head"]
    counted = shop.stored(shop.click(offer.path))
    assert counted["flags"] == []
    eventually(lambda: shop.database.value("SELECT clicks_count FROM offers WHERE id = %s",
                                           [offer.id]) == 1, "one click counted")


def test_head_is_not_counted_after_many(shop, edge, offer):
    for answer in [edge.head(offer.path) for _ in range(3)]:
        shop.stored(answer)
    assert shop.database.value("SELECT clicks_count FROM offers WHERE id = %s", [offer.id]) == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"])
def test_other_methods_are_refused(shop, edge, offer, method):
    answer = edge.get(offer.path, method=method, headers={"Content-Length": "0"})
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert "location" not in answer.headers
    assert shop.clicks_of(offer) == 0


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_methods_nginx_itself_refuses(edge, offer, method):
    assert edge.get(offer.path, method=method).status in (400, 405)


def test_variables_tell_the_click_the_offer_the_cache_and_the_verdict(shop, edge, offer):
    first = edge.get(offer.path)
    assert uuid.UUID(first.headers["x-click-id"]).version == 7
    assert first.headers["x-offer"] == offer.uuid
    assert first.headers["x-cache"] in ("MISS", "HIT")
    again = edge.get(offer.path)
    assert again.headers["x-cache"] == "HIT"
    assert again.headers["x-click-id"] != first.headers["x-click-id"]
    missing = edge.get("/out/x/00000000-0000-4000-8000-000000000000")
    assert "x-click-id" not in missing.headers


def test_access_log_holds_the_same_click_id(edge, offer):
    click_id = edge.get(offer.path).headers["x-click-id"]
    line = eventually(lambda: [entry for entry in edge.access() if entry["click"] == click_id],
                      "the click in the access log")[0]
    assert line["status"] == 302 and line["offer"] == offer.uuid


def test_internal_redirect_and_range_do_no_harm(edge, offer):
    answer = edge.get(offer.path, headers={"Range": "bytes=0-10", "If-None-Match": "*",
                                           "If-Modified-Since": "Wed, 21 Oct 2037 07:28:00 GMT"})
    assert answer.status == 302 and answer.body == b""


def test_request_body_is_discarded(edge, offer):
    with edge.connect() as connection:
        first = connection.request(offer.path, headers={"Content-Length": "5"})
        connection.send(b"12345")
        assert first.status == 302
        assert connection.request(offer.path).status == 302
