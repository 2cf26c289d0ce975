"""Requests that no browser sends: each is refused clearly, nothing changes, and the others are served."""
import contextlib
import socket

import pytest
from harness.http import Cut

from .admin_shop import AdminClient, AdminShop
from .admin_target import Target


@pytest.fixture(scope="module")
def attacked(postgres, redis_server, template):
    shop = AdminShop(postgres, redis_server, template)
    with contextlib.closing(shop):
        shop.start_admin(front=True)
        yield Target(shop)


@pytest.fixture
def target(attacked):
    yield attacked
    attacked.assert_untouched()


@pytest.fixture(params=["nginx", "socket"])
def place(request, target):
    """Where a request goes: NGINX's port, or past it."""
    return target.shop.front.port if request.param == "nginx" else target.shop.socket


@pytest.mark.parametrize("path", [
    "..", "../", "../../etc/passwd", "assets/../index.html", "assets/..%2findex.html", "assets/%2e%2e/index.html",
    "assets/%2e%2e%2f%2e%2e%2f%2e%2e%2fsql%2f0001_shop_tables.sql", "assets/..%5c..%5cindex.html", "assets//app.js",
    "//assets/app.js", "assets/", "assets", "assets/.", "assets/./app.js", "assets/app.js/", "assets/app.js%00.html",
    "assets/.hidden", "assets/%2fetc%2fpasswd", "assets/%252e%252e/index.html", "index.html", "assets/app.js%20",
    "api/v1/%73ession%2f", "api//v1/session", "api/v1/session/", "API/V1/session", "api/v1;x/session",
    "api/v1/queue/dlq/..%2f..%2f..%2fsession", "%", "%zz", "assets/%c0%ae%c0%ae/index.html"])
def test_no_path_leads_elsewhere(target, place, path):
    robot = AdminClient(place, target.shop.token("operator"))
    try:
        answer = robot.get(path)
    except Cut:
        raise AssertionError("cut off without an answer") from None
    # NGINX takes the dots out of a path before it chooses a location: what is left is not ours, or is the plain path.
    assert answer.status in (400, 404) or (answer.status in (200, 301) and place != target.shop.socket), answer
    assert b"root:" not in answer.body and b"CREATE TABLE" not in answer.body


@pytest.mark.parametrize("path", ["api/v1/" + "x" * 5000, "metrics?q=" + "x" * 5000, "metrics?" + "&".join(f"p{number}=1" for number in range(100))],
                         ids=["path", "query", "parameters"])
def test_paths_without_measure_are_refused(target, place, path):
    robot = AdminClient(place, target.shop.token("operator"))
    answer = robot.get(path)
    assert answer.status in (400, 414), answer


@pytest.mark.parametrize("value", ["%00", "%ff%fe", "%", "%f0%28%8c%28"])
def test_parameters_that_are_no_text_are_refused(target, place, value):
    robot = AdminClient(place, target.shop.token("operator"))
    assert robot.get(f"api/v1/webhooks?q={value}").code == "bad_request"
    assert robot.get(f"api/v1/queue/dlq/{value}").status in (400, 404)  # 400: NGINX's own


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "PROPFIND", "GETX", "post"])
def test_other_methods_are_refused(target, place, method):
    robot = AdminClient(place, target.shop.token("operator"))
    for path, allowed in (("api/v1/queue/dlq/email/retry", "POST"), ("metrics", "GET"), ("", "GET"),
                          ("api/v1/session", "DELETE, GET, POST")):
        answer = robot.request(method, path, {"all": True, "confirm": 1, "reason": "abuse"})
        if answer.status == 405 and answer.body.startswith(b"{"):
            assert answer.code == "method_not_allowed" and allowed in answer.headers["allow"]
        else:  # NGINX's own
            assert place != target.shop.socket and answer.status in (400, 405)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_methods_of_proxies_are_refused(target, place, method):
    answer = AdminClient(place, target.shop.token("operator")).request(method, "metrics")
    assert answer.status in (400, 405)
    assert b"Bearer" not in answer.body


def test_a_header_changes_no_method(target, place):
    reader = AdminClient(place, target.shop.token("read-only"))
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        assert reader.get("api/v1/queue/stats", headers={name: "DELETE"}).status == 200
    robot = AdminClient(place, target.shop.token("operator"))
    assert robot.request("GET", "api/v1/queue/dlq/email/retry", headers={"X-HTTP-Method-Override": "POST"}).status == 404


def test_heads_without_measure_are_refused(target, place):
    client = AdminClient(place)
    many = {f"X-Flood-{number}": "1" for number in range(200)}
    assert client.get("metrics", headers=many).status in (400, 431)
    assert client.get("metrics", headers={"X-Long": "x" * 20_000}).status in (400, 431)
    assert client.get("metrics", headers={"Cookie": "coupon_admin=" + "x" * 6000}).status in (400, 401)


@pytest.mark.parametrize("framing", [
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"Content-Length: -1\r\n\r\n",
    b"Content-Length: 0x10\r\n\r\n", b" folded: 1\r\n\r\n", b"A: b\nC: d\r\n\r\n", b"A: b\x00c\r\n\r\n",
    b"no colon at all\r\n\r\n", b"Host: evil.test\r\n\r\n", b"Cookie: a=1\r\nCookie: b=2\r\n\r\n"])
def test_requests_of_two_readings_are_refused_at_the_socket(target, framing):
    direct = AdminClient(target.shop.socket)
    answer = direct.send(b"POST /admin/workers/api/v1/session HTTP/1.1\r\nHost: shop.test\r\n" + framing)
    assert (answer.status, answer.code) == (400, "bad_request")


@pytest.mark.parametrize("raw", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                                 b"\r\n\r\n", b"GET\r\n\r\n", b"\x00" * 9 + b"\r\n\r\n"],
                         ids=["TLS", "version", "empty", "word", "NUL"])
def test_noise_at_the_socket_is_refused(target, raw):
    assert AdminClient(target.shop.socket).send(raw).status == 400


def test_who_leaves_before_the_answer_disturbs_nobody(target):
    for _ in range(50):
        with socket.socket(socket.AF_UNIX) as hasty:
            hasty.connect(str(target.shop.socket))
            hasty.sendall(b"GET /admin/workers/ HTTP/1.1\r\nHost: shop.test\r\n\r\n")


def test_a_body_of_10_mb_is_refused_before_it_is_read(target, place):
    robot = AdminClient(place, target.shop.token("operator"))
    answer = robot.post("api/v1/queue/dlq/email/retry", b"[" * 10_000_000)
    assert answer.status == 413
    assert robot.post("api/v1/queue/dlq/email/retry", b"[" * 65_000).code == "bad_request"
