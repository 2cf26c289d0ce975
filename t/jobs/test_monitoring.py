"""Metrics, and what is shipped to look at them: alert rules, Prometheus' configuration, Grafana's dashboard."""
import json
import re
import subprocess
import uuid

import pytest

from harness.environment import CHECKOUT, fresh_directory
from harness.waiting import eventually

from .whole_shop import WholeShop

MONITORING = CHECKOUT / "nginx-conf" / "monitoring"
RULES = (MONITORING / "coupon-alerts.yml").read_text()
RULE_TESTS = (MONITORING / "coupon-alerts.test.yml").read_text()
DASHBOARD = json.loads((MONITORING / "grafana-coupon.json").read_text())
ALERTS = re.findall(r"- alert: (\w+)", RULES)
ROLES = ("clicks", "webhooks", "email", "sms", "cashback", "cron")

SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\]|\\.)*",?)+)\})? (\S+)')


def promtool(*arguments, directory=MONITORING):
    run = subprocess.run(["promtool", *arguments], cwd=directory, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr


def series(texts):
    """{(name, labels as text)} of Prometheus' text; a family's samples stand together."""
    found = set()
    for text in texts.values():
        for line in text.splitlines():
            if not line.startswith("#"):
                name, labels, value = SAMPLE.fullmatch(line).groups()
                float(value)
                assert (name, labels) not in found or len(texts) > 1, line
                found.add((name, labels or ""))
    return found


# --- what is shipped

def test_the_rules_are_rules():
    promtool("check", "rules", "coupon-alerts.yml")


def test_prometheus_takes_the_configuration():
    promtool("check", "config", "prometheus.yml")


def test_the_alerts_fire_when_they_should():
    promtool("test", "rules", "coupon-alerts.test.yml")


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_is_tested_both_ways_and_says_what_to_do(alert):
    fires = re.findall(r"exp_samples: \[\]\}\n.*?exp_samples: (\[.*)\n", RULE_TESTS)
    assert [found for found in fires if f'alertname="{alert}"' in found], f"no test has {alert} silent, then firing"
    rule = re.search(rf"- alert: {alert}\n(.*?)(?=\n      - alert|\n  - name|\Z)", RULES, re.S)[1]
    assert re.search(r"labels: \{severity: (critical|warning)\}", rule)
    assert re.search(r'summary: ".{20,}"', rule) and re.search(r'what_to_do: ".{20,}"', rule)


def panels():
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions():
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def test_the_dashboards_expressions_are_promql():
    rules = "".join(f"      - record: panel:{number}\n        expr: {json.dumps(text.replace('$__rate_interval', '5m'))}\n"
                    for number, text in enumerate(expressions()))
    folder = fresh_directory("rules")
    (folder / "panels.yml").write_text(f"groups:\n  - name: panels\n    rules:\n{rules}")
    promtool("check", "rules", "panels.yml", directory=folder)


def test_the_dashboards_panels_stand_beside_each_other():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
    rows = " ".join(panel["title"].lower() for panel in DASHBOARD["panels"] if panel["type"] == "row")
    for word in ("redirects", "journal", "webhooks", "queues", "providers", "cashback", "ledger", "workers"):
        assert word in rows


# --- what is measured

@pytest.fixture
def shop(postgres, redis_server, template, message_shop, cashback_shop):
    shop = WholeShop(postgres, redis_server, template, [message_shop, cashback_shop])
    yield shop.start(*ROLES)
    shop.close()


@pytest.fixture
def busy_shop(shop):
    """A little of everything has happened."""
    offer = shop.offer()
    for _ in range(200):  # one in 64 is measured
        assert shop.edge.get(offer.path).status == 302
    shop.pay()
    shop.redis.rpush("queue:sms", json.dumps({"id": str(uuid.uuid4()), "type": "otp", "to": "+919876543210",
                                              "data": {"otp": "123456"}}))
    eventually(lambda: shop.database.value("SELECT count(*) FROM network_runs WHERE finished_at IS NOT NULL") >= 3,
               "all networks are read")
    shop.couponctl("cron", "run", "wallet_check", check=True)
    eventually(lambda: shop.database.value("SELECT count(*) FROM cron_runs WHERE job = 'wallet_check'"
                                           " AND status = 'completed'") == 1, "wallets and ledger are compared", 30)
    eventually(lambda: shop.database.value("SELECT count(*) FROM sms_queue WHERE status = 'completed'") == 1, "an SMS is sent")
    return shop


def test_every_metric_that_is_looked_at_is_there(busy_shop):
    """Of the rules and the dashboard; a name that changes in the code must change there as well."""
    text = RULES + " ".join(expressions())
    # Not what an annotation, a job's or a role's name says.
    named = set(re.findall(r"\bcoupon_[a-z_]+\b", re.sub(r'what_to_do: ".*"|coupon_catalog_zone|job="[^"]*"', "", text)))
    assert len(named) > 40

    def missing():
        return named - {name for name, _ in series(busy_shop.scrape())}
    eventually(lambda: not missing(), f"all of them are exported; missing: {missing()}", 30)


def test_no_input_makes_a_new_series(busy_shop):
    """Labels name what we know: roles, tables, providers, outcomes; never what somebody sent."""
    shop = busy_shop
    known = {(name, labels) for name, labels in series(shop.scrape())}

    def strange(number):
        return f"strange-{number}-{uuid.uuid4()}"

    def send_strange(numbers):
        for number in numbers:
            word = strange(number)
            shop.edge.get(f"/out/{word}/{uuid.uuid4()}", {"User-Agent": word, "Referer": f"https://{word}/"})
            shop.edge.get(f"/out/{word}", method="PATCH")
            shop.edge.get("/webhooks/razorpay", {"X-Razorpay-Signature": word, "Content-Length": "0"}, method="POST")
            for queue in ("clicks", "webhooks", "email", "sms", "cashback"):
                shop.redis.rpush(f"queue:{queue}", word, json.dumps({
                    "id": str(uuid.uuid4()), "type": word, "to": word, "provider": word, "data": {"network": word}}))
            shop.push(word, {"event": word}, verdict=word, trust=word)
        eventually(lambda: not shop.redis.keys("*queue:*processing*") and not any(
            shop.redis.llen(f"queue:{queue}") for queue in ("clicks", "webhooks", "email", "sms", "cashback")),
            "all queues are empty", 30)
        shop.at_rest()
        return {(name, labels) for name, labels in series(shop.scrape())}
    # Outcomes that were not met before may appear, once.
    first = send_strange(range(10))
    assert not [labels for _, labels in first if "strange" in labels]
    for name, labels in first - known:
        assert re.search(r'outcome="[a-z_-]+"', labels), (name, labels)
    assert send_strange(range(10, 30)) <= first


BOUNDED = {
    "role": r"clicks|webhooks|email|sms|cashback|cron|admin", "queue": r"clicks|webhooks|email|sms|cashback",
    "table": r"webhook_logs|outbox|email_queue|sms_queue|cashback_jobs", "outcome": r"[a-z_-]{2,24}",
    "cache": r"HIT|MISS|STALE|NEGATIVE|DOWN", "event": r"[a-z_]{2,40}", "le": r"[0-9.e+-]+|\+Inf",
    "kind": r"clicks|webhooks", "state": r"used|budget|free|size", "network": r"admitad|vcommission|cuelinks",
    "provider": r"razorpay|sendgrid|smtp|msg91|twilio|none", "job": r"[a-z_]{2,40}",
    "worker": r"[a-z]+:[^:]+:[0-9a-f]{12}", "version": r"[0-9.]+"}


def test_labels_are_of_a_small_set(busy_shop):
    texts = busy_shop.scrape()
    for name, labels in series(texts):
        for label, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels):
            assert re.fullmatch(BOUNDED[label], value), (name, label, value)
    # The one label that a restart changes is on one series of each process.
    for role, text in texts.items():
        assert text.count('worker="') == (0 if role == "edge" else 1), role
    assert len(series(texts)) < 1000


def test_the_journals_use_is_told(new_shop):
    shop = new_shop(click_worker=False, start=False)
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=8m segment=64k keep=10m"
    shop.edge.start()
    offer = shop.offer()

    def value(name, **labels):
        text = ",".join(f'{label}="{value}"' for label, value in labels.items())
        return float(re.search(rf"^{name}\{{{text}\}} (\S+)$", shop.edge.get("/metrics").text, re.M)[1])
    assert value("coupon_journal_bytes", kind="clicks", state="budget") == 8 << 20

    def used_segments():
        return value("coupon_journal_bytes", kind="clicks", state="used") / (64 << 10)
    assert used_segments() == 0
    with shop.edge.connect() as connection:
        for _ in range(1000):
            assert connection.request(offer.path).status == 302
    eventually(lambda: used_segments() >= 5, "a thousand clicks take some segments")
    assert 0 < value("coupon_journal_disk_bytes", state="free") <= value("coupon_journal_disk_bytes", state="size")
    space = shop.edge.stats()["journal"]["space"]["clicks"]
    assert space["used_bytes"] >= 5 << 16 and space["budget_bytes"] == 8 << 20
    shop.start_worker()
    eventually(lambda: used_segments() == 1, "all is settled: only what is written to is left", 20)
