"""Admitad's access token: one for all processes, renewed in time, and no refresh token used twice."""
import psycopg2
import pytest

from harness.stand_in import Answer
from harness.waiting import eventually

from .network_fixtures import admitad, new_network_shop  # noqa: F401

CLIENT, REFRESH = "client_credentials", "refresh_token"
LOCK = "hashtextextended('network_tokens:admitad', 0)"


@pytest.fixture
def shop(admitad):  # noqa: F811
    """With some pages to read; no refresh token may have been used twice."""
    for number in range(1200):
        admitad.world.add(f"click-{number}")
    yield admitad
    assert len(set(admitad.network.presented)) == len(admitad.network.presented)


def kept(shop):
    return shop.database.row("SELECT * FROM network_tokens WHERE network = 'admitad'")


def age(shop, days):
    """The token was granted so long ago; its life is seven days."""
    shop.database.run("UPDATE network_tokens SET obtained_at = obtained_at - %s * interval '1 day',"
                      " expires_at = expires_at - %s * interval '1 day'", [days, days])


def test_one_token_serves_all_runs(shop):
    shop.once()
    shop.once()
    assert shop.network.granted == [CLIENT]
    assert shop.stored() == shop.expected()


def test_a_token_is_renewed_at_half_of_its_life(shop):
    shop.once()
    age(shop, 3)
    shop.once()
    assert shop.network.granted == [CLIENT]
    age(shop, 1)
    shop.once()
    shop.once()
    assert shop.network.granted == [CLIENT, REFRESH]
    assert (kept(shop)["access_token"], kept(shop)["refresh_token"]) == (shop.network.access, shop.network.refresh)


def test_a_token_that_ends_in_the_middle_of_a_run(shop):
    def expire(page):
        if page in (1, 2):
            shop.network.expire()

    shop.network.before_page = expire
    shop.once()
    assert shop.network.granted == [CLIENT, REFRESH, REFRESH]
    assert shop.stored() == shop.expected()


def test_two_workers_renew_it_once(shop):
    shop.once()
    age(shop, 4)
    workers = [shop.begin_once() for _ in range(2)]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    assert shop.network.granted == [CLIENT, REFRESH]


def test_a_worker_waits_for_the_one_that_renews_it(shop):
    """And takes its token without a call of its own."""
    with psycopg2.connect(shop.postgres.url(shop.database.name)) as other, other.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({LOCK})")
        worker = shop.begin_once()
        eventually(lambda: shop.database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"),
                   "it waits for the lock")
        shop.network.access = "access-of-another-process"
        cursor.execute("INSERT INTO network_tokens VALUES ('admitad', 'access-of-another-process', 'unused', now(),"
                       " now() + interval '7 days')")
        other.commit()
        cursor.execute(f"SELECT pg_advisory_unlock({LOCK})")
        assert worker.wait(60) == 0
    assert shop.network.calls_to("/token/") == []
    assert shop.stored() == shop.expected()


def test_another_processs_new_token_is_taken(shop):
    """It ended ours."""
    def elsewhere(page):
        if page == 1:
            shop.network.access = "access-of-another-process"
            shop.database.run("UPDATE network_tokens SET access_token = 'access-of-another-process'")

    shop.network.before_page = elsewhere
    shop.once()
    assert shop.network.granted == [CLIENT]
    assert shop.stored() == shop.expected()


def test_a_refresh_token_is_not_used_again_after_a_kill(shop):
    """Nobody knows whether Admitad has taken it."""
    shop.once()
    age(shop, 4)
    before = shop.network.refresh
    shop.network.script("/token/", Answer(503, slow=30))
    worker = shop.begin_once()
    eventually(lambda: len(shop.network.calls_to("/token/")) == 2, "it asks for a new token")
    worker.kill()
    shop.once()
    assert before not in shop.network.presented   # the scripted call was never looked at
    assert shop.network.granted == [CLIENT, CLIENT]
    assert shop.stored() == shop.expected()


def test_client_credentials_where_the_refresh_token_is_refused(shop):
    shop.once()
    age(shop, 4)
    shop.database.run("UPDATE network_tokens SET refresh_token = 'revoked'")
    shop.once()
    assert shop.network.granted == [CLIENT, CLIENT]
    assert shop.network.presented == ["revoked"]
    assert kept(shop)["refresh_token"] == shop.network.refresh


def test_the_environments_refresh_token_is_the_first_alone(shop):
    shop.once(ADMITAD_REFRESH_TOKEN="refresh-0")
    assert shop.network.granted == [REFRESH]
    age(shop, 4)
    shop.once(ADMITAD_REFRESH_TOKEN="refresh-0")
    assert shop.network.presented == ["refresh-0", "refresh-token-1"]
    age(shop, 4)
    shop.database.run("UPDATE network_tokens SET refresh_token = NULL")
    shop.once(ADMITAD_REFRESH_TOKEN="refresh-0")
    assert shop.network.granted == [REFRESH, REFRESH, CLIENT]


def test_the_old_token_serves_while_there_is_no_new_one(shop):
    shop.once()
    age(shop, 4)
    shop.network.script("/token/", Answer(500))
    shop.once()
    assert shop.network.granted == [CLIENT]
    assert shop.stored() == shop.expected()
    shop.once()
    assert shop.network.granted == [CLIENT, CLIENT]


def test_wrong_credentials_are_named(shop):
    shop.once(status=1, ADMITAD_CLIENT_SECRET="another-secret")
    assert "check ADMITAD_CLIENT_ID and ADMITAD_CLIENT_SECRET" in shop.error()
    assert "another-secret" not in shop.log()
    assert shop.cursor("admitad") is None


def test_a_token_that_is_never_taken_ends_the_run(shop):
    shop.network.script("/statistics/actions/", *[Answer(401, json={"error_code": 1})] * 3)
    shop.once(status=1)
    assert "refuses the access tokens that it grants" in shop.error()
    shop.network.script("/statistics/actions/", Answer(401, json={"error_code": 2}))
    shop.once(status=1)
    assert "lacks the right" in shop.error()
