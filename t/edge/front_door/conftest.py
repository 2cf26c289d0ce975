"""A shop behind the shipped front door: two FastAPI instances, Redis over TLS, an edge and a click worker."""
import contextlib
import json

import pytest

from conftest import next_address
from harness.authority import Authority
from harness.environment import DEBIANS_NGINX, NGINX
from harness.fastapi_instances import FastApis
from harness.front_door import FrontDoor
from harness.shop import Shop
from harness.tls_redis import TlsRedis
from harness.waiting import eventually


@pytest.fixture(scope="session", autouse=True)
def debians_nginx():
    if NGINX != DEBIANS_NGINX:
        pytest.skip("the modules for streams and countries are those of Debian's NGINX")


@pytest.fixture(scope="session")
def authority():
    return Authority()


@pytest.fixture(scope="session")
def fastapis():
    instances = FastApis()
    yield instances
    instances.close()


@pytest.fixture(scope="session")
def tls_redis(authority):
    server = TlsRedis(authority)
    yield server
    server.stop()


@contextlib.contextmanager
def shop_behind(postgres, redis, template, authority, fastapis, click_worker=True, **options):
    shop = Shop(postgres, redis, template, click_worker=click_worker)
    shop.edge = FrontDoor(shop, authority, [instance.port for instance in fastapis.all], redis.tls_port, **options)
    shop.edges = [shop.edge]
    try:
        shop.edge.start()
        yield shop
    finally:
        shop.close()


@pytest.fixture(scope="session")
def front_shop(postgres, tls_redis, template, authority, fastapis):
    with shop_behind(postgres, tls_redis, template, authority, fastapis) as shop:
        yield shop


@pytest.fixture
def door(front_shop, fastapis):
    """The shared front door; both instances serve before and after the test."""
    door = front_shop.edge
    before = len(door.log())
    yield door
    for instance in fastapis.dead():
        instance.start().wait()
    both_serve(door)
    door.assert_clean(after=before)


def both_serve(door, within_s=20):
    """Waits until each instance is asked again."""
    seen = set()

    def asked():
        answer = door.fetch("/api/whoami", source=next_address())
        if answer.status == 200:
            seen.add(json.loads(answer.body)["instance"])
        return seen == {"one", "two"}
    eventually(asked, "both instances answer", within_s)
