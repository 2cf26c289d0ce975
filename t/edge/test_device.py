"""The kind of device, read from the User-Agent; bots are redirected and stored but not counted."""
import pytest

AGENTS = [
    ("desktop", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36"),
    ("desktop", "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_2) AppleWebKit/605.1.15 Version/17.2 Safari/605.1.15"),
    ("desktop", "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"),
    ("mobile", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"),
    ("mobile", "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36"),
    ("tablet", "Mozilla/5.0 (iPad; CPU OS 17_2 like Mac OS X) AppleWebKit/605.1.15 Version/17.2 Safari/604.1"),
    ("tablet", "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36"),
    ("bot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    ("bot", "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) Mobile Safari/537.36 (compatible; Googlebot/2.1)"),
    ("bot", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"),
    ("bot", "WhatsApp/2.23.20.0"),
    ("bot", "curl/8.4.0"),
    ("bot", "python-requests/2.31.0"),
    ("bot", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0.0.0 Safari/537.36"),
]


@pytest.mark.parametrize("device,agent", AGENTS, ids=[agent[:50] for _, agent in AGENTS])
def test_device(shop, edge, device, agent):
    offer = shop.offer(affiliate_url="https://store.example/?d={device}&s={subid}")
    answer = shop.click(offer.path, headers={"User-Agent": agent})
    assert f"?d={device}&" in answer.location
    row = shop.stored(answer)
    assert row["device_type"] == device
    assert row["user_agent"] == agent
    assert row["flags"] == (["bot"] if device == "bot" else [])


def test_without_user_agent(shop, edge, offer):
    row = shop.stored(shop.click(offer.path))
    assert row["device_type"] in ("desktop", "bot") and row["user_agent"] is None


def test_bots_are_not_counted(shop, edge, offer):
    people = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"
    for agent in ("Googlebot/2.1", people, "curl/8", people):
        shop.stored(shop.click(offer.path, headers={"User-Agent": agent}))
    assert shop.database.value("SELECT clicks_count FROM offers WHERE id = %s", [offer.id]) == 2
