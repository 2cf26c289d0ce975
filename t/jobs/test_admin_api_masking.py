"""What the API shows of personal data, and what it never shows."""
import base64
import json

import psycopg2.extras
import pytest

from .admin_api_fixtures import api_shop, idle_api_shop  # noqa: F401
from .admin_api_shop import OPERATOR, READER

PERSONAL = {"name": "Asha Kumar", "email": "asha@example.com", "mobile": "+919876543210",
            "address": {"line1": "12 Lake Road", "city": "Mysuru"}, "note": "ring the bell twice", "upi_id": "asha@okbank",
            "user_agent": "Mozilla/5.0 (Asha's phone)", "ip": "198.51.100.77", "card_last4": 4242}
HARMLESS = {"order_id": 812, "orderStatus": "fulfilled", "amount": "499.00", "created_at": "2026-11-21T10:00:00Z"}
SECRET = {"otp": "482913", "voucher_codes": ["GIFT-1234-ABCD"], "code": "SAVE50-XYZ", "token": "tok_77aa88bb",
          "reset_url": "https://shop.test/reset/5f5f5f5f", "password": "hunter22", "items": [{"pin": 9911, "voucher": "V-777"}],
          "X-Signature": "sha256=99ab", "Authorization": "Bearer zzz9", "api_key": "key-4411"}
TELLING = ["Asha Kumar", "asha@", "9876543210", "Lake Road", "Mysuru", "bell twice", "okbank", "Mozilla", "198.51.100.77", "4242"]
FORBIDDEN = ["482913", "GIFT-1234", "SAVE50", "tok_77", "5f5f5f5f", "hunter22", "9911", "V-777", "99ab", "zzz9", "4411"]


def assert_masked(text):
    for word in TELLING + FORBIDDEN:
        assert word not in text, f"{word} is shown: {text}"
    for value in ("812", "fulfilled", "499.00", "2026-11-21T10:00:00Z"):
        assert value in text, f"{value} is hidden: {text}"


def assert_unmasked(text):
    for word in FORBIDDEN:
        assert word not in text, f"{word} is shown: {text}"
    for word in TELLING:
        assert word in text, f"{word} is hidden: {text}"


def body(shop, path, role=READER):
    answer = shop.client(role).get("api/v1/" + path)
    assert answer.status == 200, answer
    return answer.body.decode()


@pytest.mark.parametrize("queue", ["email", "outbox", "cashback"])
def test_data_is_masked_by_the_names_of_its_members(api_shop, queue):
    more = {"type": "order_confirmation"} if queue == "email" else {}
    id = api_shop.add_dead(queue, data=json.dumps({**PERSONAL, **HARMLESS, **SECRET}), **more)
    assert_masked(body(api_shop, f"queue/dlq/{queue}/{id}"))
    assert_unmasked(body(api_shop, f"queue/dlq/{queue}/{id}?unmask=1", OPERATOR))
    act, = api_shop.acts("admin.unmask")
    assert (act["actor"], act["entity_id"]) == ("admin:robot-operator", id)


def test_a_password_is_never_shown_whatever_its_member_is_called(api_shop):
    id = api_shop.add_dead("email", type="password_reset", data=json.dumps({"name": "Asha", "text": "say 482913", "n": 482913}))
    for path, role in ((f"queue/dlq/email/{id}", READER), (f"queue/dlq/email/{id}?unmask=1", OPERATOR)):
        assert "482913" not in body(api_shop, path, role)


def test_recipients_and_errors_are_masked_in_lists(api_shop):
    api_shop.add_dead("email", last_error="550 no mailbox asha@example.com here; call +919876543210")
    api_shop.add_dead("sms", status="pending", scheduled_at="2099-01-01 00:00:00+00")
    item, = api_shop.get("queue/dlq/email")["items"]
    assert item["to"] == "a…@example.com"
    assert item["last_error"] == "550 no mailbox a…@example.com here; call +91••••••••10"
    waiting, = api_shop.get("queue/delayed/sms")["items"]
    assert waiting["to"] == "+91••••••••10" and waiting["scheduled_at"].startswith("2099-01-01T00:00:00")
    assert api_shop.get("queue/dlq/email?unmask=1", OPERATOR)["items"][0]["to"] == "asha@example.com"
    assert api_shop.get("queue/delayed/sms?unmask=1", OPERATOR)["items"][0]["to"] == "+919876543210"
    assert [act["entity"] for act in api_shop.acts("admin.unmask")] == ["email_queue", "sms_queue"]


@pytest.mark.parametrize("content", ["json", "form", "nonsense"])
def test_a_webhook_is_masked_as_a_whole(api_shop, content):
    everything = {**PERSONAL, **HARMLESS, **SECRET}
    text = {"json": json.dumps({"payload": everything}), "nonsense": " ".join(map(str, everything.values())),
            "form": "&".join(f"{name}={value}".replace(" ", "+") for name, value in everything.items()
                             if not isinstance(value, (dict, list)))}[content]
    id = api_shop.add_dead("webhooks", provider="razorpay", body=psycopg2.Binary(text.encode()), remote="198.51.100.77",
                           headers=json.dumps({"content-type": "application/json", "x-razorpay-signature": "99ab",
                                               "authorization": "Bearer zzz9", "user-agent": "Mozilla/5.0",
                                               "x-razorpay-event-id": "evt_812"}),
                           fields=json.dumps(everything), query="order_id=812&token=tok_77aa88bb&email=asha@example.com")
    masked = body(api_shop, f"webhooks/{id}")
    assert_masked(masked)
    shown = json.loads(masked)
    assert shown["remote"] == "198.51.100.0/24" and shown["body_bytes"] == len(text.encode())
    assert shown["headers"]["x-razorpay-event-id"] == "evt_812" and shown["headers"]["content-type"] == "application/json"
    assert (shown["body"] is None) == (content == "nonsense")
    assert_unmasked(body(api_shop, f"webhooks/{id}?unmask=1", OPERATOR))


def test_the_payload_that_phonepe_wraps_is_masked_like_any_other(api_shop):
    payload = base64.b64encode(json.dumps({"code": "PAYMENT_SUCCESS", "data": {
        "merchantTransactionId": "MT-812", "state": "COMPLETED", "upi_id": "asha@okbank", "token": "tok_77aa88bb"}}).encode())
    id = api_shop.add_dead("webhooks", provider="phonepe",
                           body=psycopg2.Binary(json.dumps({"response": payload.decode()}).encode()))
    masked = body(api_shop, f"webhooks/{id}")
    assert "MT-812" in masked and "COMPLETED" in masked and "okbank" not in masked and payload.decode() not in masked
    unmasked = body(api_shop, f"webhooks/{id}?unmask=1", OPERATOR)
    assert "okbank" in unmasked and "tok_77" not in unmasked


def test_audit_rows_are_masked_as_well(api_shop):
    api_shop.database.run("INSERT INTO audit_logs (actor, action, entity, entity_id, details) VALUES"
                          " ('alice@desk', 'suppressions.add', 'suppressions', 'asha@example.com', %s)",
                          [json.dumps({"address": "asha@example.com", "detail": "asked by phone", "reason": "of asha@example.com",
                                       "token": "tok_77aa88bb"})])
    item, = api_shop.get("audit")["items"]
    assert item["actor"] == "alice@desk" and item["entity_id"] == "a…@example.com"
    assert item["details"]["reason"] == "of a…@example.com" and "asha@" not in json.dumps(item)
    unmasked = api_shop.get("audit?unmask=1", OPERATOR)["items"]
    assert unmasked[0]["action"] == "admin.unmask" and unmasked[1]["details"]["address"] == "asha@example.com"
    assert "tok_77" not in json.dumps(unmasked)


@pytest.mark.parametrize("path", ["queue/dlq/email", "queue/dlq/email/{id}", "queue/delayed/email", "webhooks/{log}", "audit"])
def test_only_an_operator_unmasks(api_shop, path):
    path = path.format(id=api_shop.add_dead("email"), log=api_shop.add_dead("webhooks"))
    answer = api_shop.client(READER).get(f"api/v1/{path}?unmask=1")
    assert answer.status == 403 and b"asha@" not in answer.body
    assert api_shop.acts("admin.unmask") == []


def test_nesting_without_end_and_odd_values_do_no_harm(api_shop):
    odd = {"": "nameless", "a": [None, True, {"b": []}], "n": 1e308, "email": ["asha@example.com", 7], "ids": [1, 2]}
    for data in (json.dumps({"deep": json.loads("[" * 200 + "]" * 200)}), json.dumps(odd)):
        shown = body(api_shop, f"queue/dlq/outbox/{api_shop.add_dead('outbox', data=data)}")
        assert "asha@" not in shown and "nameless" not in shown
    deep = "[" * 30_000 + "]" * 30_000
    id = api_shop.add_dead("outbox", raw=deep)
    assert json.loads(body(api_shop, f"queue/dlq/outbox/{id}"))["raw"] is None
    log = api_shop.add_dead("webhooks", body=psycopg2.Binary(deep.encode()))
    assert json.loads(body(api_shop, f"webhooks/{log}"))["body"] is None
    nested = b'{"ids":[' + deep.encode()[:60_000] + b'],"reason":"x"}'
    assert api_shop.client(OPERATOR).request("POST", "api/v1/queue/dlq/outbox/retry", nested).status == 400
