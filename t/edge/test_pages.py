"""/health, /stats and /metrics."""
import re
import subprocess
from urllib.parse import quote

import pytest

from harness.catalog import unknown_uuid
from harness.environment import COUPONCTL, MODULE
from harness.waiting import eventually


def test_health(edge):
    answer = edge.get("/health")
    assert answer.status == 200 and answer.text.strip() == "OK"
    assert edge.head("/health").status == 200


def test_stats_names_every_outcome(new_shop):
    shop = new_shop(click_worker=False)
    edge, offer = shop.edge, shop.offer()
    shop.click(offer.path)
    shop.click(offer.path)
    edge.get("/out/nonsense")
    edge.get(f"/out/shop/{unknown_uuid()}")
    edge.get(offer.path, method="POST", headers={"Content-Length": "0"})
    edge.get(offer.path, headers={"Sec-Purpose": "prefetch"})
    redirects = edge.stats()["redirects"]
    assert {name: redirects[name] for name in redirects if redirects[name]} == {
        "redirect": 2, "bad_request": 1, "not_found": 1, "method_not_allowed": 1, "speculative": 1}
    assert set(redirects) >= {"redirect", "unjournaled", "fallback", "not_found", "bad_request",
                              "limited", "speculative", "unavailable", "method_not_allowed"}


def test_stats_tells_cache_journal_and_connections(new_shop):
    shop = new_shop(gates=True, click_worker=False)
    offer = shop.offer()
    for _ in range(5):
        shop.click(offer.path)

    def report():
        stats = shop.edge.stats()
        return stats if stats["journal"]["clicks_unsettled"] == 5 else None
    stats = eventually(report, "five clicks waiting")
    assert stats["edge"] == "edge-test"
    told = subprocess.run([COUPONCTL, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    assert stats["version"] == told and MODULE.read_bytes().count(f"coupon module {told}".encode()) == 1
    assert MODULE.read_bytes().count(b"coupon module ") == 1, "couponctl doctor takes the first"
    assert stats["cache"]["MISS"] == 1 and stats["cache"]["HIT"] + stats["cache"]["STALE"] == 4
    assert stats["catalog"]["loaded"] and stats["catalog"]["complete"]
    eventually(lambda: shop.edge.stats()["catalog"]["entries"] == 1, "one offer in the zone")
    eventually(lambda: shop.edge.stats()["redis"]["connected"], "Redis is connected")
    assert stats["postgres"]["connected"]
    eventually(lambda: shop.edge.stats()["journal"]["oldest_unsettled_s"] >= 1, "the oldest click gets older")
    shop.start_worker()
    eventually(lambda: shop.edge.stats()["journal"]["clicks_unsettled"] == 0, "all settled", 15)
    shop.redis_gate.shut()
    shop.postgres_gate.shut()
    eventually(lambda: not shop.edge.stats()["redis"]["connected"], "Redis is away")
    eventually(lambda: not shop.edge.stats()["postgres"]["connected"], "PostgreSQL is away")
    shop.redis_gate.open()
    shop.postgres_gate.open()


SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*)\})? (\S+)')


def parse_metrics(text):
    """name → {labels: value}; fails on a line that is no Prometheus text."""
    families, values = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name not in families
            families[name] = kind
        elif not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            assert re.sub("_(bucket|sum|count)$", "", name) in families or name in families
            values.setdefault(name, {})[labels or ""] = float(value)
    return families, values


def test_metrics_are_prometheus_text(edge, offer):
    for _ in range(200):
        edge.get(offer.path)
    answer = edge.get("/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert answer.text.endswith("\n")
    families, values = parse_metrics(answer.text)
    assert families["coupon_redirects_total"] == "counter"
    assert values["coupon_redirects_total"]['outcome="redirect"'] >= 200
    histograms = [name for name, kind in families.items() if kind == "histogram"]
    assert histograms
    for name in histograms:
        buckets = list(values[f"{name}_bucket"].values())
        assert buckets == sorted(buckets)
        assert buckets[-1] == values[f"{name}_count"][""]
    assert values["coupon_redirect_handling_seconds_count"][""] > 0


@pytest.mark.parametrize("page", ["/health", "/stats", "/metrics"])
def test_pages_are_not_cached(edge, page):
    assert "no-store" in edge.get(page).headers["cache-control"]


def test_counters_survive_a_reload(new_shop):
    shop = new_shop()
    offer = shop.offer()
    for _ in range(7):
        shop.click(offer.path)
    shop.edge.reload()
    assert shop.edge.stats()["redirects"]["redirect"] == 7


def test_explain_leaves_no_click(new_shop):
    shop = new_shop(click_worker=False)
    offer = shop.offer(affiliate_url="https://store.example/?u={user_id}&s={subid}&m={merchant}")
    shop.click(offer.path)
    run = shop.couponctl("offers", "explain", f"https://shop.test{offer.path_for(5)}", check=True)
    for word in (offer.uuid, "cache: ", "user_id: 5", "https://store.example/?u=5&s="):
        assert word in run.stdout, run.stdout
    eventually(lambda: shop.redis.llen("queue:clicks") == 1, "the one click in the queue")
    assert shop.edge.stats()["redirects"]["redirect"] == 1


@pytest.mark.parametrize("path,word", [
    ("/out/nonsense", "the path is not /out/"),
    ("/out/shop/0190a4c8-5b7e-7c3a-9c3f-2f1e6d5c4b3a", "no such offer"),
    ("/health", ""), ("%00", ""), ("%ff%fe", ""), ("", ""),
])
def test_explain_of_nonsense(edge, path, word):
    answer = edge.get(f"/stats?explain={quote(path, safe='%')}")
    assert answer.status in (200, 400, 404)
    assert word in answer.text


def test_explain_tells_why_an_offer_is_refused(shop, edge):
    for columns, word in (({"is_active": False}, "active"), ({"expires_at": "2020-01-01"}, "expired"),
                          ({"is_verified": False}, "verified"), ({"deleted_at": "2020-01-01"}, "deleted"),
                          ({"affiliate_url": None}, "destination")):
        run = shop.couponctl("offers", "explain", shop.offer(**columns).path)
        assert word in (run.stdout + run.stderr).lower(), (columns, run)
