"""Many at once: people who guess, programs that do not stop, clients that do not speak."""
import contextlib
import time

from harness.waiting import eventually

from .admin_shop import OPERATOR, READER, PREFIX, UnixConnection


def tries(shop, count, user, address, password="wrong wrong wrong"):
    return [shop.client().sign_in(user, password, headers={"X-Real-IP": address}) for _ in range(count)]


def test_guessing_from_one_address_is_slowed_down(admin_shop):
    answers = tries(admin_shop, 12, "olivia", "198.51.100.7")
    assert [answer.status for answer in answers[:10]] == [401] * 10
    assert (answers[-1].status, answers[-1].code) == (429, "too_many")
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert tries(admin_shop, 1, *OPERATOR[:1], "198.51.100.7", OPERATOR[1])[0].status == 429
    assert tries(admin_shop, 1, "olivia", "198.51.100.8", OPERATOR[1])[0].status == 200
    failures = admin_shop.audit("action = 'admin.sign_in_failed'")
    assert len(failures) == 10 and failures[0]["details"] == {"address": "198.51.100.7"}


def test_an_ipv6_network_is_one_address(admin_shop):
    answers = [tries(admin_shop, 1, "nobody", f"2001:db8::{number:x}")[0] for number in range(12)]
    assert answers[-1].status == 429


def test_guessing_one_name_from_many_addresses_is_slowed_down_for_known_and_unknown_alike(admin_shop):
    for name in ("olivia", "nobody"):
        statuses = [tries(admin_shop, 1, name, f"203.0.113.{number}")[0].status for number in range(23)]
        assert statuses[:20] == [401] * 20 and statuses[-1] == 429
    assert tries(admin_shop, 1, *READER[:1], "203.0.113.99", READER[1])[0].status == 200


def test_nginx_says_who_asks_and_not_the_visitor(fronted_admin_shop):
    made_up = [fronted_admin_shop.client(through_nginx=True).sign_in(
        "nobody", "wrong wrong wrong", headers={"X-Real-IP": f"203.0.113.{number}"}) for number in range(12)]
    assert made_up[-1].status == 429
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
