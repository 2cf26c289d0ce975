"""The shop that most behaviour tests share: one NGINX, a server block for each kind of location."""
import pytest

from harness.environment import fresh_directory
from harness.nginx import Server
from harness.shop import Shop

LINK_SECRETS = ("an older secret of links", "a newer secret of links")

# Believes X-Forwarded-For only of 127.9.9.9, so a test chooses by its source address.
REALIP = """
        set_real_ip_from 127.9.9.9;
        real_ip_header X-Forwarded-For;
        real_ip_recursive on;"""


def servers_of(secrets_file):
    return {
        "main": Server(),
        "limited": Server(out="coupon_rate_limit 30r/m;", extra=REALIP),
        "signed": Server(out=f"coupon_link_secret file:{secrets_file};"),
        "fallback": Server(out="coupon_fallback https://shop.test/sorry?from=edge;"),
        "local_fallback": Server(out="coupon_fallback /sorry;"),
        "realip": Server(extra=REALIP),
        "large": Server(extra="large_client_header_buffers 8 64k;"),
    }


@pytest.fixture(scope="session")
def secrets_file():
    path = fresh_directory("secrets") / "links"
    path.write_text("\n".join(LINK_SECRETS) + "\n")
    return path


@pytest.fixture(scope="session")
def shop(postgres, redis_server, template, secrets_file):
    shared = Shop(postgres, redis_server, template, workers=2, servers=servers_of(secrets_file),
                  settings={"coupon_country": "$http_x_country"})
    try:
        shared.edge.start()
        yield shared
    finally:
        shared.close()


@pytest.fixture
def edge(shop):
    """The shared NGINX; what the test makes it log is checked at once, not at the very end."""
    before = len(shop.edge.log())
    yield shop.edge
    shop.edge.assert_clean(after=before)


@pytest.fixture
def offer(shop):
    """A live offer whose destination carries the click id as `sub`."""
    return shop.offer()
