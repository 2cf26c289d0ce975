"""api/v1/events: live for those who are let in, for as long as they are."""
import contextlib
import json

import pytest
from harness.waiting import eventually

from .admin_shop import PREFIX, UnixConnection

LISTENERS_MAX = 64


class Listener:
    """An open stream of events. `headers`: what lets it in."""

    def __init__(self, client, headers=None):
        self.connection = client.connect()
        sent = {"Host": "shop.test"} | client.headers | (headers or {})
        if client.cookie:
            sent["Cookie"] = f"coupon_admin={client.cookie}"
        lines = [f"GET {PREFIX}api/v1/events HTTP/1.1"] + [f"{name}: {value}" for name, value in sent.items()]
        self.connection.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        self.head = self.connection._until(b"\r\n\r\n").decode()
        self.status = int(self.head.split()[1])
        self.chunked = "chunked" in self.head

    def events(self, count):
        """The next events, name and data."""
        text = b""
        while text.count(b"\n\n") < count:
            if self.chunked:
                size = int(self.connection._until(b"\r\n"), 16)
                assert size, "the stream ended"
                text += self.connection._exactly(size)
                self.connection._exactly(2)
            else:
                text += self.connection._until(b"\n\n") + b"\n\n"
        found = {}
        for block in text.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if line and line[0] != ":")
            if fields:
                found[fields["event"]] = json.loads(fields["data"])
        return found

    def ends(self):
        """Reads to the end; NGINX says it with the last chunk and keeps the connection."""
        last = b"0\r\n\r\n" if self.chunked else None
        while not (last and self.connection._buffer.endswith(last)) and self.connection._receive():
            pass
        return True

    def close(self):
        self.connection.close()


@pytest.mark.parametrize("through_nginx", [True, False])
def test_the_state_comes_at_once_and_again_when_it_changes(fronted_admin_shop, through_nginx):
    shop = fronted_admin_shop
    with contextlib.closing(Listener(shop.reader(through_nginx=through_nginx))) as listener:
        assert listener.status == 200 and "text/event-stream" in listener.head
        assert {"workers", "queues"} <= listener.events(4).keys()
        shop.redis.rpush("queue:email", "{}")

        def email():
            queues = listener.events(1).get("queues", {"queues": []})["queues"]
            return [queue for queue in queues if queue["name"] == "email" and queue["depth"] == 1]
        eventually(email, "the change is told", 20)


def test_nobody_listens_without_a_session(admin_shop):
    listener = Listener(admin_shop.client())
    assert listener.status == 401


def test_signing_out_ends_the_stream(fronted_admin_shop):
    reader = fronted_admin_shop.reader(through_nginx=True)
    listener = Listener(reader)
    assert reader.delete("api/v1/session").status == 204
    assert listener.ends()


def test_a_token_that_is_taken_away_ends_the_stream(admin_shop):
    listener = Listener(admin_shop.client("read-only"))
    assert listener.status == 200
    admin_shop.tokens.write_text("")
    assert listener.ends()


def test_sigterm_ends_the_streams(admin_shop):
    listener = Listener(admin_shop.client("read-only"))
    assert listener.status == 200
    assert admin_shop.workers[0].stop() == 0
    assert listener.ends()


def test_64_may_listen_and_requests_go_on(fronted_admin_shop):
    shop = fronted_admin_shop
    robot = shop.client("read-only", through_nginx=True)
    with contextlib.ExitStack() as open_streams:
        listeners = [open_streams.enter_context(contextlib.closing(Listener(robot))) for _ in range(LISTENERS_MAX)]
        assert {listener.status for listener in listeners} == {200}
        assert shop.metric("coupon_admin_listeners") == LISTENERS_MAX
        assert Listener(robot).status == 429
        operator = shop.operator(through_nginx=True)
        assert all(operator.get("api/v1/session").status == 200 for _ in range(20))
        assert "queues" in listeners[-1].events(4)
    # Seldom: this principal's requests are limited, too.
    eventually(lambda: shop.metric("coupon_admin_listeners") == 0, "all have left", 20, every_s=0.5)
    assert Listener(robot).status == 200


def test_a_listener_that_does_not_read_is_no_burden(admin_shop):
    with UnixConnection(admin_shop.socket) as deaf:
        token = admin_shop.token("read-only")
        deaf.send(f"GET {PREFIX}api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        with contextlib.closing(Listener(admin_shop.client("operator"))) as listener:
            assert "workers" in listener.events(4)
