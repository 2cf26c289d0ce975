"""Paths that are no redirect URL get a clear 400; what NGINX itself cannot read gets NGINX's."""
import pytest

OFFER = "0190a4c8-5b7e-7c3a-9c3f-2f1e6d5c4b3a"
LONGEST = 2**63 - 1

MALFORMED = [
    "/out/", "/out//", "/out/shop", "/out/shop/", f"/out//{OFFER}", f"/out/{OFFER}",
    "/out/shop/not-a-uuid", f"/out/shop/{OFFER[:-1]}", f"/out/shop/{OFFER}0",
    f"/out/shop/{OFFER.replace('-', '')}", f"/out/shop/{{{OFFER}}}",
    f"/out/shop/{OFFER[:-1]}g", f"/out/shop/{OFFER.replace('-', '_')}",
    f"/out/shop/{OFFER}/", f"/out/shop/{OFFER}/0", f"/out/shop/{OFFER}/01", f"/out/shop/{OFFER}/-1",
    f"/out/shop/{OFFER}/+1", f"/out/shop/{OFFER}/1.0", f"/out/shop/{OFFER}/1e3", f"/out/shop/{OFFER}/x",
    f"/out/shop/{OFFER}/{LONGEST + 1}", f"/out/shop/{OFFER}/{2**64}", f"/out/shop/{OFFER}/{'9' * 40}",
    f"/out/shop/{OFFER}/1/", f"/out/shop/{OFFER}/1/2", f"/out/shop/{OFFER}/%20",
    f"/out/{'m' * 65}/{OFFER}", f"/out/{'m' * 4000}/{OFFER}", f"/out/sh.op/{OFFER}",
    f"/out/sh%20op/{OFFER}", f"/out/sh%0d%0aop/{OFFER}", f"/out/%ff%fe/{OFFER}",
    f"/out/sh%C3%A4p/{OFFER}", f"/out/shop%3F/{OFFER}", f"/out/shop/{OFFER}%0d%0aX-Evil:1",
    f"/out/shop/{OFFER}/1%0aSet-Cookie:a", "/out/shop/" + "a" * 3000,
]


@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: path[:60])
def test_malformed_is_400(edge, path):
    answer = edge.get(path)
    assert answer.status == 400
    assert answer.text.strip() == "Invalid redirect URL"
    assert "location" not in answer.headers and "x-evil" not in answer.headers


def test_malformed_path_is_400_even_where_a_fallback_is_set(edge):
    assert edge.get("/out/shop/nonsense", server="fallback").status == 400


@pytest.mark.parametrize("path", [
    f"/out/sh%00op/{OFFER}", f"/out/shop/{OFFER}%00", f"/out/shop/{OFFER}/1%00",
    f"/out/shop/{OFFER}/%", f"/out/shop/{OFFER}/%zz", f"/out/%2/{OFFER}",
    f"/out/../../etc/passwd/{OFFER}",
], ids=lambda path: path[:40])
def test_what_nginx_cannot_read_gets_its_own_400(edge, path):
    answer = edge.get(path)
    assert answer.status == 400
    assert b"<title>400 Bad Request</title>" in answer.body


@pytest.mark.parametrize("raw", [
    b"GET /out/shop/a b HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /out/shop/%s HTTP/9.9\r\nHost: x\r\n\r\n" % OFFER.encode(),
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /out/shop/%s HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" % OFFER.encode(),
    b"GET /out/shop/%s HTTP/1.1\r\n\r\n" % OFFER.encode(),
], ids=["space", "no path", "version", "tls", "two hosts", "no host"])
def test_bad_request_lines(edge, raw):
    with edge.connect() as connection:
        connection.send(raw + b"\r\n")
        answer = connection.read()
    assert answer.status in (400, 404, 505)
    assert "location" not in answer.headers


def test_overlong_uri_is_414(edge):
    assert edge.get("/out/shop/" + "a" * 9000).status == 414


def test_dots_and_double_slashes_are_nginx_normalised(edge, offer):
    """NGINX resolves them before a location is chosen; what then is a good path redirects."""
    assert edge.get(f"/out/./x/../{offer.merchant.slug}//{offer.uuid}").status == 302
    assert edge.get(f"/%6fut/{offer.merchant.slug}/{offer.uuid}").status == 302


def test_a_flood_of_malformed_paths_costs_nothing_else(shop, edge, offer):
    with edge.connect() as connection:
        for path in MALFORMED * 3:
            assert connection.request(path).status == 400
    assert shop.click(offer.path).headers["x-verdict"]
