"""What people and pages may not do with the admin worker: each attempt is refused clearly, and nothing changes."""
import pytest

from .admin_shop import OPERATOR, READER, AdminClient
from .admin_target import CHANGE, READ, Target, attempts


@pytest.fixture
def target(fronted_admin_shop):
    target = Target(fronted_admin_shop)
    yield target
    target.assert_untouched()


@pytest.fixture(params=["nginx", "socket"])
def place(request, target):
    """Where a request goes: NGINX's port, or past it."""
    return target.shop.front.port if request.param == "nginx" else target.shop.socket


def test_the_attempts_would_succeed_by_who_may(fronted_admin_shop):
    target = Target(fronted_admin_shop)
    robot = fronted_admin_shop.client("operator")
    for method, path, body in CHANGE:
        answer = robot.request(method, target.path(path), body)
        assert answer.status in (200, 202, 404, 409), (path, answer)
    assert target.dump() != target.before


def test_without_a_session_there_is_nothing(target, place):
    nobody = AdminClient(place)
    assert {nobody.get(path).code for path in READ} == {"unauthorized"}
    assert attempts(target, nobody) == {"unauthorized"}
    assert nobody.get("api/v1/there/is/no/such/page").code == "unauthorized"


@pytest.mark.parametrize("authorization", [
    "Bearer ", "Bearer x", "Bearer " + "x" * 43, "bearer", "Basic b2xpdmlhOnB3", "Bearer " + "0" * 64,
    "Bearer " + "x" * 5000, "Bearer null"])
def test_made_up_tokens_are_nobody(target, place, authorization):
    nobody = AdminClient(place)
    assert attempts(target, nobody, {"Authorization": authorization}) == {"unauthorized"}


def test_a_digest_of_the_file_is_no_token(target, place):
    target.shop.token("operator")
    digest = target.shop.tokens.read_text().strip().split(":")[-1]
    assert attempts(target, AdminClient(place), {"Authorization": f"Bearer {digest}"}) == {"unauthorized"}


def test_a_reader_changes_nothing(target, place):
    assert attempts(target, AdminClient(place, target.shop.token("read-only"))) == {"forbidden"}
    reader = AdminClient(place)
    reader.sign_in(*READER)
    assert attempts(target, reader) == {"forbidden"}


def test_another_sites_page_changes_nothing(target, place):
    victim, other = AdminClient(place), AdminClient(place)
    victim.sign_in(*OPERATOR)
    other.sign_in(*OPERATOR)
    own, victim.csrf = victim.csrf, None
    assert attempts(target, victim) == {"csrf"}
    for forged in ("", "x", other.csrf, own[:-1], own + "x"):
        assert attempts(target, victim, {"X-CSRF-Token": forged}) == {"csrf"}
    for header in ({"Origin": "https://evil.test"}, {"Origin": "null"}, {"Origin": "http://shop.test.evil.test"},
                   {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        assert attempts(target, victim, header | {"X-CSRF-Token": own}) == {"csrf"}
        assert victim.request("DELETE", "api/v1/session", headers=header | {"X-CSRF-Token": own}).code == "csrf"
        assert AdminClient(place).sign_in(*OPERATOR, headers=header).code == "csrf"
    fine = {"Origin": "http://shop.test", "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": own}
    assert victim.request("DELETE", "api/v1/session", headers=fine).status == 204


def test_only_the_configured_origin_counts_where_there_is_one(new_admin_shop):
    shop = new_admin_shop()
    shop.start_admin(ADMIN_ORIGIN="https://ops.test")
    assert shop.client().sign_in(*OPERATOR, headers={"Origin": "http://shop.test"}).code == "csrf"
    assert shop.client().sign_in(*OPERATOR, headers={"Origin": "https://ops.test"}).status == 200


def test_a_form_of_another_site_signs_nobody_in(target, place):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = AdminClient(place).sign_in(*OPERATOR, headers={"Content-Type": kind})
        assert answer.status == 415 and "set-cookie" not in answer.headers


def test_a_planted_session_is_not_taken_over(target, place):
    planted = "A" * 43
    victim = AdminClient(place)
    victim.sign_in(*OPERATOR, headers={"Cookie": f"coupon_admin={planted}"})
    assert victim.cookie and victim.cookie != planted
    thief = AdminClient(place)
    thief.cookie = planted
    assert thief.get("api/v1/session").code == "unauthorized"


def test_signing_in_again_ends_the_session_before(target, place):
    client, old = AdminClient(place), AdminClient(place)
    client.sign_in(*OPERATOR)
    old.cookie = client.cookie
    client.sign_in(*OPERATOR)
    assert client.cookie != old.cookie
    assert old.get("api/v1/session").code == "unauthorized"


def test_the_cookie_of_an_ended_session_is_worth_nothing(target, place):
    client = AdminClient(place)
    client.sign_in(*OPERATOR)
    cookie, csrf = client.cookie, client.csrf
    assert client.delete("api/v1/session").status == 204
    client.cookie, client.csrf = cookie, csrf
    assert attempts(target, client) == {"unauthorized"}


def test_of_two_cookies_none_counts(target, place):
    client = AdminClient(place)
    client.sign_in(*OPERATOR)
    for both in (f"coupon_admin=planted; coupon_admin={client.cookie}",
                 f"coupon_admin={client.cookie}; coupon_admin=planted"):
        assert attempts(target, client, {"Cookie": both}) == {"unauthorized"}


def test_a_wrong_token_is_not_made_good_by_a_session(target, place):
    client = AdminClient(place)
    client.sign_in(*OPERATOR)
    assert attempts(target, client, {"Authorization": "Bearer x"}) == {"unauthorized"}
