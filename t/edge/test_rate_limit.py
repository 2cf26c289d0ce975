"""coupon_rate_limit: exactly n at once, refilled evenly, by client address, shared by workers and edges."""
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.nginx import Server
from harness.waiting import eventually

LIMIT = 30  # the shared edge's "limited" server: 30r/m
TRUSTED_PROXY = "127.9.9.9"


def statuses(edge, offer, source, count, server="limited"):
    with edge.connect(server, source) as connection:
        return [connection.request(offer.path).status for _ in range(count)]


def test_n_pass_and_n_plus_1_does_not(shop, edge, offer, address):
    assert statuses(edge, offer, address, LIMIT) == [302] * LIMIT
    refused = edge.get(offer.path, server="limited", source=address)
    assert refused.status == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60 / LIMIT
    assert "location" not in refused.headers and "x-click-id" not in refused.headers


def test_refills_evenly(edge, offer, address):
    started = time.monotonic()
    assert statuses(edge, offer, address, LIMIT) == [302] * LIMIT
    if time.monotonic() - started < 60 / LIMIT:  # on a very slow machine one was refilled by now
        assert statuses(edge, offer, address, 1) == [429]
    eventually(lambda: statuses(edge, offer, address, 1) == [302], "one more after two seconds")
    assert statuses(edge, offer, address, 1) == [429]


def test_other_addresses_are_not_concerned(edge, offer, address):
    assert statuses(edge, offer, address, LIMIT + 1)[-1] == 429
    assert statuses(edge, offer, "127.66.0.1", 1) == [302]


def test_other_locations_are_not_concerned(edge, offer, address):
    assert statuses(edge, offer, address, LIMIT + 1)[-1] == 429
    assert statuses(edge, offer, address, 5, server="main") == [302] * 5


def test_head_counts_too(edge, offer, address):
    with edge.connect("limited", address) as connection:
        for _ in range(LIMIT):
            assert connection.request(offer.path, "HEAD").status == 302
        assert connection.request(offer.path, "HEAD").status == 429


def test_exactly_n_pass_when_workers_race(edge, offer, address):
    """Connections spread over the workers and hammer one address at the same moment."""
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: statuses(edge, offer, address, 1)[0], range(3 * LIMIT)))
    assert sorted(set(answers)) == [302, 429]
    assert LIMIT <= answers.count(302) <= LIMIT + 1  # one may be refilled meanwhile


def forwarded(edge, offer, client):
    return edge.get(offer.path, {"X-Forwarded-For": client}, server="limited", source=TRUSTED_PROXY)


def test_ipv6_counts_by_its_64(edge, offer):
    for number in range(LIMIT):
        assert forwarded(edge, offer, f"2001:db8:1:2:{number:x}::1").status == 302
    # On a slow machine one or two were refilled meanwhile.
    assert 429 in [forwarded(edge, offer, f"2001:db8:1:2:ffff::{number}").status for number in range(5)]
    assert forwarded(edge, offer, "2001:db8:1:3::1").status == 302


def test_ipv4_counts_by_its_whole_address(edge, offer):
    for number in range(LIMIT + 5):
        assert forwarded(edge, offer, f"198.51.100.{number}").status == 302


def test_a_spoofed_header_does_not_escape_the_limit(edge, offer, address):
    """X-Forwarded-For of an address that is not trusted means nothing."""
    with edge.connect("limited", address) as connection:
        answers = [connection.request(offer.path, headers={"X-Forwarded-For": f"203.0.113.{n}"}).status
                   for n in range(LIMIT + 1)]
    assert answers == [302] * LIMIT + [429]


def test_refused_paths_do_not_use_up_the_limit_of_others(edge, offer, address):
    with edge.connect("limited", address) as connection:
        for _ in range(5):
            assert connection.request("/out/nonsense").status == 400
    assert 302 in statuses(edge, offer, address, 1)


def test_limits_survive_a_reload(new_shop, address):
    shop = new_shop(servers={"main": Server(out="coupon_rate_limit 5r/m;")})
    offer = shop.offer()
    assert statuses(shop.edge, offer, address, 6, "main") == [302] * 5 + [429]
    shop.edge.reload()
    assert statuses(shop.edge, offer, address, 1, "main") == [429]


def test_several_edges_share_one_limit(new_shop, address):
    limit = 60
    servers = lambda: {"main": Server(out=f"coupon_rate_limit {limit}r/m;")}
    shop = new_shop(servers=servers())
    other = shop.add_edge(servers=servers(), settings={"coupon_edge_id": "edge-other"}).start()
    offer = shop.offer()
    assert statuses(shop.edge, offer, address, limit, "main") == [302] * limit

    def shared_count():
        keys = [key for key in shop.redis.keys("ratelimit:redirect:*") if address in key]
        return sum(int(shop.redis.get(key) or 0) for key in keys) >= limit and keys
    for key in eventually(shared_count, "the requests counted in Redis"):
        assert re.fullmatch(rf"ratelimit:redirect:{re.escape(address)}:\d+", key)
        assert 0 < shop.redis.ttl(key) <= 120

    def refused_by_the_other():
        return other.get(offer.path, source=address).status == 429
    # Fewer tries than the limit: only what the first edge served can exhaust it.
    eventually(refused_by_the_other, "the other edge refuses", every_s=0.25, within_s=6)


def test_limit_holds_without_redis(new_shop, address):
    shop = new_shop(gates=True, servers={"main": Server(out="coupon_rate_limit 5r/m;")})
    offer = shop.offer()
    shop.redis_gate.shut()
    assert statuses(shop.edge, offer, address, 6, "main") == [302] * 5 + [429]
    shop.redis_gate.open()


@pytest.mark.parametrize("rate,burst", [("1r/s", 1), ("3r/m", 3), ("200r/m", 200)])
def test_rates(new_shop, address, rate, burst):
    shop = new_shop(servers={"main": Server(out=f"coupon_rate_limit {rate};")}, click_worker=False)
    offer = shop.offer()
    answers = statuses(shop.edge, offer, address, burst + 1, "main")
    assert answers[:burst] == [302] * burst
    if burst < 100:
        assert answers[burst] == 429


def test_a_negative_count_in_redis_is_ignored(new_shop, address):
    limit = 30
    shop = new_shop(servers={"main": Server(out=f"coupon_rate_limit {limit}r/m;")})
    offer = shop.offer()
    minute = int(time.time()) // 60
    keys = [f"ratelimit:redirect:{address}:{number}" for number in range(minute, minute + 3)]
    for key in keys:
        shop.redis.set(key, -1_000_000)
    assert statuses(shop.edge, offer, address, 3, "main") == [302] * 3
    eventually(lambda: any(int(shop.redis.get(key) or 0) > -1_000_000 for key in keys), "the count was told")
    time.sleep(0.5)  # the answer arrives after Redis has counted
    assert statuses(shop.edge, offer, address, 3, "main") == [302] * 3
