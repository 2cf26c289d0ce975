"""Bodies: slow, large, chunked, empty, over HTTP/1.0 and HTTP/2; held in memory and within bounds."""
import base64
import json
import re
import shutil
import subprocess
import time

import pytest

from harness import webhooks
from harness.nginx import Server
from harness.waiting import eventually

BODY_MAX = 128 * 1024


@pytest.fixture(scope="module")
def secrets():
    return webhooks.secret_files()


@pytest.fixture
def shop(new_shop, secrets):
    server = Server(extra=webhooks.locations(secrets))
    return new_shop(click_worker=False, servers={"main": server})


def newest_body(shop, count=1):
    eventually(lambda: shop.redis.llen("queue:webhooks") == count, f"{count} records")
    return base64.b64decode(json.loads(shop.redis.lindex("queue:webhooks", -1)).get("body", ""))


def outcomes(shop):
    return shop.edge.stats()["webhooks"]["providers"]["razorpay"]


def chunked(webhook, size):
    head, _, body = webhook.raw().partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + size]), body[at:at + size]) for at in range(0, len(body), size))
    return head + b"\r\n\r\n" + chunks + b"0\r\n\r\n"


def test_a_body_that_trickles_in_is_given_up(shop):
    """Its bytes of the budget are free again, whatever pauses client_body_timeout allows."""
    raw = webhooks.razorpay(b"0123456789" * 100).raw()
    with shop.edge.connect() as connection:
        connection.send(raw[:-3])
        for byte in raw[-3:-1]:
            time.sleep(5.2)
            connection.send(bytes([byte]))
        assert connection.read().status == 503
    eventually(lambda: shop.edge.stats()["webhooks"]["body_bytes"] == 0, "its bytes are given back")
    assert shop.redis.llen("queue:webhooks") == 0 and outcomes(shop)["too_many_bytes"] == 1


@pytest.mark.parametrize("size", [1, 100, BODY_MAX])
def test_chunked(shop, size):
    body = b"0123456789" * 100
    with shop.edge.connect() as connection:
        for count in (1, 2):
            connection.send(chunked(webhooks.razorpay(body), size))
            assert connection.read().status == 200
            assert newest_body(shop, count) == body


@pytest.mark.parametrize("length", [0, 1, 1000, 16 * 1024, 16 * 1024 + 1, BODY_MAX])
def test_lengths(shop, length):
    body = (b"abcdefghijklmnopqrstuvwxyz012345" * (BODY_MAX // 32))[:length]
    assert webhooks.razorpay(body).send(shop.edge.port()).status == 200
    assert newest_body(shop) == body
    assert not list((shop.edge.directory / "tmp").glob("**/*")), "no body went to a file"


def test_pieces(shop):
    """A body that comes slowly, cut anywhere."""
    raw = webhooks.razorpay(b"0123456789" * 3000).raw()
    with shop.edge.connect() as connection:
        for at in range(0, len(raw), 1777):
            connection.send(raw[at:at + 1777])
            time.sleep(0.005)
        assert connection.read().status == 200
    assert newest_body(shop) == b"0123456789" * 3000


def test_pipelined(shop):
    with shop.edge.connect() as connection:
        connection.send(b"".join(webhooks.razorpay().raw() for _ in range(5)))
        assert [connection.read().status for _ in range(5)] == [200] * 5
    newest_body(shop, 5)


def test_http_1_0(shop):
    with shop.edge.connect() as connection:
        connection.send(webhooks.razorpay(b"{}").raw(version="1.0"))
        assert connection.read().status == 200
        assert connection.at_end()
    assert newest_body(shop) == b"{}"


def test_expect_100_continue(shop):
    head, _, body = webhooks.razorpay(b"{}").with_headers(Expect="100-continue").raw().partition(b"\r\n\r\n")
    with shop.edge.connect() as connection:
        connection.send(head + b"\r\n\r\n")
        assert connection.read("HEAD").status == 100
        connection.send(body)
        assert connection.read().status == 200
    assert newest_body(shop) == b"{}"


def test_http_2(new_shop, secrets):
    if shutil.which("curl") is None or "HTTP2" not in subprocess.run(["curl", "-V"], capture_output=True, text=True).stdout:
        pytest.skip("curl with HTTP/2 is not installed")

    class Http2(Server):
        def text(self):
            return super().text().replace(f"listen 127.0.0.1:{self.port};", f"listen 127.0.0.1:{self.port} http2;")
    plain = Server()
    shop = new_shop(click_worker=False, servers={"main": plain, "two": Http2(extra=webhooks.locations(secrets))})

    def post(webhook, *more):
        headers = [word for name, value in webhook.headers.items() for word in ("-H", f"{name}: {value}")]
        run = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-w", "%{http_code}", "-X", webhook.method, *headers,
                              *more, "--data-binary", "@-", f"http://127.0.0.1:{shop.edge.port('two')}{webhook.path}"],
                             input=webhook.body, capture_output=True)
        return run.stdout[-3:].decode() or run.stderr.decode()
    bodies = [b"{}", b"0123456789" * 10_000]
    for count, body in enumerate(bodies, 1):
        assert post(webhooks.razorpay(body)) == "200"
        assert newest_body(shop, count) == body
    assert post(webhooks.razorpay(b"ok").with_headers(Content_Length=None), "-H", "Transfer-Encoding: chunked") == "200"
    post(webhooks.razorpay(b"x" * (BODY_MAX + 1)))  # curl may miss an answer that comes before its last byte
    assert json.loads(shop.edge.get("/stats", server="main").body)["webhooks"]["providers"]["razorpay"]["too_large"] == 1
    assert post(webhooks.razorpay(secret="a wrong secret of some length")) == "401"


def test_too_large_by_its_length(shop):
    webhook = webhooks.razorpay(b"x" * (BODY_MAX + 1))
    assert webhook.send(shop.edge.port()).status == 413
    assert outcomes(shop)["too_large"] == 1


def test_too_large_in_chunks(shop):
    raw = chunked(webhooks.razorpay(b"x" * (BODY_MAX + 1)), 5000)
    with shop.edge.connect() as connection:
        connection.send(raw)
        assert connection.read().status == 413
    assert outcomes(shop)["too_large"] == 1
    assert shop.redis.llen("queue:webhooks") == 0


def test_the_journal_holds_the_largest_body_in_one_segment(new_shop, secrets):
    """Also with large headers and query beside it: 413 rather than a 503 that never ends."""
    shop = new_shop(click_worker=False, start=False,
                    servers={"main": Server(extra=webhooks.locations(secrets).replace("128k", "33780"))})
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=16m segment=64k webhooks=1m"
    shop.edge.start()
    body = b"\xff" * 33780
    assert webhooks.razorpay(body).send(shop.edge.port()).status == 200
    assert newest_body(shop) == body
    wide = webhooks.razorpay(body).with_headers(User_Agent="\xff" * 4000,
                                                X_Razorpay_Event_Id="\xff" * 4000)
    assert wide.send(shop.edge.port()).status in (200, 413)


def test_bytes_in_memory_are_bounded(new_shop, secrets):
    """64 MB of unfinished bodies: the next is told to come again, and what was held comes back."""
    shop = new_shop(click_worker=False, start=False,
                    servers={"main": Server(extra=webhooks.locations(secrets).replace("128k", "5m"))})
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=64m segment=8m webhooks=64m"
    shop.edge.start()
    whole = webhooks.razorpay(b"x" * 5_000_000).raw()
    held = []
    try:
        for _ in range(16):
            connection = shop.edge.connect()
            connection.send(whole[:4_000_000])
            held.append(connection)
        eventually(lambda: shop.edge.stats()["webhooks"]["body_bytes"] > 63_000_000, "the bodies are held")
        with shop.edge.connect() as connection:
            connection.send(whole)
            answer = connection.read()
        assert answer.status == 503 and answer.headers["retry-after"] == "1"
        assert outcomes(shop)["too_many_bytes"] == 1
        assert webhooks.razorpay(b"{}").send(shop.edge.port()).status == 200, "small ones still pass"
    finally:
        for connection in held:
            connection.close()
    eventually(lambda: shop.edge.stats()["webhooks"]["body_bytes"] == 0, "the bound is free again")
    with shop.edge.connect() as connection:
        connection.send(whole)
        assert connection.read().status == 200


def test_a_record_above_8_mb_reaches_redis(new_shop, secrets):
    shop = new_shop(click_worker=False, start=False,
                    servers={"main": Server(extra=webhooks.locations(secrets).replace("128k", "10m"))})
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=64m segment=16m webhooks=64m"
    shop.edge.start()
    body = bytes(range(256)) * 40_000
    assert webhooks.razorpay(body).send(shop.edge.port()).status == 200
    assert webhooks.razorpay(b"{}").send(shop.edge.port()).status == 200
    eventually(lambda: shop.redis.llen("queue:webhooks") == 2, "both records", 15)
    assert base64.b64decode(json.loads(shop.redis.lindex("queue:webhooks", 0))["body"]) == body
