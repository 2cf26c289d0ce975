"""Security headers on every kind of answer, the limits, and what the log says of them."""
import json
import re
import time

import pytest

from harness.front_door import ADMITAD_TOKEN, PROXY
from harness.waiting import eventually

UNKNOWN = "/out/shop/00000000-0000-4000-8000-000000000000"
SECURITY = {"strict-transport-security": "max-age=31536000", "x-content-type-options": "nosniff",
            "x-frame-options": "SAMEORIGIN", "referrer-policy": "strict-origin-when-cross-origin"}
LIMIT = 100


def assert_secured(answer, **own):
    """Each header once, with its value."""
    for name, value in (SECURITY | {name.replace("_", "-"): value for name, value in own.items()}).items():
        assert [said for key, said in answer.pairs if key.lower() == name] == [value], (name, answer)


ANSWERS = {
    "page": ("GET", "/", 200), "page that is not there": ("GET", "/nothing", 404),
    "redirect to the fallback": ("GET", UNKNOWN, 302), "malformed link": ("GET", "/out/nonsense", 400),
    "method of a link": ("POST", UNKNOWN, 405), "health": ("GET", "/health", 200),
    "FastAPI": ("GET", "/api/whoami", 200), "FastAPI's 404": ("GET", "/api/nothing", 404),
    "FastAPI's 503": ("GET", "/api/failing", 503), "FastAPI's 405": ("PUT", "/api/whoami", 405),
    "dashboard away": ("GET", "/admin/workers/", 502), "internal": ("POST", "/internal/x", 404),
    "webhook without signature": ("POST", "/webhooks/razorpay", 400), "method of a webhook": ("GET", "/webhooks/razorpay", 405),
    "unknown webhook": ("POST", "/webhooks/unknown", 404),
}


@pytest.mark.parametrize("method,path,status", ANSWERS.values(), ids=ANSWERS.keys())
def test_every_answer_has_them(door, address, method, path, status):
    answer = door.fetch(path, method, source=address)
    assert answer.status == status, answer
    assert_secured(answer)
    assert answer.headers["server"] == "nginx"


def test_a_redirect_keeps_its_own(front_shop, door, address):
    answer = door.fetch(front_shop.offer().path, source=address)
    assert answer.status == 302
    assert_secured(answer, cache_control="no-cache, no-store, must-revalidate", content_length="0")
    assert answer.location.startswith("https://store.example/buy?sub=")


def test_what_fastapi_says_itself_counts(door, address):
    assert_secured(door.fetch("/api/own-headers", source=address), x_frame_options="DENY", referrer_policy="no-referrer")


def test_a_request_that_is_refused_before_any_location(door):
    for request, status in ((b"GET /%00 HTTP/1.1\r\nHost: shop.example\r\n\r\n", 400),
                            (b"GET / HTTP/1.1\r\nHost: shop.example\r\nX: " + b"x" * 40000 + b"\r\n\r\n", 400)):
        with door.tls() as connection:
            connection.send(request)
            answer = connection.read()
        assert answer.status == status
        assert_secured(answer)


def problem(answer, status):
    """NGINX's own answer below /api/."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/json"
    assert_secured(answer)
    return json.loads(answer.body)["detail"]


def test_a_body_that_is_too_large(door, address):
    with door.tls(address) as connection:
        connection.send(b"POST /api/upload HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 11000000\r\n\r\n")
        answer = connection.read()
    assert problem(answer, 413) == "The request is too large."
    assert "retry-after" not in answer.headers


# --- 100 a minute

def assert_limited(connection, path="/api/nothing", passes=404, headers=lambda number: {}):
    """100 pass at once and what was refilled meanwhile, neither less nor more; the answer to the next one. (What is
    not there is answered fast: little is refilled.)"""
    asked = started = time.monotonic()
    for number in range(3 * LIMIT):
        asked = time.monotonic()
        answer = connection.request(path, headers=headers(number))
        if number == 0:
            first = time.monotonic()
        if answer.status == 429:
            break
        assert answer.status == passes, answer
    # Between the first and the last one passed at least the time from answer to question, at most from question to answer.
    least, most = ((to - since) * LIMIT / 60 for to, since in ((asked, first), (time.monotonic(), started)))
    # NGINX rounds what it refills down to a thousandth, at each request.
    assert LIMIT <= number and LIMIT - 1 + least - 0.2 < number <= LIMIT + most
    return answer


def test_100_at_once_and_then_evenly(door, address):
    with door.tls(address) as connection:
        refused = assert_limited(connection)
        assert problem(refused, 429) == "Too many requests: 100 a minute, evenly. Try again in a second."
        assert refused.headers["retry-after"] == "1"
        eventually(lambda: connection.request("/api/whoami").status == 200, "one more within a second", 2)
    assert door.fetch("/", source=address).status == 200
    assert door.fetch("/out/nonsense", source=address).status == 400
    assert door.fetch("/api/whoami", source=f"127.80.0.{address.rpartition('.')[2]}").status == 200


def test_what_a_visitor_claims_is_no_other_address(door, address):
    with door.tls(address) as connection:
        assert_limited(connection, headers=lambda n: {"X-Forwarded-For": f"203.0.113.{n % 250}"})


def test_behind_the_proxy_each_visitor_counts_and_ipv6_by_its_64(door):
    with door.tls(PROXY) as connection:
        assert_limited(connection, headers=lambda n: {"X-Forwarded-For": f"2001:db8:5:6:{n:x}::{n:x}"})
        assert connection.request("/api/whoami", headers={"X-Forwarded-For": "2001:db8:5:7::1"}).status == 200
        for number in range(120):
            assert connection.request("/", headers={"X-Forwarded-For": f"198.51.100.{number}"}).status == 200


def test_links_have_a_limit_of_their_own(door, address):
    with door.tls(address) as connection:
        refused = assert_limited(connection, UNKNOWN, passes=302)
    assert "retry-after" in refused.headers
    assert_secured(refused)
    assert door.fetch("/api/whoami", source=address).status == 200


# --- connections

def waiting_bodies(door, address, path, count):
    """Connections that each announced a body and do not send it."""
    connections = [door.tls(address) for _ in range(count)]
    for connection in connections:
        connection.send(f"POST {path} HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 9\r\n\r\n".encode())
    return connections


@pytest.mark.parametrize("path,asked,most", [(f"/webhooks/admitad/{ADMITAD_TOKEN}", f"/webhooks/admitad/{ADMITAD_TOKEN}", 32),
                                             ("/admin/workers/x", "/", 128), ("/admin/workers/x", "/webhooks/razorpay", 128)],
                         ids=["webhooks", "requests", "requests and then webhooks"])
def test_an_address_may_have_so_many_under_way(door, address, path, asked, most):
    before = len(door.log())
    held = waiting_bodies(door, address, path, most - 1)
    try:
        assert door.fetch(asked, source=address).status != 429
        held += waiting_bodies(door, address, path, 1)
        refused = eventually(lambda: (answer := door.fetch(asked, source=address)).status == 429 and answer, "429", 4)
        assert_secured(refused)
        assert door.fetch(asked, source=f"127.80.1.{address.rpartition('.')[2]}").status != 429
    finally:
        for connection in held:
            connection.close()
    assert ADMITAD_TOKEN not in door.log()[before:]


def test_webhooks_of_an_ipv6_64_are_those_of_one_visitor(door):
    def head(number):
        return (f"POST /webhooks/razorpay HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 2001:db8:9:9:{number:x}::1\r\n"
                "Content-Length: 9\r\n\r\n").encode()

    def refused(network):
        headers = {"X-Forwarded-For": f"2001:db8:9:{network}:ffff::1"}
        return door.fetch("/webhooks/razorpay", "POST", headers, PROXY, b"{}").status == 429
    held = [door.tls(PROXY) for _ in range(32)]
    try:
        for number, connection in enumerate(held):
            connection.send(head(number))
        eventually(lambda: refused(9), "429", 4)
        assert not refused(8)
    finally:
        for connection in held:
            connection.close()


@pytest.mark.parametrize("provider,fits,too_large", [("razorpay", 256, 257), ("phonepe", 64, 65), ("cashfree", 64, 65),
                                                     (f"admitad/{ADMITAD_TOKEN}", 16, 17)])
def test_a_webhook_may_be_as_large_as_its_provider_sends(door, address, provider, fits, too_large):
    """In KB. The last byte is not sent: what is too large is refused by what its head says."""
    for size, refused in ((too_large, True), (fits, False)):
        with door.tls(address, timeout_s=1) as connection:
            connection.send(f"POST /webhooks/{provider} HTTP/1.1\r\nHost: shop.example\r\nContent-Length: {size * 1024}\r\n"
                            "\r\n".encode())
            if refused:
                assert connection.read().status == 413
            else:
                with pytest.raises(TimeoutError):  # it waits for the body
                    connection.read()


def test_slow_visitors_are_left(door, address):
    """5 s for the next part of a webhook's body, 10 s for a request's head."""
    body, = waiting_bodies(door, address, "/webhooks/razorpay", 1)
    head = door.tls(address, timeout_s=30)
    head.send(b"GET / HTTP/1.1\r\nHost: shop")
    with body, head:
        assert body.at_end() and head.at_end()


# --- the log

def test_every_line_is_json_and_holds_no_token(door, address):
    before = door.access_log.stat().st_size if door.access_log.exists() else 0
    token = "token-that-nobody-knows"
    requests = [("GET", f"/webhooks/admitad/{ADMITAD_TOKEN}?subid4=x&admitad_id=1&payment_status=approved&payment_sum=1"),
                ("GET", f"/webhooks/admitad/{token}?s=1"), ("DELETE", f"/webhooks/admitad/{ADMITAD_TOKEN}"),
                ("GET", f"/webhooks/unknown/{token}"), ("GET", UNKNOWN + "/7?e=1&s=signature-of-a-link"),
                ("GET", f"/webhooks/{token}"), ("GET", f"/webhooks/{token}/x"), ("GET", f"/webhooks/razorpay/{token}"),
                ("GET", "/webhooks/razorpay"), ("GET", "/api/whoami?password=of-a-visitor")]
    for method, path in requests:
        door.fetch(path, method, source=address)

    def lines():
        text = door.access_log.read_bytes()[before:]
        found = [json.loads(line) for line in text.splitlines()]
        mine = [line for line in found if line["remote"] == address]
        return len(mine) >= len(requests) and (mine, text)
    mine, text = eventually(lines, "the lines")
    assert sorted(line["path"] for line in mine) == sorted([
        "/api/whoami", UNKNOWN + "/7", "/webhooks/admitad/***", "/webhooks/admitad/***", "/webhooks/admitad/***",
        "/webhooks/***", "/webhooks/***", "/webhooks/***", "/webhooks/razorpay", "/webhooks/razorpay/***"])
    assert [line["verdict"] for line in mine if line["path"].startswith("/out/")] == ["fallback"]
    for secret in (ADMITAD_TOKEN, token, "signature-of-a-link", "of-a-visitor"):
        assert secret.encode() not in text
    assert not re.search(rf"{ADMITAD_TOKEN}|{token}|signature-of-a-link", door.log())


def test_what_is_refused_writes_no_secret_to_the_error_log(door, address):
    """A token of a provider that is not taken, in a request too large; the query of one above a limit."""
    before = len(door.log())
    for path in (f"/webhooks/msg91/{ADMITAD_TOKEN}", f"/webhooks/{ADMITAD_TOKEN}"):
        with door.tls(address) as connection:
            connection.send(f"POST {path} HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 90000000\r\n\r\n".encode())
            assert connection.read().status == 404
    with door.tls(address) as connection:
        eventually(lambda: connection.request("/api/nothing?password=of-a-visitor").status == 429, "the limit", 20)
    held = waiting_bodies(door, address, "/admin/workers/x?password=of-a-visitor", 128)
    try:
        eventually(lambda: door.fetch("/?password=of-a-visitor", source=address).status == 429, "429", 4)
    finally:
        for connection in held:
            connection.close()
    assert not re.search(rf"{ADMITAD_TOKEN}|of-a-visitor", door.log()[before:])
