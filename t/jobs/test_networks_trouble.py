"""Networks that are slow, away, busy or talk nonsense: the run says why, waits as long as it should, and loses nothing."""
import signal

import pytest

from harness.stand_in import Answer
from harness.waiting import eventually

from .network_fixtures import NETWORKS, PAGE, admitad, cuelinks, new_network_shop, vcommission  # noqa: F401

PATH = {"admitad": "/statistics/actions/", "vcommission": "/affiliate/conversions",
        "cuelinks": "/api/v2/transactions.json"}
PEOPLE_SAY = {"admitad": "Admitad", "vcommission": "vCommission", "cuelinks": "CueLinks"}


def filled(shop, pages=3):
    for number in range((pages - 1) * PAGE[shop.name] + 5):
        shop.world.add(f"click-{number}")
    return shop


def pause_ms(shop):
    """How long nobody may call the network yet."""
    return shop.redis.pttl(f"ratelimit:provider:{shop.name}")


def stopped_while_it_waits(shop):
    """A run that is told to wait for a minute, and then to stop: it does so at once."""

    def waits():
        return shop.log().count("a page of a network is asked for again")

    waits_before = waits()
    worker = shop.begin_once()
    eventually(lambda: waits() > waits_before, "it waits", 20)
    worker.send(signal.SIGTERM)
    assert worker.wait(20) == 1
    assert shop.error() == "stopped"


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("trouble, said", [
    (Answer(500, body=b"<html>oops</html>"), "answers 500"),
    (Answer(502), "answers 502"),
    (Answer(reset=True), "does not answer")], ids=["500", "502", "reset"])
def test_a_page_that_does_not_come_is_asked_for_again(new_network_shop, network, trouble, said):
    """The run goes on where it was, and what came before is not read anew."""
    shop = filled(new_network_shop(network))
    shop.network.trouble[2] = trouble
    if trouble.reset:
        shop.network.trouble[3] = trouble   # a new connection is tried at once
    shop.once()
    assert said in shop.log()
    run, = shop.runs()
    assert (run["error"], run["seen"] < len(shop.expected()) + PAGE[network]) == (None, True)
    assert shop.stored() == shop.expected()


@pytest.mark.parametrize("network", NETWORKS)
def test_a_page_that_never_comes_ends_the_run(new_network_shop, network):
    shop = filled(new_network_shop(network))
    shop.network.trouble = {page: Answer(500, headers={"Retry-After": "0"}) for page in range(2, 50)}
    shop.once(status=1)
    assert "answers 500" in shop.error() and shop.network.pages == 1 + 6
    assert len(shop.stored()) == PAGE[network] and shop.cursor(network) is None
    shop.network.trouble = {}
    shop.once()
    assert shop.stored() == shop.expected()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("trouble, said", [
    (Answer(body=b"<html>maintenance</html>"), "without its JSON"),
    (Answer(body=b'{"results": [{"action_id": 1}, '), "without its JSON"),
    (Answer(json=[1, 2, 3]), "without its JSON"),
    (Answer(json={"hello": "world"}), "answers without"),
    (Answer(302, headers={"Location": "/login"}), "a redirect"),
    (Answer(404, body=b"nothing here"), "404"),
])
def test_what_came_before_is_kept_and_the_next_run_reads_the_rest(new_network_shop, network, trouble, said):
    shop = filled(new_network_shop(network))
    shop.network.trouble[2] = trouble
    shop.once(status=1)
    assert PEOPLE_SAY[network] in shop.error() and said in shop.error()
    assert PAGE[network] <= len(shop.stored()) < len(shop.expected())
    assert shop.cursor(network) is None
    shop.once()
    assert shop.stored() == shop.expected()


@pytest.mark.parametrize("network", NETWORKS)
def test_too_many_calls_stop_all_processes(new_network_shop, network):
    shop = filled(new_network_shop(network))
    shop.network.trouble[2] = Answer(429, headers={"Retry-After": "1800"})
    shop.once(status=1)
    assert "answers 429" in shop.error()
    assert 1_700_000 < pause_ms(shop) <= 1_802_000
    asked = len(shop.network.calls)
    shop.once(status=1)
    assert "must not be called yet" in shop.error()
    assert len(shop.network.calls) == asked
    shop.redis.delete(f"ratelimit:provider:{network}")
    shop.once()
    assert shop.stored() == shop.expected()


def test_admitads_503_is_its_limit(admitad):
    filled(admitad).network.trouble[2] = Answer(503)
    stopped_while_it_waits(admitad)
    assert "answers 503" in admitad.log()
    assert 30_000 < pause_ms(admitad) <= 62_000
    asked = len(admitad.network.calls)
    stopped_while_it_waits(admitad)
    assert len(admitad.network.calls) == asked


def test_a_503_of_others_is_an_error_like_any(cuelinks):
    filled(cuelinks).network.trouble[2] = Answer(503)
    cuelinks.once()
    assert "answers 503" in cuelinks.log()
    assert cuelinks.stored() == cuelinks.expected()


@pytest.mark.parametrize("code, said", [
    (13, "check VCOMMISSION_API_KEY"), (41, "address is not on its list"), (42, "the account is locked"),
    (99, "refuses with code 99")])
@pytest.mark.parametrize("status", [200, 403])
def test_vcommission_says_no(vcommission, code, said, status):
    vcommission.network.trouble[1] = Answer(status, json={"success": False, "errors": [{"message": "no", "code": code}]})
    vcommission.once(status=1)
    assert said in vcommission.error()


@pytest.mark.parametrize("code", [50, "51"])
def test_an_error_of_vcommissions_own_is_soon_over(vcommission, code):
    filled(vcommission).network.trouble[1] = Answer(json={"success": False, "errors": [{"message": "no", "code": code}]})
    vcommission.once()
    assert "an error of its own" in vcommission.log()
    assert vcommission.stored() == vcommission.expected()


def test_vcommissions_own_too_many(vcommission):
    vcommission.network.trouble[1] = Answer(json={"success": False, "errors": [{"message": "slow", "code": 40}]})
    stopped_while_it_waits(vcommission)
    assert "too many calls" in vcommission.log()
    assert pause_ms(vcommission) > 30_000


@pytest.mark.parametrize("network, variable", [("vcommission", "VCOMMISSION_API_KEY"), ("cuelinks", "CUELINKS_API_KEY")])
def test_a_wrong_key_is_named_not_shown(new_network_shop, network, variable):
    shop = new_network_shop(network)
    shop.once(status=1, **{variable: "a-key-of-somebody-else"})
    assert f"check {variable}" in shop.error()
    assert "a-key-of-somebody-else" not in shop.log() + shop.error()


def test_vcommissions_key_in_the_query(vcommission):
    """Where it may be seen in many places, yet in none of ours."""
    filled(vcommission).network.trouble.update({2: Answer(reset=True), 3: Answer(reset=True)})
    vcommission.once(VCOMMISSION_AUTH="query")
    assert "does not answer" in vcommission.log()
    assert vcommission.stored() == vcommission.expected()
    assert all("apiKey=" in call.path and "x-api-key" not in call.headers for call in vcommission.network.calls)


def test_cuelinks_as_a_bearer(cuelinks):
    cuelinks.once(status=1, CUELINKS_AUTH="bearer")   # the stand-in wants the other
    call, = cuelinks.network.calls
    assert call.headers["authorization"] == f"Bearer {cuelinks.network.KEY}"


def test_a_network_that_knows_no_pages(vcommission):
    """Else every number would be asked for, for ever."""
    filled(vcommission)
    page = vcommission.network._conversions
    vcommission.network.answer("/affiliate/conversions", lambda call: page(
        type(call)(call.method, call.path.replace("page=", "seite="), call.headers, call.body)))
    vcommission.once(status=1)
    assert "the same page for every number" in vcommission.error()
    assert len(vcommission.network.calls) < 10


@pytest.mark.parametrize("settings, said", [
    ({"CASHBACK_NETWORKS": "admitad,amazon"}, "CASHBACK_NETWORKS"),
    ({"CASHBACK_NETWORKS": "cuelinks"}, "CUELINKS_API_KEY is not set"),
    ({"ADMITAD_CLIENT_SECRET": ""}, "ADMITAD_CLIENT_SECRET is not set"),
    ({"ADMITAD_BASE_URL": "ftp://api"}, "ADMITAD_BASE_URL is no http or https URL"),
    ({"ADMITAD_TZ": "Mars/Olympus"}, "ADMITAD_TZ names no time zone"),
    ({"ADMITAD_CREDIT_ON": "pending"}, "ADMITAD_CREDIT_ON is none of confirmed, payable, paid"),
    ({"ADMITAD_RATE": "fast"}, "ADMITAD_RATE must be a rate"),
    ({"CASHBACK_NETWORKS": "", "ADMITAD_CLIENT_ID": ""}, "no affiliate network is configured"),
])
def test_settings_that_cannot_be_used(admitad, settings, said):
    worker = admitad.begin_once(**settings)
    assert worker.wait(20) == 2
    assert said in worker.tail()
