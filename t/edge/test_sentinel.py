"""coupon_redis sentinel=…: the master is asked for on every connect, and a replica is left at once."""
import socketserver
import threading

import pytest
from harness.redis_server import Redis
from harness.waiting import eventually


class Sentinel:
    """Answers each question of an edge with the master it is told, as a sentinel does."""

    def __init__(self, name):
        self.master_port = None
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                while question := self.request.recv(4096):
                    assert b"get-master-addr-by-name" in question and name.encode() in question
                    port = str(outer.master_port)
                    self.request.sendall(
                        f"*2\r\n$9\r\n127.0.0.1\r\n${len(port)}\r\n{port}\r\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def sentinel():
    stand_in = Sentinel("shop")
    yield stand_in
    stand_in.close()


@pytest.fixture
def two_servers():
    servers = Redis(), Redis()
    yield servers
    for server in servers:
        server.stop()


def test_follows_the_master(new_shop, sentinel, two_servers):
    former, latter = two_servers
    sentinel.master_port = former.port
    silent = 1  # nothing listens there: the next sentinel of the list is asked
    shop = new_shop(click_worker=False, settings={
        "coupon_redis": f"sentinel=shop 127.0.0.1:{silent} 127.0.0.1:{sentinel.port}"})
    offer = shop.offer()
    shop.click(offer.path)
    eventually(lambda: former.client().llen("queue:clicks") == 1, "the click at the first master")

    # A failover: the first master lives on as a replica, which takes no pushes.
    sentinel.master_port = latter.port
    former.client().replicaof("127.0.0.1", latter.port)
    shop.click(offer.path)
    # The new master is another run: what is not settled goes there again.
    eventually(lambda: latter.client().llen("queue:clicks") == 2, "both clicks at the second master")
    log = shop.edge.log()
    assert "is away, trying on: READONLY" in log
    assert 'Redis master "shop" is connected again' in log
