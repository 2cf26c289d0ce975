"""Webhooks, cron, the audit, live events and openapi.json."""
import json
import re

import jsonschema
import pytest

from harness.environment import CHECKOUT
from harness.waiting import eventually

from .admin_api_fixtures import api_shop, idle_api_shop  # noqa: F401
from .admin_api_shop import BODIES, OPERATOR, READER, WHY
from .job_shop import record

OPENAPI = json.loads((CHECKOUT / "workers/admin/openapi.json").read_text())
ELSEWHERE = {("get", "/api/v1/session"), ("post", "/api/v1/session"), ("delete", "/api/v1/session"),
             ("get", "/api/v1/events"), ("get", "/metrics")}  # the server's own


# --- webhooks

def test_webhooks_are_found_by_what_is_asked(api_shop):
    paid = api_shop.add_dead("webhooks", provider="razorpay", event="payment.captured", status="completed", outcome="applied",
                             outcome_reason="order 812 is paid")
    odd = api_shop.add_dead("webhooks", provider="cashfree", event="odd", correlation_id="trace-5",
                            received_at="2026-01-01 00:00:00+00")

    def found(query):
        return [item["id"] for item in api_shop.get("webhooks" + query)["items"]]
    assert found("") == [paid, odd]
    for query in ("provider=razorpay", "status=completed", "outcome=applied", "q=order%20812", "q=PAYMENT.capt", "since=6h",
                  f"q={paid}"):
        assert found("?" + query) == [paid], query
    for query in ("provider=cashfree", "status=failed", "q=trace-5", "provider=cashfree&since=2025-12-31T00:00:00Z"):
        assert found("?" + query) == [odd], query
    assert found("?provider=nobody") == found("?q=%25") == []
    page = api_shop.get("webhooks?limit=1")
    assert [item["id"] for item in page["items"]] == [paid]
    assert found("?limit=1&after=" + page["next"]) == [odd]
    for query in ("status=x", "since=soon", "limit=-1", "after=!!"):
        assert api_shop.client(READER).get("api/v1/webhooks?" + query).status == 400, query


def test_a_replayed_webhook_is_processed_anew_by_its_worker(api_shop):
    entry = record()
    api_shop.start_worker()
    api_shop.push(entry)
    first = eventually(lambda: (row := api_shop.row(entry)) and row["status"] == "completed" and row, "it is processed", 20)
    answer = api_shop.post(f"webhooks/{entry['id']}/replay")
    assert answer.status == 200 and answer.json == {"replayed": 1}
    again = eventually(lambda: (row := api_shop.row(entry))["status"] == "completed" and row["finished_at"] > first["finished_at"]
                       and row, "it is processed again", 20)
    assert again["outcome"] == first["outcome"]
    act, = api_shop.acts("webhooks.replay")
    assert (act["actor"], act["entity_id"], act["details"]["reason"]) == ("admin:robot-operator", entry["id"], WHY["reason"])


def test_what_cannot_be_replayed_is_refused(api_shop):
    for columns in ({"status": "processing"}, {"verdict": "bad", "status": "completed"}, {"body": None}):
        id = api_shop.add_dead("webhooks", **columns)
        before = api_shop.job("webhooks", id)
        assert api_shop.post(f"webhooks/{id}/replay").status == 409
        assert api_shop.job("webhooks", id) == before
    assert api_shop.post("webhooks/00000000-0000-7000-8000-000000000000/replay").status == 404
    assert api_shop.post("webhooks/nobody/replay").status == 404
    alive = api_shop.add_dead("webhooks")
    assert api_shop.post(f"webhooks/{alive}/replay", {}).status == 400
    assert api_shop.post(f"webhooks/{alive}/replay", role=READER).status == 403
    assert api_shop.acts("webhooks.replay") == [] and api_shop.job("webhooks", alive)["status"] == "failed"


# --- cron

CRON_OFF = {f"CRON_{job}": "off" for job in ("EXPIRE_OFFERS", "WALLET_CHECK", "RELEASE_HOLDS", "TRIM_CATALOG_LOG", "ALERTS",
                                             "INVENTORY_SYNC", "SITEMAP", "CASHBACK_REMINDERS", "CLEAN_LOGS", "DEAD_ROWS")}


def test_a_job_that_is_asked_for_runs(api_shop):
    assert api_shop.get("cron")["jobs"] == []
    api_shop.start_worker(role="cron", **CRON_OFF | {"CRON_WALLET_CHECK": "daily 03:00"})
    jobs = eventually(lambda: {job["name"]: job for job in api_shop.get("cron")["jobs"]}, "the leader wrote its jobs", 30, 0.3)
    assert jobs["wallet_check"]["next_at"] and jobs["expire_offers"]["next_at"] is None
    assert api_shop.get("cron")["leader"].startswith("cron:") and jobs["wallet_check"]["last"] is None
    answer = api_shop.post("cron/wallet_check/run", {"reason": "a look"})
    assert answer.status == 202
    run = eventually(lambda: (runs := api_shop.get("cron/wallet_check/history")["runs"]) and runs[0]["finished_at"] and runs[0],
                     "it ran", 30, 0.3)
    assert (run["id"], run["status"], run["cause"], run["requested_by"]) == (
        answer.json["run"], "completed", "manual", "admin:robot-operator")
    assert run["duration_s"] >= 0 and isinstance(run["result"], dict)
    last = next(job for job in api_shop.get("cron")["jobs"] if job["name"] == "wallet_check")["last"]
    assert last["id"] == run["id"]
    act, = api_shop.acts("cron.run")
    assert act["entity_id"] == str(run["id"]) and act["details"] == {"job": "wallet_check", "reason": "a look"}


def test_a_run_is_asked_for_once(api_shop):
    api_shop.database.run("INSERT INTO cron_jobs (name, what, schedule, zone) VALUES ('sitemap', 'Map', 'off', 'UTC')")
    assert api_shop.post("cron/sitemap/run", {}).status == 202
    assert api_shop.post("cron/sitemap/run", {}).status == 409
    assert api_shop.post("cron/nothing/run", {}).status == 404
    assert api_shop.post("cron/sitemap/run", {}, role=READER).status == 403
    assert api_shop.database.value("SELECT count(*) FROM cron_runs") == 1 and len(api_shop.acts("cron.run")) == 1
    assert api_shop.get("cron/nothing/history") == {"runs": []}


# --- the audit

def test_the_audit_lists_newest_first_in_pages(api_shop):
    for number in range(5):
        api_shop.database.run("INSERT INTO audit_logs (actor, action, entity, created_at) VALUES"
                              " ('alice', %s, 'x', '2026-01-01 00:00:00+00')", [f"act {number}"])
    seen, after = [], ""
    while after is not None:
        page = api_shop.get("audit?limit=2" + after)
        seen += [item["action"] for item in page["items"]]
        after = page["next"] and "&after=" + page["next"]
    assert seen == [f"act {number}" for number in (4, 3, 2, 1, 0)]


# --- live events

def test_listeners_are_told_what_the_lists_say(api_shop):
    with api_shop.client().connect() as connection:
        connection.send(f"GET /admin/workers/api/v1/events HTTP/1.1\r\nHost: shop.test\r\n"
                        f"Authorization: Bearer {api_shop.token(READER)}\r\n\r\n".encode())
        text = ""

        def told(event):
            nonlocal text
            text += connection._socket.recv(65536).decode(errors="replace")
            found = re.findall(rf"event: {event}\ndata: (\{{.*\}})\n\n", text)
            return found and json.loads(found[-1])
        for event in ("workers", "queues", "accounting", "cron"):
            eventually(lambda: told(event), f"{event} is told", 20)
        api_shop.add_dead("outbox")
        eventually(lambda: next(queue["failed"] for queue in told("queues")["queues"] if queue["name"] == "outbox") == 1,
                   "the change is told", 20)


# --- openapi.json

def resolved(schema):
    return {**schema, "components": OPENAPI["components"]}


def test_openapi_describes_every_route_and_no_other(api_shop):
    described = {(method, path) for path, methods in OPENAPI["paths"].items() for method in methods}
    source = (CHECKOUT / "workers/admin/api/api_routes.cpp").read_text()
    verbs = {"get": "get", "post": "post", "remove": "delete"}
    routes = {(verbs[verb], "/" + path) for verb, path in re.findall(r'\b(get|post|remove)\("([^"]+)"', source)}
    assert len(routes) > 15 and described == routes | ELSEWHERE
    assert api_shop.client(READER).get("openapi.json").json == OPENAPI
    for path, methods in OPENAPI["paths"].items():
        for method, operation in methods.items():
            assert (operation.get("x-role") == "operator") == ("403" in operation["responses"] and method != "get"), path


def test_answers_are_as_openapi_says(api_shop):
    ids = {queue: api_shop.add_dead(queue) for queue in BODIES}
    api_shop.add_dead("email", status="pending", scheduled_at="2099-01-01 00:00:00+00")
    api_shop.database.run("INSERT INTO click_rejects (id, reason, raw) VALUES (gen_random_uuid(), 'no offer', '{}')")
    api_shop.database.run("INSERT INTO cron_jobs (name, what, schedule, zone) VALUES ('sitemap', 'Map', 'off', 'UTC')")
    api_shop.database.run("INSERT INTO cron_runs (job, due_at, cause, status, started_at, finished_at, result)"
                          " VALUES ('sitemap', now(), 'missed', 'failed', now(), now(), '{\"urls\": 3}')")
    api_shop.database.run("INSERT INTO worker_rates (minute, role, jobs) VALUES (date_trunc('minute', now()), 'email', 3)")
    api_shop.database.run("INSERT INTO offer_clicks (offer_id, merchant_id, device_type) VALUES (1, 1, 'mobile')")
    api_shop.post("cron/sitemap/run", {})
    values = {"{job}": "sitemap", "{name}": "email"}
    for path, methods in OPENAPI["paths"].items():
        if "get" not in methods or ("get", path) in ELSEWHERE:
            continue
        names = ids if "{name}/{id}" in path else [*ids, "clicks"] if "dlq" in path else ["email"]
        for name in names:
            url = path.replace("{name}", name).replace("{job}", values["{job}"])
            url = url.replace("{id}", ids["webhooks"] if "webhooks" in path else ids.get(name, ""))
            answer = api_shop.client(READER).get(url[1:])
            assert answer.status == 200, f"{url}: {answer}"
            schema = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            jsonschema.validate(answer.json, resolved(schema))


@pytest.mark.parametrize("method, path, status, body", [
    ("post", "/api/v1/queue/dlq/{name}/{id}/retry", 200, WHY), ("delete", "/api/v1/queue/dlq/{name}/{id}", 200, WHY),
    ("post", "/api/v1/queue/dlq/{name}/retry", 200, {"all": True, "dry_run": True}),
    ("post", "/api/v1/queue/dlq/{name}/retry", 200, {"all": True, "confirm": 1, **WHY}),
    ("delete", "/api/v1/queue/dlq/{name}", 409, {"all": True, "confirm": 9, **WHY}),
    ("post", "/api/v1/queue/dlq/{name}/{id}/retry", 400, {}), ("post", "/api/v1/queue/dlq/{name}/{id}/retry", 404, WHY)])
def test_acts_answer_as_openapi_says(api_shop, method, path, status, body):
    id = api_shop.add_dead("email", **{"status": "pending"} if status == 404 else {})
    answer = api_shop.client(OPERATOR).request(method.upper(), path.replace("{name}", "email").replace("{id}", id)[1:], body)
    assert answer.status == status, answer
    schema = OPENAPI["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json, resolved(schema))
