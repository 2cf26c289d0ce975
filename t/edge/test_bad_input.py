"""Hostile headers, paths and bodies: a clear answer, one stored click at most, nothing else harmed."""
import pytest


def row_of(shop, offer, headers, server="main", query=""):
    return shop.stored(shop.click(offer.path + query, headers=headers, server=server))


@pytest.mark.parametrize("header", ["User-Agent", "Referer", "Cookie", "X-Forwarded-For", "Accept", "X-Any"])
def test_16_kilobytes_in_a_header(shop, edge, offer, header):
    value = "v" * 16384
    assert edge.get(offer.path, headers={header: value}).status == 400  # above NGINX's own limit
    row = row_of(shop, offer, {header: value}, server="large")
    for column in ("user_agent", "referrer_url"):
        assert row[column] is None or row[column] == "v" * 1024


@pytest.mark.parametrize("header,column", [("User-Agent", "user_agent"), ("Referer", "referrer_url")])
def test_text_is_cut_at_a_character(shop, edge, offer, header, column):
    stored = row_of(shop, offer, {header: ("ü" * 2000).encode()}, server="large")[column]
    assert len(stored.encode()) <= 1024
    assert set(stored) == {"ü"} and len(stored) >= 511


INVALID_UTF8 = [b"\xff\xfe", b"\xc3", b"\xc3(", b"\xe2\x82", b"\xed\xa0\x80", b"\xf0\x28\x8c\xbc", b"\xc0\xaf",
                b"\xf4\x90\x80\x80", b"ok\x80ok"]


@pytest.mark.parametrize("raw", INVALID_UTF8, ids=repr)
@pytest.mark.parametrize("header,column", [("User-Agent", "user_agent"), ("Referer", "referrer_url")])
def test_invalid_utf8_is_replaced(shop, edge, offer, raw, header, column):
    stored = row_of(shop, offer, {header: b"before " + raw + b" after"})[column]
    assert stored.startswith("before ") and stored.endswith(" after")
    assert "\ufffd" in stored


@pytest.mark.parametrize("text", [
    '"quoted" \\back\\ /slash/', "tab\tinside", "{\"json\": [1]}", "NULL", "\\N", "a\\nb", "'; DROP TABLE offers; --",
    "日本語 🚀 ü", "\x01\x02\x1f", "\x7f", "%00%0d%0a", "\u2028\u2029",
], ids=ascii)
def test_odd_text_arrives_as_it_was(shop, edge, offer, text):
    row = row_of(shop, offer, {"User-Agent": text.encode(), "Referer": text.encode()})
    assert row["user_agent"] == text and row["referrer_url"] == text


def test_nul_in_a_header_is_refused_by_nginx(edge, offer):
    assert edge.get(offer.path, headers={"User-Agent": b"a\0b"}).status == 400


@pytest.mark.parametrize("value", [
    "%0d%0aSet-Cookie:%20a=b", "%0aX-Evil:%201", "%00", "a%00b", "%ff", "%", "%zz", "a" * 65, "a" * 5000,
    "ü", "a%20b", "%7f", "", "%25%30%64",
], ids=lambda value: repr(value)[:40])
def test_frontend_click_id_is_printable_and_short_or_dropped(shop, edge, offer, value):
    answer = shop.click(f"{offer.path}?c=".encode() + value.encode())
    assert "set-cookie" not in answer.headers and "x-evil" not in answer.headers
    stored = shop.stored(answer)["frontend_click_id"]
    assert stored is None or (len(stored) <= 64 and stored.isascii() and stored.isprintable())


@pytest.mark.parametrize("value", ["abc", "A" * 64, "0190a4c8-5b7e-7c3a-9c3f-2f1e6d5c4b3a", "a.b_c-d~e"])
def test_frontend_click_id_is_kept(shop, edge, offer, value):
    assert row_of(shop, offer, {}, query=f"?c={value}")["frontend_click_id"] == value
    assert row_of(shop, offer, {}, query=f"?x=1&c={value}&y=2")["frontend_click_id"] == value


@pytest.mark.parametrize("query", ["?c", "?c&c", "?&&&", "?=", "?c=a&c=b", "?" + "c=a&" * 500, "?%", "?e=1&s=2&e=3",
                                   "?" + "x" * 6000])
def test_odd_queries(edge, offer, query):
    assert edge.get(offer.path + query).status == 302


def test_crlf_in_a_destination_is_never_sent(shop, edge):
    offer = shop.offer(affiliate_url="https://store.example/?r={user_id}&c={country}")
    answer = edge.get(offer.path, headers={"X-Country": "x%0d%0aX-Evil: 1"})
    assert answer.status == 302 and "x-evil" not in answer.headers
    assert "\r" not in answer.location and "\n" not in answer.location


def test_many_headers(edge, offer):
    headers = [(f"X-Header-{number}", "v" * 20) for number in range(300)]
    assert edge.get(offer.path, headers=headers, server="large").status == 302


def test_a_header_twice(shop, edge, offer):
    row = row_of(shop, offer, [("User-Agent", "first"), ("User-Agent", "second"), ("Referer", "one"), ("Referer", "two")])
    assert row["user_agent"] in ("first", "second")


def test_a_client_that_leaves_before_the_answer(shop, edge, offer):
    for _ in range(50):
        with edge.connect() as connection:
            connection.send(f"GET {offer.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    for _ in range(20):
        with edge.connect() as connection:
            connection.send(b"GET /out/shop/0190a4c8-5b7e-7c3a-9c3f-2f1e6d5c4b3a HTTP/1.1\r\nHost: x\r\n\r\n")
    shop.stored(shop.click(offer.path))


def test_half_a_request(edge, offer):
    with edge.connect() as connection:
        connection.send(b"GET /out/sh")
    with edge.connect() as connection:
        connection.send(f"GET {offer.path} HTTP/1.1\r\nHo".encode())
    assert edge.get(offer.path).status == 302
