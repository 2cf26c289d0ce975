"""Who works, what waits, and jobs by minute."""
import datetime
import json
import time

from harness.waiting import eventually

from .admin_api_fixtures import api_shop, idle_api_shop  # noqa: F401
from .admin_api_shop import READER
from .job_shop import record


def workers(shop, role):
    return [worker for worker in shop.get("health/workers")["workers"] if worker["role"] == role]


def queue(shop, name):
    return next(entry for entry in shop.get("queue/stats")["queues"] if entry["name"] == name)


def soon(probe, what, within_s=30):
    return eventually(probe, what, within_s, every_s=0.3)


def test_a_worker_is_seen_while_it_lives_and_after(api_shop):
    process = api_shop.start_email()
    worker, = soon(lambda: workers(api_shop, "email"), "the worker is seen")
    assert worker["alive"] is True and worker["pid"] == process.pid and worker["id"].startswith("email:")
    alive = {role["role"]: role["alive"] for role in api_shop.get("health/workers")["roles"]}
    assert alive["email"] == 1 and alive["admin"] == 1 and alive["sms"] == 0
    # What the sampler has not written down yet, nobody remembers.
    soon(lambda: api_shop.database.row("SELECT id FROM worker_beats WHERE role = 'email'") is not None, "it is written down")
    process.kill()
    soon(lambda: workers(api_shop, "email")[0]["alive"] is False, "its end is seen, although its key still stands")
    api_shop.redis.delete(f"worker:heartbeat:{worker['id']}")
    gone, = workers(api_shop, "email")
    assert (gone["alive"], gone["id"], gone["pid"]) == (False, worker["id"], process.pid)
    assert {role["role"]: role["alive"] for role in api_shop.get("health/workers")["roles"]}["email"] == 0


def test_a_worker_that_died_at_once_is_remembered(idle_api_shop):
    process = idle_api_shop.start_email()
    process.kill()
    key, = idle_api_shop.redis.keys("worker:heartbeat:email:*")
    shop = idle_api_shop.start()
    soon(lambda: shop.database.row("SELECT id FROM worker_beats WHERE role = 'email'") is not None, "it is written down")
    seen, = workers(shop, "email")
    assert seen["alive"] is False
    # A beat that stands there is not seen again and again.
    first = shop.database.value("SELECT last_seen FROM worker_beats WHERE role = 'email'")
    looked = "SELECT last_seen FROM worker_beats WHERE role = 'admin'"
    before = shop.database.value(looked)
    soon(lambda: shop.database.value(looked) > before, "the sampler looked again")
    assert shop.database.value("SELECT last_seen FROM worker_beats WHERE role = 'email'") == first
    shop.redis.delete(key)
    gone, = workers(shop, "email")
    assert gone["alive"] is False and gone["pid"] == process.pid


def test_a_worker_that_stopped_is_listed_for_an_hour(api_shop):
    process = api_shop.start_email()
    soon(lambda: api_shop.database.row("SELECT id FROM worker_beats WHERE role = 'email'") is not None, "it is written down")
    assert process.stop() == 0
    soon(lambda: [worker["alive"] for worker in workers(api_shop, "email")] == [False], "it is listed as gone")
    api_shop.database.run("UPDATE worker_beats SET last_seen = last_seen - interval '61 minutes' WHERE role = 'email'")
    assert workers(api_shop, "email") == []


def test_jobs_are_counted_by_minute_and_role(api_shop):
    api_shop.start_worker()
    soon(lambda: api_shop.database.row("SELECT id FROM worker_beats WHERE role = 'webhooks'") is not None, "it is seen")

    def done():
        series = {entry["name"]: entry["done"] for entry in api_shop.get("queue/history?minutes=30")["series"]}
        return sum(count or 0 for count in series.get("webhooks", []))
    for batch in (1, 2):
        api_shop.push(*[record() for _ in range(25)])
        api_shop.drained()
        soon(lambda: done() >= 25 * batch, "they are in the chart")
    assert done() == api_shop.database.value("SELECT jobs FROM worker_beats WHERE role = 'webhooks'"), "each is counted once"


def test_two_admin_workers_count_nothing_twice(api_shop):
    api_shop.start_admin(ADMIN_LISTEN=f"unix:{api_shop.home}/other.sock")
    api_shop.start_worker()
    api_shop.push(*[record() for _ in range(40)])
    api_shop.drained()
    rates = "SELECT COALESCE(sum(jobs), 0)::int FROM worker_rates WHERE role = 'webhooks'"
    soon(lambda: api_shop.database.value(rates) >= 40, "they are counted")
    beats = api_shop.database.value("SELECT jobs FROM worker_beats WHERE role = 'webhooks'")
    assert api_shop.database.value(rates) == beats


def test_minutes_without_a_look_are_unknown_and_others_are_zero(idle_api_shop):
    idle_api_shop.database.run(
        "INSERT INTO worker_rates (minute, role, jobs) SELECT date_trunc('minute', now()) - m * interval '1 minute', role, jobs"
        " FROM (VALUES (3, 'email', 7), (3, 'sms', 2), (2, 'sms', 4), (90, 'email', 99)) AS r (m, role, jobs)")
    shop = idle_api_shop.start()
    history = shop.get("queue/history?minutes=5")
    series = {entry["name"]: entry["done"] for entry in history["series"]}
    assert history["step_s"] == 60 and len(series["email"]) == len(series["sms"]) == 5
    # A minute may have begun since the rows were made.
    first = series["sms"].index(2)
    assert series["email"][first:first + 2] == [7, 0] and series["sms"][first:first + 2] == [2, 4]
    assert series["email"][0] is None or first == 0
    at = datetime.datetime.fromisoformat(history["from"].replace("Z", "+00:00"))
    assert 200 < time.time() - at.timestamp() < 320


def test_depth_claims_and_ages_of_queues(api_shop):
    old = time.time() - 120
    api_shop.redis.rpush("queue:clicks", json.dumps({"ts": int(old * 1000)}), "{}", "no JSON")
    api_shop.redis.rpush("{queue:email}:processing:email:gone:1", json.dumps({"enqueued_at": old}))
    api_shop.redis.sadd("{queue:email}:claims", "email:gone:1")
    clicks, email = queue(api_shop, "clicks"), queue(api_shop, "email")
    assert (clicks["depth"], clicks["claimed"], clicks["table"], clicks["pending"]) == (3, 0, None, None)
    assert 118 <= clicks["oldest_due_s"] <= 150
    assert (email["depth"], email["claimed"]) == (0, 1) and 118 <= email["oldest_due_s"] <= 150
    assert queue(api_shop, "outbox")["depth"] is None


def test_jobs_by_state(api_shop):
    for columns in ({"status": "pending", "scheduled_at": "2026-01-01 00:00:00+00"}, {"status": "pending"},
                    {"status": "pending", "scheduled_at": "2099-01-01 00:00:00+00"}, {"status": "processing"},
                    {"status": "completed"}, {}, {}):
        api_shop.add_dead("outbox", **columns)
    outbox = queue(api_shop, "outbox")
    assert {name: outbox[name] for name in ("pending", "due", "delayed", "processing", "failed")} == {
        "pending": 3, "due": 2, "delayed": 1, "processing": 1, "failed": 2}
    assert outbox["table"] == "outbox" and outbox["oldest_due_s"] > 10_000
    assert queue(api_shop, "sms")["oldest_due_s"] is None


def test_a_heartbeat_that_is_none_is_left_out(api_shop):
    for key, value in (("x", "no JSON"), ("y:z", "[1]"), ("email:h:1", json.dumps({"pid": "1", "jobs": {}, "rate": None}))):
        api_shop.redis.set(f"worker:heartbeat:{key}", value, ex=60)
    seen = {worker["id"] for worker in api_shop.get("health/workers")["workers"]}
    assert "email:h:1" in seen and not seen & {"x", "y:z"}
    assert api_shop.client(READER).get("api/v1/queue/history?minutes=1441").status == 400
