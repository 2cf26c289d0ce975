"""coupon_link_secret: the user of a link counts only when its signature does."""
import time

import pytest

from harness.environment import fresh_directory
from harness.links import signed_query
from harness.nginx import Server
from edge.conftest import LINK_SECRETS

FUTURE = int(time.time()) + 3600


def follow(shop, path, server="signed"):
    answer = shop.click(path, server=server)
    return answer, shop.stored(answer)


@pytest.mark.parametrize("secret", LINK_SECRETS, ids=["older", "newer"])
def test_a_good_signature_keeps_the_user(shop, edge, offer, secret):
    _, row = follow(shop, f"{offer.path_for(9)}?{signed_query(secret, offer.uuid, 9, FUTURE)}")
    assert row["user_id"] == 9 and row["flags"] == []


def test_the_signature_holds_for_the_offer_in_any_case(shop, edge, offer):
    query = signed_query(LINK_SECRETS[0], offer.uuid, 9, FUTURE)
    _, row = follow(shop, f"/out/{offer.merchant.slug}/{offer.uuid.upper()}/9?{query}")
    assert row["user_id"] == 9


def test_other_parameters_around_the_signature(shop, edge, offer):
    query = signed_query(LINK_SECRETS[0], offer.uuid, 9, FUTURE)
    _, row = follow(shop, f"{offer.path_for(9)}?utm=1&{query}&c=abc")
    assert row["user_id"] == 9 and row["frontend_click_id"] == "abc"


def bad_queries(offer):
    good = signed_query(LINK_SECRETS[0], offer.uuid, 9, FUTURE)
    expiry, signature = good.split("&")
    other = "0190a4c8-5b7e-7c3a-9c3f-2f1e6d5c4b3a"
    return {
        "sig_missing": ["", expiry, signature, "e=&s=", "s=&e="],
        "sig_bad": [
            f"{expiry}&s=AAAA", f"e={FUTURE + 1}&{signature}", f"{good}=", f"{good}A", good[:-1],
            f"{expiry}&s={'A' * 43}", f"{expiry}&s={'%00' * 20}", f"e=x&{signature}", f"e=-1&{signature}",
            signed_query(LINK_SECRETS[0], offer.uuid, 10, FUTURE),
            signed_query(LINK_SECRETS[0], other, 9, FUTURE),
            signed_query("a secret nobody knows", offer.uuid, 9, FUTURE),
            f"{expiry}&s={'A' * 4000}",
        ],
        "sig_expired": [
            signed_query(LINK_SECRETS[0], offer.uuid, 9, int(time.time()) - 1),
            signed_query(LINK_SECRETS[1], offer.uuid, 9, 1),
        ],
    }


@pytest.mark.parametrize("flag", ["sig_missing", "sig_bad", "sig_expired"])
def test_otherwise_the_user_is_dropped_and_the_click_flagged(shop, edge, offer, flag):
    answers = [(query, shop.click(f"{offer.path_for(9)}?{query}", server="signed"))
               for query in bad_queries(offer)[flag]]
    for query, answer in answers:
        row = shop.stored(answer)
        assert row["user_id"] is None, query
        if query not in ("e=&s=", "s=&e="):
            assert row["flags"] == [flag], query


def test_a_dropped_user_does_not_reach_the_destination(shop, edge):
    offer = shop.offer(affiliate_url="https://store.example/?u={user_id}&s={subid}")
    assert "?u=&s=" in shop.click(offer.path_for(9), server="signed").location
    query = signed_query(LINK_SECRETS[0], offer.uuid, 9, FUTURE)
    assert "?u=9&s=" in shop.click(f"{offer.path_for(9)}?{query}", server="signed").location


def test_without_a_user_no_signature_is_asked(shop, edge, offer):
    _, row = follow(shop, offer.path)
    assert row["flags"] == [] and row["user_id"] is None


def test_without_the_directive_signatures_are_ignored(shop, edge, offer):
    _, row = follow(shop, f"{offer.path_for(9)}?e=1&s=nonsense", server="main")
    assert row["flags"] == [] and row["user_id"] == 9


def test_secret_rotates_by_reload(new_shop):
    secrets = fresh_directory("secrets") / "links"
    secrets.write_text(LINK_SECRETS[0] + "\n")
    shop = new_shop(servers={"main": Server(out=f"coupon_link_secret file:{secrets};")})
    offer = shop.offer()
    old = f"{offer.path_for(9)}?{signed_query(LINK_SECRETS[0], offer.uuid, 9, FUTURE)}"
    new = f"{offer.path_for(9)}?{signed_query(LINK_SECRETS[1], offer.uuid, 9, FUTURE)}"
    assert follow(shop, old, "main")[1]["user_id"] == 9
    assert follow(shop, new, "main")[1]["flags"] == ["sig_bad"]
    secrets.write_text(LINK_SECRETS[1] + "\n")
    shop.edge.reload()
    assert follow(shop, old, "main")[1]["flags"] == ["sig_bad"]
    assert follow(shop, new, "main")[1]["user_id"] == 9
