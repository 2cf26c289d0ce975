"""What is wrong is told once, to people who have no Prometheus."""
import datetime
import json
import urllib.request
import uuid

import pytest

from harness.stand_in import Answer, StandIn
from harness.waiting import eventually


@pytest.fixture
def hook():
    hook = StandIn(Answer(200))
    yield hook
    hook.close()


@pytest.fixture
def shop(new_cron_shop):
    return new_cron_shop(settings={"ALERT_EMAIL": "ops@shop.test, boss@shop.test"})


def metrics_of(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def mails(shop):
    return shop.database.run("SELECT \"to\", type, data FROM email_queue ORDER BY created_at, \"to\"")


def wrong(shop):
    return {(row["name"], row["label"]) for row in shop.database.run(
        "SELECT name, label FROM alerts WHERE resolved_at IS NULL")}


def minutes_pass(shop):
    """What is not wrong any more has not been for long enough to be over."""
    shop.database.run("UPDATE alerts SET seen_at = seen_at - interval '6 minutes'")


def paid_order(shop, minutes):
    return shop.database.value("INSERT INTO orders (status, payment_status, updated_at) VALUES"
                               " ('processing', 'completed', now() - make_interval(mins => %s)) RETURNING id", [minutes])


def test_told_when_it_begins_and_when_it_is_over(shop):
    shop.run("alerts")
    assert mails(shop) == []
    order = paid_order(shop, 20)
    assert shop.run("alerts") == {"wrong": 1, "told": 1}
    assert shop.run("alerts") == {"wrong": 1, "told": 0}
    told = mails(shop)
    assert [mail["to"] for mail in told] == ["boss@shop.test", "ops@shop.test"]
    assert "couponctl orders stuck" in told[0]["data"]["wrong"][0]["what"]
    shop.database.run("UPDATE orders SET status = 'fulfilled' WHERE id = %s", [order])
    assert shop.run("alerts") == {"wrong": 0, "told": 0}, "it may come back in a moment"
    minutes_pass(shop)
    assert shop.run("alerts") == {"wrong": 0, "told": 1}
    assert shop.run("alerts") == {"wrong": 0, "told": 0}
    assert len(mails(shop)) == 4 and "over" in mails(shop)[-1]["data"]
    paid_order(shop, 20)
    assert shop.run("alerts")["told"] == 1, "it is news when it comes back"


def test_what_comes_and_goes_is_told_once(shop):
    for _ in range(3):
        order = paid_order(shop, 20)
        shop.run("alerts")
        shop.database.run("UPDATE orders SET status = 'fulfilled' WHERE id = %s", [order])
        shop.run("alerts")
    assert len(mails(shop)) == 2


def test_two_looks_in_a_second_are_both_told(shop):
    order = paid_order(shop, 20)
    shop.run("alerts")
    shop.database.run("UPDATE orders SET status = 'fulfilled' WHERE id = %s", [order])
    minutes_pass(shop)
    due = shop.database.value("SELECT max(due_at) FROM cron_runs")
    number = shop.database.value("INSERT INTO cron_runs (job, due_at, cause) VALUES ('alerts', %s, 'manual') RETURNING id", [due])
    eventually(lambda: shop.database.value("SELECT finished_at FROM cron_runs WHERE id = %s", [number]), "the second look")
    assert len(mails(shop)) == 4


def test_told_again_when_it_goes_on(shop):
    paid_order(shop, 20)
    shop.run("alerts")
    shop.database.run("UPDATE alerts SET told_at = now() - interval '7 hours'")
    assert shop.run("alerts")["told"] == 1


def test_what_is_looked_at_in_the_database(shop):
    shop.settings["CRON_SITEMAP"] = "weekly sun 04:00"
    shop.run("alerts")
    segment = str(uuid.uuid4())
    shop.database.run("INSERT INTO journal_segments (id, sealed, served, settled) VALUES (%s, 2, 3, '{[0,2)}')", [segment])
    shop.database.run("INSERT INTO sms_queue (type, \"to\", status, finished_at) SELECT 'otp', 'x', 'failed', now()"
                      " FROM generate_series(1, 10)")
    shop.database.run("INSERT INTO outbox (kind, idempotency_key, scheduled_at) VALUES ('fulfill', 'a', now() - interval '11 minutes')")
    shop.database.run("INSERT INTO cron_runs (job, due_at, cause, status, started_at, finished_at, result) VALUES"
                      " ('wallet_check', now(), 'schedule', 'completed', now(), now(), '{\"problems\": 2}'),"
                      " ('sitemap', now(), 'schedule', 'failed', now(), now(), NULL),"
                      " ('inventory_sync', now(), 'manual', 'failed', now(), now(), NULL)")
    shop.run("alerts")
    assert wrong(shop) == {("clicks_missing", ""), ("dead_letters", "sms_queue"), ("jobs_waiting", "outbox"),
                           ("ledger_difference", ""), ("cron_failed", "sitemap")}, "a job that is off fails nobody"


def test_a_role_without_a_worker(shop):
    for role, minutes in (("sms", 6), ("email", 4), ("clicks", 60 * 24 * 8)):
        shop.database.run("INSERT INTO roles_seen VALUES (%s, now() - make_interval(mins => %s))", [role, minutes])
    shop.run("alerts")
    assert wrong(shop) == {("worker_gone", "sms")}
    shop.redis.set("worker:heartbeat:sms:host:1", json.dumps(
        {"role": "sms", "host": "elsewhere", "pid": 1, "version": "1", "started": 1, "jobs": 0, "rate": 0}))
    minutes_pass(shop)
    shop.run("alerts")
    assert wrong(shop) == set()


def test_what_others_write_into_redis_stops_no_look(shop):
    beat = json.dumps({"role": "sms", "host": "elsewhere", "pid": 1})
    for name in (b"sms", b"sms!:1", b"sms:1", b"\xff\xfe:1", b"{\"x\",NULL}:1"):
        shop.redis.set(b"worker:heartbeat:" + name, beat)
    assert shop.run("alerts") == {"wrong": 0, "told": 0}
    assert {row["role"] for row in shop.database.run("SELECT role FROM roles_seen")} == {"cron", "sms"}


def test_redis_away(new_cron_shop):
    shop = new_cron_shop(gates=True)
    shop.redis_gate.shut()
    shop.database.run("INSERT INTO alerts (name, label, message, told_at, told_end, seen_at) VALUES"
                      " ('worker_gone', 'sms', 'no sms worker', now(), false, now() - interval '1 hour')")
    shop.run("alerts")
    assert wrong(shop) == {("redis_away", ""), ("worker_gone", "sms")}, "nobody can say that the sms worker is back"


def test_edges(shop, hook):
    stats = {"edge": "edge-1", "journal": {"oldest_unsettled_s": 61.5, "space": {
        "clicks": {"used_bytes": 90, "budget_bytes": 100}, "webhooks": {"used_bytes": 1, "budget_bytes": 100}}}}
    hook.answer("/stats", Answer(json=stats))
    shop.settings["ALERT_EDGES"] = f"{hook.url}/stats,{hook.url}/nobody"
    hook.answer("/nobody", Answer(404))
    shop.run("alerts")
    edge = f"{hook.url}/stats"
    assert wrong(shop) == {("clicks_unsettled", edge), ("journal_space", f"{edge} clicks"), ("edge_away", f"{hook.url}/nobody")}
    assert "clicks of edge-1 have waited" in mails(shop)[0]["data"]["wrong"][0]["what"]
    hook.answer("/stats", Answer(503))
    minutes_pass(shop)
    shop.run("alerts")
    assert {("clicks_unsettled", edge), ("journal_space", f"{edge} clicks"), ("edge_away", edge)} <= wrong(shop), \
        "an edge that is away has not settled its clicks"


@pytest.mark.parametrize("stats", [
    {"edge": 5, "journal": {"oldest_unsettled_s": "x", "space": [1]}}, {"journal": []}, {"journal": {"space": {"clicks": 7}}},
    {"edge": "a\0b\u20ac", "journal": {"oldest_unsettled_s": None}}, {"edge": {"x": "y"}, "journal": {"space": "full"}}])
def test_an_edge_that_answers_nonsense_stops_no_look(shop, hook, stats):
    hook.answer("/stats", Answer(json=stats))
    shop.settings["ALERT_EDGES"] = f"{hook.url}/stats,{hook.url}/stats"
    paid_order(shop, 20)
    assert shop.run("alerts") == {"wrong": 1, "told": 1}


def test_the_edge_s_name_may_be_any_text(shop, hook):
    hook.answer("/stats", Answer(json={"edge": "a\0b\u20ac\"{}\\", "journal": {"oldest_unsettled_s": 100}}))
    shop.settings["ALERT_EDGES"] = f"{hook.url}/stats,{hook.url}/stats"
    shop.run("alerts")
    assert wrong(shop) == {("clicks_unsettled", f"{hook.url}/stats")}


def test_the_webhook_is_told_in_order_and_until_it_listens(shop, hook):
    shop.settings |= {"ALERT_WEBHOOK_URL": hook.url + "/hook", "ALERT_WEBHOOK_TOKEN": "token-of-the-hook"}
    hook.script("/hook", Answer(500))
    order = paid_order(shop, 20)
    assert "answered 500" in shop.run("alerts", status="failed")
    assert len(mails(shop)) == 2, "who is told by mail does not wait for the webhook"
    shop.database.run("UPDATE orders SET status = 'fulfilled' WHERE id = %s", [order])
    minutes_pass(shop)
    assert shop.run("alerts")["posted"] == 2
    told = [call.json["alerts"][0]["status"] for call in hook.calls_to("/hook")]
    assert told == ["wrong", "wrong", "over"]
    assert hook.calls[0].headers["authorization"] == "Bearer token-of-the-hook"
    assert "token-of-the-hook" not in shop.log()


def test_a_webhook_that_takes_nothing_is_told_of_by_mail(shop, hook):
    shop.settings["ALERT_WEBHOOK_URL"] = hook.url + "/hook"
    hook.answer("/hook", Answer(500))
    shop.database.run("INSERT INTO alert_posts (body, created_at) VALUES ('{\"n\": 1}', now() - interval '25 hours'),"
                      " ('{\"n\": 2}', now() - interval '11 minutes')")
    shop.run("alerts", status="failed")
    assert wrong(shop) == {("alerts_untold", "")} and len(mails(shop)) == 2
    assert hook.calls[0].json == {"n": 2}, "what nobody took for a day is old news"


def test_a_slow_webhook_does_not_keep_looks_waiting(shop, hook):
    shop.settings["ALERT_WEBHOOK_URL"] = hook.url + "/hook"
    hook.answer("/hook", Answer(200, slow=6))
    shop.run("alerts")
    shop.database.run("INSERT INTO alert_posts (body) SELECT to_jsonb(n) FROM generate_series(1, 20) n")
    assert shop.run("alerts", within_s=100)["posted"] < 10
    assert shop.database.value("SELECT count(*) FROM alert_posts") > 10, "the next run goes on"


def test_runs_of_looks_do_not_pile_up(shop):
    shop.settings["CRON_ALERTS"] = "every 24h"
    shop.run("alerts")
    old = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=3)
    shop.database.run("INSERT INTO cron_runs (job, due_at, cause, status, started_at, finished_at) SELECT job, %s + n * interval '1 s',"
                      " 'schedule', 'completed', %s, %s FROM generate_series(1, 5) n, unnest(ARRAY['alerts', 'sitemap']) job",
                      [old, old, old])
    shop.run("alerts")
    due = shop.database.value("INSERT INTO cron_runs (job, due_at, cause, status, finished_at) VALUES ('alerts', %s, 'schedule',"
                              " 'completed', %s) RETURNING id", [old, old])
    shop.run("alerts")
    assert shop.run("clean_logs")["cron_runs"] == 5
    assert shop.database.value("SELECT 1 FROM cron_runs WHERE id = %s", [due]), "by its row cron knows that it has been"
    assert shop.database.value("SELECT count(*) FROM cron_runs WHERE job = 'sitemap'") == 5


def test_the_same_as_metrics(shop):
    shop.start_cron(METRICS_LISTEN=f"127.0.0.1:{shop.metrics_port}")
    paid_order(shop, 20)
    shop.database.run("INSERT INTO journal_segments (id, sealed, served, settled) VALUES (gen_random_uuid(), 2, 3, '{[0,2)}')")
    shop.database.run("INSERT INTO roles_seen VALUES ('sms', now() - interval '6 minutes'), ('of strangers', now())")
    text = eventually(lambda: [body for body in [metrics_of(shop.metrics_port)] if 'coupon_workers_alive{role="cron"} 1' in body],
                      "the worker's own heartbeat")[0]
    for line in ("coupon_clicks_missing 1", "coupon_clicks_pending 0", "coupon_orders_unfulfilled 1",
                 'coupon_workers_alive{role="sms"} 0'):
        assert line in text.splitlines(), text
    assert "strangers" not in text
