"""Who the client is: NGINX's realip decides, and nobody can claim another address."""

TRUSTED_PROXY = "127.9.9.9"


def stored_address(shop, offer, headers, source, server):
    answer = shop.click(offer.path, headers=headers, source=source, server=server)
    return shop.stored(answer)["ip_address"]


def test_the_peer_is_the_client(shop, edge, offer, address):
    assert stored_address(shop, offer, {}, address, "main") == address


def test_headers_of_an_untrusted_address_are_not_believed(shop, edge, offer, address):
    claims = {"X-Forwarded-For": "203.0.113.1", "X-Real-IP": "203.0.113.2", "Forwarded": "for=203.0.113.3",
              "True-Client-IP": "203.0.113.4", "CF-Connecting-IP": "203.0.113.5"}
    assert stored_address(shop, offer, claims, address, "main") == address
    assert stored_address(shop, offer, claims, address, "realip") == address


def test_a_trusted_proxy_is_believed(shop, edge, offer):
    assert stored_address(shop, offer, {"X-Forwarded-For": "203.0.113.7"}, TRUSTED_PROXY,
                          "realip") == "203.0.113.7"


def test_only_the_part_the_proxy_added_is_believed(shop, edge, offer):
    assert stored_address(shop, offer, {"X-Forwarded-For": "1.1.1.1, 203.0.113.8"}, TRUSTED_PROXY,
                          "realip") == "203.0.113.8"


def test_ipv6_client(shop, edge, offer):
    assert stored_address(shop, offer, {"X-Forwarded-For": "2001:db8::7"}, TRUSTED_PROXY,
                          "realip") == "2001:db8::7"


def test_nonsense_from_a_trusted_proxy(shop, edge, offer):
    for claim in ("nonsense", "999.1.1.1", "203.0.113.9; DROP TABLE", "", "x" * 3000):
        assert stored_address(shop, offer, {"X-Forwarded-For": claim}, TRUSTED_PROXY,
                              "realip") == TRUSTED_PROXY
