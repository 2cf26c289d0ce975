"""Where a redirect leads: which URL is taken, what a destination may not be, who may be its host."""
import pytest

from harness.waiting import eventually


def location_of(edge, offer):
    answer = edge.get(offer.path)
    assert answer.status == 302, answer
    return answer.location


def test_offer_url_wins_over_the_merchants_template(shop, edge):
    merchant = shop.merchant(tracking_url_template="https://tracker.example/t?s={subid}")
    own = shop.offer(merchant, affiliate_url="https://store.example/own?s={subid}")
    inherited = shop.offer(merchant, affiliate_url=None)
    assert location_of(edge, own).startswith("https://store.example/own?s=")
    assert location_of(edge, inherited).startswith("https://tracker.example/t?s=")


@pytest.mark.parametrize("url", [
    "http://store.example/", "https://store.example:8443/a?b=c#d", "https://store.example/Path", "https://xn--mnchen-3ya.example/", "https://192.0.2.7/x",
    "https://[2001:db8::1]:8080/x", "https://store.example/a%20b?c=%2F&d=a+b",
    "https://store.example/" + "p" * 1500,
])
def test_fixed_urls_arrive_unchanged(shop, edge, url):
    assert location_of(edge, shop.offer(affiliate_url=url)) == url


@pytest.mark.parametrize("url,arrives", [
    ("https://store.example", "https://store.example/"),
    ("https://STORE.example/Path", "https://store.example/Path"),
    ("HTTPS://store.example/", "https://store.example/"),
    (" https://store.example/x ", "https://store.example/x"),
])
def test_scheme_and_host_are_normalised(shop, edge, url, arrives):
    assert location_of(edge, shop.offer(affiliate_url=url)) == arrives


REFUSED = [
    "ftp://store.example/", "javascript:alert(1)", "//store.example/x", "/relative", "store.example/x",
    "https://", "https:///x", "http:store.example", "https://{merchant}.example/", "{subid}",
    "https://store.example:{offer_id}/", "{subid}://store.example/", "https://user@store.example/",
    "https://user:secret@store.example/", "https://store.example@evil.example/",
    "https://store.example\\@evil.example/", "https://store.example/a\\b", "https://store.example/a\nb",
    "https://store.example/a\tb", "https://store.example/a\rSet-Cookie: x", "https://store.example/\x7f",
    "https://store.example/?x={unknown}", "https://store.example/?x={subid", "https://store.example/{}",
    "https://store.example/?x={SUBID}", "https://store.example:99999/", "https://store.example:port/",
    "https://store .example/",
]


@pytest.mark.parametrize("url", REFUSED, ids=repr)
def test_a_broken_destination_keeps_the_offer_out(shop, edge, url):
    answer = edge.get(shop.offer(affiliate_url=url).path)
    assert answer.status == 404
    assert "location" not in answer.headers and "set-cookie" not in answer.headers


def test_explain_names_the_broken_rule(shop, edge):
    for url, word in (("ftp://store.example/", "http"), ("https://store.example/?x={unknown}", "unknown"),
                      ("https://a@store.example/", "user")):
        run = shop.couponctl("offers", "explain", shop.offer(affiliate_url=url).path)
        assert word in (run.stdout + run.stderr), run


@pytest.mark.parametrize("hosts,url,allowed", [
    (["store.example"], "https://store.example/x", True),
    (["store.example"], "https://STORE.Example/x", True),
    (["store.example"], "https://store.example:8443/x", True),
    (["other.example", "store.example"], "https://store.example/x", True),
    (["store.example"], "https://evil.example/x", False),
    (["store.example"], "https://store.example.evil.example/x", False),
    (["store.example"], "https://evilstore.example/x", False),
    (["store.example"], "https://evil.example/store.example", False),
    (["store.example"], "https://www.store.example/", False),
    ([], "https://anything.example/x", True),
])
def test_allowed_hosts(shop, edge, hosts, url, allowed):
    offer = shop.offer(shop.merchant(allowed_hosts=hosts), affiliate_url=url)
    assert edge.get(offer.path).status == (302 if allowed else 404)


def test_allowed_hosts_hold_for_the_merchants_template_too(shop, edge):
    merchant = shop.merchant(allowed_hosts=["store.example"],
                             tracking_url_template="https://evil.example/{subid}")
    assert edge.get(shop.offer(merchant, affiliate_url=None).path).status == 404


@pytest.mark.parametrize("url,before,after", [
    ("https://store.example", "https://store.example/?aff_sub=", ""),
    ("https://store.example/x", "https://store.example/x?aff_sub=", ""),
    ("https://store.example/x?a=b", "https://store.example/x?a=b&aff_sub=", ""),
    ("https://store.example/x?", "https://store.example/x?aff_sub=", ""),
    ("https://store.example/x?a=b&", "https://store.example/x?a=b&aff_sub=", ""),
    ("https://store.example/x#top", "https://store.example/x?aff_sub=", "#top"),
    ("https://store.example/x?a=b#top", "https://store.example/x?a=b&aff_sub=", "#top"),
    ("https://store.example/?u={user_id}", "https://store.example/?u=&aff_sub=", ""),
])
def test_click_id_is_appended_where_no_macro_carries_it(shop, edge, url, before, after):
    answer = edge.get(shop.offer(shop.merchant(subid_param="aff_sub"), affiliate_url=url).path)
    assert answer.location == f"{before}{answer.headers['x-click-id']}{after}"


@pytest.mark.parametrize("macro", ["{click_id}", "{subid}"])
def test_click_id_is_not_appended_twice(shop, edge, macro):
    offer = shop.offer(shop.merchant(subid_param="aff_sub"),
                       affiliate_url=f"https://store.example/?s={macro}")
    answer = edge.get(offer.path)
    assert answer.location == f"https://store.example/?s={answer.headers['x-click-id']}"


def test_a_repaired_destination_comes_back(shop, edge):
    offer = shop.offer(affiliate_url="https://store.example/{nonsense}")
    assert edge.get(offer.path).status == 404
    shop.sql("UPDATE offers SET affiliate_url = 'https://store.example/good' WHERE id = %s", offer.id)
    eventually(lambda: edge.get(offer.path).status == 302, "the repaired offer redirects", 10)
