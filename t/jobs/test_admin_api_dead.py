"""Dead letters through the API: list, search, show, retry, purge."""
import pytest

from .admin_api_fixtures import api_shop, idle_api_shop  # noqa: F401
from .admin_api_shop import BODIES, DEAD_TABLES, READER, WHY

NOBODY = "00000000-0000-4000-8000-000000000000"
QUEUES = list(BODIES)


@pytest.mark.parametrize("queue", QUEUES)
def test_a_dead_letter_is_listed_shown_and_retried(api_shop, queue):
    id = api_shop.add_dead(queue, correlation_id="trace-7")
    listed = api_shop.get(f"queue/dlq/{queue}")
    assert listed["total"] == 1 and listed["next"] is None
    item = listed["items"][0]
    assert (item["id"], item["attempts"], item["last_error"], item["correlation_id"]) == (
        id, 5, "it was refused", "trace-7")
    shown = api_shop.get(f"queue/dlq/{queue}/{id}")
    assert shown.items() >= item.items() and "data" in shown
    answer = api_shop.post(f"queue/dlq/{queue}/{id}/retry")
    assert answer.status == 200 and answer.json == {"retried": 1}
    job = api_shop.job(queue, id)
    assert (job["status"], job["attempts"], job["starts"], job["last_error"]) == ("pending", 0, 0, None)
    act, = api_shop.acts("dlq.retry")
    assert (act["actor"], act["entity"], act["entity_id"]) == ("admin:robot-operator", DEAD_TABLES[queue], id)
    assert act["details"]["reason"] == WHY["reason"] and act["details"]["ids"] == [id]
    assert api_shop.get(f"queue/dlq/{queue}")["total"] == 0
    assert api_shop.post(f"queue/dlq/{queue}/{id}/retry").status == 404, "it is no dead letter any more"
    assert len(api_shop.acts("dlq.retry")) == 1


@pytest.mark.parametrize("queue", QUEUES)
def test_purging_leaves_what_is_alive(api_shop, queue):
    dead, other, alive = (api_shop.add_dead(queue), api_shop.add_dead(queue),
                          api_shop.add_dead(queue, status="pending"))
    assert api_shop.delete(f"queue/dlq/{queue}/{dead}").json == {"purged": 1}
    assert api_shop.delete(f"queue/dlq/{queue}/{alive}").status == 404
    assert api_shop.delete(f"queue/dlq/{queue}", {"ids": [other, alive], **WHY}).json == {"purged": 1}
    assert api_shop.job(queue, dead) is None and api_shop.job(queue, other) is None
    assert api_shop.job(queue, alive)["status"] == "pending"
    assert [act["details"]["count"] for act in api_shop.acts("dlq.purge")] == [1, 1]


def test_a_retried_message_is_sent_by_its_worker(api_shop):
    api_shop.start_email()
    id = api_shop.add_dead("email")
    assert api_shop.post(f"queue/dlq/email/{id}/retry").json == {"retried": 1}
    api_shop.is_sent(id)
    assert api_shop.events(id) == ["replayed", "sent"]
    assert api_shop.get("queue/dlq/email")["total"] == 0


def test_a_retried_webhook_is_processed_by_its_worker(api_shop):
    id = api_shop.add_dead("webhooks")
    api_shop.start_worker()
    assert api_shop.post("queue/dlq/webhooks/retry", {"ids": [id], **WHY}).json == {"retried": 1}
    assert api_shop.ends("webhooks", id)["outcome"] == "ignored"


def test_what_may_have_been_sent_is_sent_again_only_where_that_is_asked_for(api_shop):
    lost = api_shop.add_dead("sms", delivery_status="unknown")
    plain = api_shop.add_dead("sms")
    assert {item["id"]: item["unknown"] for item in api_shop.get("queue/dlq/sms")["items"]} == {lost: True, plain: False}
    answer = api_shop.post(f"queue/dlq/sms/{lost}/retry")
    assert answer.status == 409 and "may have been sent" in answer.json["error"]["message"]
    counted = api_shop.post("queue/dlq/sms/retry", {"all": True, "dry_run": True}).json
    assert counted == {"matching": 2, "left_out": 1}
    assert api_shop.post("queue/dlq/sms/retry", {"all": True, "confirm": 2, **WHY}).json == {"retried": 1}
    assert api_shop.job("sms", lost)["status"] == "failed" and api_shop.job("sms", plain)["status"] == "pending"
    assert api_shop.post(f"queue/dlq/sms/{lost}/retry", {"unknown": True, **WHY}).json == {"retried": 1}
    assert api_shop.job("sms", lost)["delivery_status"] is None
    assert api_shop.acts("dlq.retry")[-1]["details"]["unknown"] is True


def test_a_webhook_that_was_never_believed_is_not_replayed(api_shop):
    refused = api_shop.add_dead("webhooks", verdict="bad")
    purged = api_shop.add_dead("webhooks", body=None)
    for id in (refused, purged):
        assert api_shop.post(f"queue/dlq/webhooks/{id}/retry").status == 409
        assert api_shop.job("webhooks", id)["status"] == "failed"
    assert api_shop.post("queue/dlq/webhooks/retry", {"all": True, "dry_run": True}).json == {"matching": 2, "left_out": 2}
    assert api_shop.post("queue/dlq/webhooks/retry", {"all": True, "confirm": 2, **WHY}).json == {"retried": 0}
    assert api_shop.acts("dlq.retry") == []


def test_all_that_match_are_counted_first_and_the_number_is_confirmed(api_shop):
    matching = [api_shop.add_dead("outbox", last_error=f"answered 503 by {n}") for n in range(3)]
    other = api_shop.add_dead("outbox", last_error="answered 404")
    asked = {"all": True, "q": "Answered 503"}
    assert api_shop.post("queue/dlq/outbox/retry", {**asked, "dry_run": True}).json == {"matching": 3, "left_out": 0}
    matching.append(api_shop.add_dead("outbox", last_error="answered 503 by now"))
    answer = api_shop.post("queue/dlq/outbox/retry", {**asked, "confirm": 3, **WHY})
    assert answer.status == 409 and answer.code == "conflict" and answer.json["matching"] == 4
    assert all(api_shop.job("outbox", id)["status"] == "failed" for id in matching) and api_shop.acts("dlq.retry") == []
    assert api_shop.post("queue/dlq/outbox/retry", {**asked, "confirm": 4, **WHY}).json == {"retried": 4}
    assert all(api_shop.job("outbox", id)["status"] == "pending" for id in matching)
    assert api_shop.job("outbox", other)["status"] == "failed"
    act, = api_shop.acts("dlq.retry")
    assert act["details"]["q"] == "Answered 503" and act["details"]["count"] == 4
    assert api_shop.delete("queue/dlq/outbox", {"all": True, "confirm": 2, **WHY}).status == 409
    assert api_shop.delete("queue/dlq/outbox", {"all": True, "confirm": 1, **WHY}).json == {"purged": 1}
    assert api_shop.job("outbox", other) is None


def test_who_only_counts_purges_nothing(api_shop):
    dead = api_shop.add_dead("outbox")
    for answer in (api_shop.delete(f"queue/dlq/outbox/{dead}", {"dry_run": True, **WHY}),
                   api_shop.post(f"queue/dlq/outbox/{dead}/retry", {"dry_run": True, **WHY})):
        assert answer.status == 400 and answer.code == "bad_request"
    assert api_shop.job("outbox", dead)["status"] == "failed"


@pytest.mark.parametrize("q, expected", [
    ("100%", ["at 100% load"]), ("a_b", ["a_b"]), ("\\", ["back\\slash"]), ("'; DROP TABLE outbox; --", []),
    ("TRACE-9", ["found by its trace"]), ("fulfill", ["at 100% load", "axb", "a_b", "back\\slash", "found by its trace"])])
def test_a_search_finds_what_it_says(api_shop, q, expected):
    for error in ("at 100% load", "axb", "a_b", "back\\slash"):
        api_shop.add_dead("outbox", last_error=error)
    id = api_shop.add_dead("outbox", last_error="found by its trace", correlation_id="trace-9")
    answer = api_shop.client(READER).get("api/v1/queue/dlq/outbox?q=" + "".join(f"%{ord(c):02x}" for c in q))
    assert answer.status == 200 and sorted(item["last_error"] for item in answer.json["items"]) == sorted(expected)
    assert answer.json["total"] == len(expected)
    assert api_shop.get(f"queue/dlq/outbox?q={id[:13]}")["items"][0]["id"] == id


def test_pages_have_each_dead_letter_once(api_shop):
    ids = {api_shop.add_dead("email", created_at=f"2026-01-01 00:00:{n // 3:02}+00") for n in range(10)}
    seen, after = [], ""
    while True:
        page = api_shop.get(f"queue/dlq/email?limit=3{after}")
        seen += [item["id"] for item in page["items"]]
        assert page["total"] == 10
        if page["next"] is None:
            break
        after = "&after=" + page["next"]
    assert len(seen) == 10 and set(seen) == ids


def test_rejected_clicks_are_listed_and_stay(api_shop):
    api_shop.database.run("INSERT INTO click_rejects (id, reason, raw) VALUES (gen_random_uuid(), 'no offer', %s)",
                          ['{"v":1,"ip":"198.51.100.7","ua":"Mozilla","offer":3,"ref":"https://x.test/?token=1"}'])
    item, = api_shop.get("queue/dlq/clicks")["items"]
    assert item["type"] == "click" and item["last_error"] == "no offer" and item["attempts"] is None
    raw = api_shop.get(f"queue/dlq/clicks/{item['id']}")["raw"]
    assert "198.51.100.0/24" in raw and "Mozilla" not in raw and "token=1" not in raw
    for answer in (api_shop.post(f"queue/dlq/clicks/{item['id']}/retry"), api_shop.delete(f"queue/dlq/clicks/{item['id']}"),
                   api_shop.delete("queue/dlq/clicks", {"all": True, "confirm": 1, **WHY})):
        assert answer.status == 409 and "accounting" in answer.json["error"]["message"]
    assert api_shop.get("queue/dlq/clicks")["total"] == 1


def test_only_an_operator_changes_anything(api_shop):
    id = api_shop.add_dead("email")
    before = api_shop.job("email", id)
    for answer in (api_shop.post(f"queue/dlq/email/{id}/retry", role=READER),
                   api_shop.post("queue/dlq/email/retry", {"ids": [id], **WHY}, role=READER),
                   api_shop.post("queue/dlq/email/retry", {"all": True, "dry_run": True}, role=READER),
                   api_shop.delete(f"queue/dlq/email/{id}", role=READER),
                   api_shop.delete("queue/dlq/email", {"all": True, "confirm": 1, **WHY}, role=READER)):
        assert answer.status == 403 and answer.code == "forbidden"
    assert api_shop.job("email", id) == before
    assert api_shop.acts("dlq.retry") == api_shop.acts("dlq.purge") == []


@pytest.mark.parametrize("body, why", [
    ({}, "select some"), ({"all": True, "ids": ["x"]}, "select some"), ({"ids": []}, "ids"), ({"ids": "x"}, "ids"),
    ({"ids": [NOBODY] * 1001}, "ids"), ({"ids": ["nobody"], **WHY}, "no id of this queue"),
    ({"ids": [NOBODY]}, "reason"), ({"ids": [NOBODY], "reason": "  "}, "reason"), ({"ids": [NOBODY], "reason": 7}, "reason"),
    ({"all": True, **WHY}, "confirm"), ({"all": True, "confirm": -1, **WHY}, "confirm"),
    ({"all": True, "confirm": "1", **WHY}, "confirm"), ({"all": "yes", **WHY}, "all"),
    ({"all": True, "q": "a\u0000b", "confirm": 1, **WHY}, "q"), (b"[1]", "JSON object"), (b"{", "JSON object"),
    ({"ids": [NOBODY], "reason": "x" * 501}, "reason")])
def test_a_body_that_cannot_be_used_changes_nothing(api_shop, body, why):
    id = api_shop.add_dead("email")
    answer = api_shop.post("queue/dlq/email/retry", body)
    assert answer.status == 400 and why in answer.json["error"]["message"], answer
    assert api_shop.job("email", id)["status"] == "failed" and api_shop.acts("dlq.retry") == []


@pytest.mark.parametrize("path, status", [
    ("queue/dlq/nothing", 404), ("queue/dlq/email/nobody", 404), (f"queue/dlq/email/{NOBODY}", 404),
    ("queue/dlq/email?limit=0", 400), ("queue/dlq/email?limit=501", 400), ("queue/dlq/email?limit=ten", 400),
    ("queue/dlq/email?after=x", 400), ("queue/dlq/email?after=WyIxIiwiMiJd", 400), ("queue/dlq/email?q=%00", 400),
    ("queue/dlq/email?q=%ff", 400), ("queue/dlq/email?q=" + "x" * 201, 400), ("queue/delayed/clicks", 404)])
def test_a_question_that_cannot_be_answered(api_shop, path, status):
    answer = api_shop.client(READER).get("api/v1/" + path)
    assert answer.status == status and answer.json["error"]["message"], answer


def test_integer_ids_of_a_back_end_are_found(api_shop):
    api_shop.database.run("ALTER TABLE email_queue DROP COLUMN id; ALTER TABLE email_queue ADD id serial PRIMARY KEY")
    ids = [api_shop.add_dead("email") for _ in range(3)]
    assert [item["id"] for item in api_shop.get("queue/dlq/email?limit=2")["items"]] == ids[:0:-1]
    assert api_shop.post("queue/dlq/email/retry", {"ids": [int(ids[0]), ids[1]], **WHY}).json == {"retried": 2}
    assert api_shop.get(f"queue/dlq/email/{ids[2]}")["id"] == ids[2]
    assert api_shop.client(READER).get(f"api/v1/queue/dlq/email/{NOBODY}").status == 404
