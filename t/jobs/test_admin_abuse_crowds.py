"""Many at once: people who guess, programs that do not stop, clients that do not speak."""
import contextlib
import itertools
import time

import pytest
from harness.waiting import eventually

from .admin_shop import OPERATOR, PREFIX, READER, UnixConnection


def attempt(shop, user, address, password="wrong wrong wrong", **options):
    return shop.client(**options).sign_in(user, password, headers={"X-Real-IP": address})


def guess(shop, user, addresses, **options):
    """Wrong passwords until one is not even looked at: how many were, and the answer to the last."""
    for count, address in enumerate(itertools.islice(addresses, 100)):
        answer = attempt(shop, user, address, **options)
        if answer.status != 401:
            assert (answer.status, answer.code) == (429, "too_many")
            assert int(answer.headers["retry-after"]) >= 1
            return count
    raise AssertionError("100 guesses, all of them looked at")


def test_guessing_from_one_address_is_slowed_down(admin_shop):
    looked_at = guess(admin_shop, "olivia", itertools.repeat("198.51.100.7"))
    assert looked_at >= 10
    assert attempt(admin_shop, "olivia", "198.51.100.8", OPERATOR[1]).status == 200
    failures = admin_shop.audit("action = 'admin.sign_in_failed'")
    assert len(failures) == looked_at and failures[0]["details"] == {"address": "198.51.100.7"}


def test_the_right_password_does_not_get_past_the_limit(admin_shop):
    guess(admin_shop, "nobody", itertools.repeat("198.51.100.7"))
    # One may pass by the seconds that went by.
    assert 429 in [attempt(admin_shop, "olivia", "198.51.100.7", OPERATOR[1]).status for _ in range(3)]


def test_an_ipv6_network_is_one_address(admin_shop):
    assert guess(admin_shop, "nobody", (f"2001:db8::{number:x}" for number in itertools.count(1))) >= 10


@pytest.mark.parametrize("name", ["olivia", "nobody"])
def test_guessing_a_name_from_many_addresses_is_slowed_down_known_or_not(admin_shop, name):
    assert guess(admin_shop, name, (f"203.0.113.{number}" for number in itertools.count(1))) >= 20
    assert attempt(admin_shop, READER[0], "203.0.113.200", READER[1]).status == 200


def test_nginx_says_who_asks_and_not_the_visitor(fronted_admin_shop):
    made_up = (f"203.0.113.{number}" for number in itertools.count(1))
    assert guess(fronted_admin_shop, "nobody", made_up, through_nginx=True) >= 10
    assert fronted_admin_shop.audit()[0]["details"] == {"address": "127.0.0.1"}


def test_a_program_that_does_not_stop_is_slowed_down_and_others_are_not(admin_shop):
    robot = admin_shop.client("read-only")

    def refused():
        answer = robot.get("api/v1/session")
        return answer if answer.status == 429 else None
    answer = eventually(refused, "too many", 60, every_s=0)
    assert answer.code == "too_many" and int(answer.headers["retry-after"]) >= 1
    assert admin_shop.client("operator").get("api/v1/session").status == 200


def test_clients_that_do_not_speak_starve_nobody(fronted_admin_shop):
    shop = fronted_admin_shop
    with contextlib.ExitStack() as crowd:
        silent = [crowd.enter_context(UnixConnection(shop.socket)) for _ in range(200)]
        for number, connection in enumerate(silent):
            connection.send([b"", b"GET /admin", b"POST /admin/workers/api/v1/session HTTP/1.1\r\nHost: x\r\n"
                             b"Content-Length: 60000\r\n\r\n{"][number % 3])
        for through_nginx in (False, True):
            assert shop.client(through_nginx=through_nginx).get("").status == 200
        operator = shop.operator(through_nginx=True)
        assert operator.get("api/v1/session").status == 200
        # Beyond what is kept open, the longest silent one goes; who speaks is served.
        more = [crowd.enter_context(UnixConnection(shop.socket)) for _ in range(400)]
        assert more and operator.get("api/v1/session").status == 200
        assert shop.metric("coupon_admin_connections_closed_total", reason="evicted") >= 200
        assert shop.metric("coupon_admin_connections") <= 400


def test_a_client_that_sends_a_byte_a_second_is_cut_off(admin_shop):
    started = time.monotonic()
    with UnixConnection(admin_shop.socket, timeout_s=60) as slow:
        request = f"GET {PREFIX} HTTP/1.1\r\nHost: shop.test\r\nX-Slow: {'x' * 100}\r\n\r\n".encode()
        with contextlib.suppress(OSError):
            for position in range(len(request)):
                slow.send(request[position:position + 1])
                time.sleep(1)
                if time.monotonic() - started > 12:
                    break
        assert slow.read().status == 408
    assert admin_shop.metric("coupon_admin_connections_closed_total", reason="timed_out") == 1


def test_a_client_that_does_not_read_its_answer_holds_nobody_up(admin_shop):
    with contextlib.ExitStack() as crowd:
        for _ in range(20):
            deaf = crowd.enter_context(UnixConnection(admin_shop.socket))
            deaf.send(f"GET {PREFIX}assets/app.js HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode())
        assert admin_shop.operator().get("api/v1/session").status == 200
