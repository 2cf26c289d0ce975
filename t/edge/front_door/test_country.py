"""The visitor's country by address, from a database beside NGINX."""
import pytest

from harness.front_door import PROXY

from .conftest import shop_behind

DESTINATION = "https://store.example/buy?sub={subid}&from={country}"


def country(shop, source, **headers):
    """What the destination says."""
    offer = shop.offer(affiliate_url=DESTINATION)
    answer = shop.edge.fetch(offer.path, headers={name.replace("_", "-"): value for name, value in headers.items()}, source=source)
    assert answer.status == 302, answer
    return answer.location.rpartition("&from=")[2]


def test_by_the_address_of_the_peer(front_shop, door):
    assert country(front_shop, "127.78.0.9") == "IN"


def test_by_the_visitor_behind_the_proxy_and_by_nobody_elses_word(front_shop, door, address):
    assert country(front_shop, PROXY, X_Forwarded_For="203.0.113.7") == "BD"
    assert country(front_shop, PROXY, X_Forwarded_For="2001:db8:77::1") == "LK"
    assert country(front_shop, address, X_Forwarded_For="203.0.113.7") == ""


@pytest.mark.parametrize("forwarded", ["198.51.100.1", "2001:db8:99::1", "::1", "not an address", ""])
def test_where_it_is_not_known(front_shop, door, forwarded):
    assert country(front_shop, PROXY, X_Forwarded_For=forwarded) == ""


def test_without_the_file_everything_else_works(postgres, tls_redis, template, authority, fastapis):
    with shop_behind(postgres, tls_redis, template, authority, fastapis, click_worker=False,
                     leave_out=["country.conf"]) as shop:
        assert country(shop, "127.78.0.9") == ""
        assert shop.edge.fetch("/api/whoami").status == 200
