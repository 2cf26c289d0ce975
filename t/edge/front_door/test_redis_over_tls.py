"""The edge reaches Redis through NGINX's own stream proxy, over TLS, and only the Redis it was told to trust."""
import socket

import pytest

from harness.authority import Authority
from harness.shop import ClickWorker
from harness.tls_redis import TlsRedis
from harness.waiting import eventually, stays

from .conftest import shop_behind


@pytest.fixture
def redis(authority):
    server = TlsRedis(authority)
    yield server
    server.stop()


@pytest.fixture
def new_door(postgres, redis, template, authority, fastapis):
    """new_door(…) → context of a shop whose Redis is this test's own; its clicks stay there."""
    def make(server=redis, **options):
        return shop_behind(postgres, server, template, authority, fastapis, click_worker=False, **options)
    return make


SOON = {"worker_shutdown_timeout 30s": "worker_shutdown_timeout 3s"}  # for tests that reload


def follow(shop, offer, count=3):
    for _ in range(count):
        answer = shop.edge.fetch(offer.path)
        assert answer.status == 302 and "store.example" in answer.location, answer


def queued(redis):
    return redis.client().llen("queue:clicks")


def test_clicks_go_through_the_proxy(new_door, redis):
    with new_door() as shop:
        offer = shop.offer()
        follow(shop, offer)
        eventually(lambda: queued(redis) == 3, "the clicks in Redis")
        eventually(lambda: shop.edge.stats()["redis"]["connected"], "the edge says so")
        # Past the proxy nobody is connected but the test itself.
        local = {client["laddr"] for client in redis.client().client_list() if client["cmd"] != "client|list"}
        assert local == {f"127.0.0.1:{redis.tls_port}"}

        worker = ClickWorker(shop.database.url, redis.url(0, shop.edge.port("redis"))).start()
        eventually(lambda: shop.clicks_of(offer) == 3, "the clicks in PostgreSQL", 20)
        worker.stop()


def test_who_takes_all_connections_of_the_port_does_not_take_the_edges(new_door, redis):
    with new_door(changes={"redis_port 512": "redis_port 1"}) as shop:
        offer, address = shop.offer(), ("127.0.0.1", shop.edge.port("redis"))
        with socket.create_connection(address):
            def refused():
                with socket.create_connection(address, 5) as another:
                    another.settimeout(1)
                    try:
                        return another.recv(1) == b""
                    except TimeoutError:
                        return False
            eventually(refused, "no second connection")
            follow(shop, offer)  # two workers of the edge are connected, twice each
            eventually(lambda: queued(redis) == 3, "the clicks in Redis")


def refused_and_then_trusted(shop, redis, trusted, error):
    """Redirects go on and the journal keeps the clicks; with the right authority they arrive."""
    edge = shop.edge
    edge.wait_for_log(error)
    follow(shop, shop.offer())
    stays(lambda: queued(redis) == 0 and not edge.stats()["redis"]["connected"], "no click gets to Redis", 1)
    eventually(lambda: edge.stats()["journal"]["clicks_unsent"] == 3, "the journal has them")
    edge.trusted = trusted
    edge.write_configuration()
    edge.reload()
    eventually(lambda: queued(redis) == 3, "the clicks in Redis", 20)
    eventually(lambda: edge.stats()["journal"]["clicks_unsent"] == 0, "nothing waits")


def test_a_redis_of_another_authority_is_refused(new_door, redis, authority):
    with new_door(trusted=Authority("somebody else"), changes=SOON) as shop:
        refused_and_then_trusted(shop, redis, authority, "upstream SSL certificate verify error")


def test_a_redis_of_another_name_is_refused(new_door, authority):
    other = TlsRedis(authority, "redis.other")
    try:
        with new_door(other) as shop:
            shop.edge.wait_for_log("upstream SSL certificate does not match \"redis.internal\"")
            follow(shop, shop.offer())
            stays(lambda: queued(other) == 0, "no click gets to Redis", 1)
            eventually(lambda: shop.edge.stats()["journal"]["clicks_unsent"] == 3, "the journal has them")
    finally:
        other.stop()


def test_redis_is_away_and_comes_back(new_door, redis):
    with new_door() as shop:
        offer = shop.offer()
        redis.kill()
        follow(shop, offer)
        eventually(lambda: not shop.edge.stats()["redis"]["connected"], "the edge notices")
        before = len(shop.edge.log())
        stays(lambda: not shop.edge.stats()["redis"]["connected"], "it stays away", 3)
        # Neither the edge nor the proxy tries in a tight loop.
        assert shop.edge.log()[before:].count("\n") < 60, shop.edge.log()[before:]
        redis.start()
        eventually(lambda: queued(redis) == 3, "the clicks in Redis", 20)


def test_a_reload_ends_and_loses_nothing(new_door, redis):
    """Old workers are connected to Redis through themselves; worker_shutdown_timeout ends that."""
    with new_door(changes=SOON) as shop:
        edge, offer = shop.edge, shop.offer()
        follow(shop, offer)
        edge.reload()
        follow(shop, offer)
        eventually(lambda: queued(redis) >= 6, "the clicks in Redis")
        eventually(lambda: edge.stats()["journal"]["clicks_unsent"] == 0, "nothing waits")
