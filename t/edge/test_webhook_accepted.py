"""Each provider's webhook, signed as it signs: accepted, and its record holds the exact bytes."""
import base64
import json
import time
import uuid

import pytest

from harness import webhooks
from harness.nginx import Server
from harness.waiting import eventually


@pytest.fixture(scope="module")
def secrets():
    return webhooks.secret_files()


@pytest.fixture
def shop(new_shop, secrets):
    """An edge with a location for each provider; its webhooks stay in Redis."""
    return new_shop(click_worker=False, servers={"main": Server(extra=webhooks.locations(secrets))})


def records(shop, count):
    texts = eventually(lambda: shop.redis.llen("queue:webhooks") >= count
                       and shop.redis.lrange("queue:webhooks", 0, -1), f"{count} records in the queue")
    assert len(texts) == count
    return [json.loads(text) for text in texts]


def test_every_provider(shop):
    sent = {name: make() for name, (make, _) in webhooks.GOOD.items()}
    before = time.time() * 1000
    for name, webhook in sent.items():
        answer = webhook.send(shop.edge.port(), source="127.5.6.7")
        assert (answer.status, answer.text) == (200, "OK"), (name, answer)
    found = records(shop, len(sent))
    assert len({record["id"] for record in found}) == len(sent)
    for seq, (record, (name, webhook)) in enumerate(zip(found, sent.items())):
        path, _, query = webhook.path.partition("?")
        assert uuid.UUID(record["id"]).version == 7
        assert before - 50 <= record["ts"] <= time.time() * 1000 + 50
        assert base64.b64decode(record.get("body", "")) == webhook.body, name
        assert record["seq"] == seq and uuid.UUID(record["seg"])
        expected = {"v": 1, "provider": name.split()[0], "method": webhook.method, "remote": "127.5.6.7",
                    "verdict": "accepted", "trust": webhooks.GOOD[name][1], "edge": "edge-test"}
        if name in ("hmac", "standard-webhooks"):
            expected["provider"] = name
        assert {key: record[key] for key in expected} == expected
        assert record.get("query", "") == query
        assert path.startswith(record["location"]) and webhooks.TOKEN not in record["location"]
        for header, value in webhook.headers.items():
            if header != "Authorization":
                assert record["headers"][header.lower()] == value, name
        assert not {"authorization", "host"} & set(record.get("headers", {}))
        assert "reason" not in record


def test_outcomes_are_counted_by_provider(shop):
    for make, _ in webhooks.GOOD.values():
        make().send(shop.edge.port())
    stats = shop.edge.stats()["webhooks"]
    accepted = {name: outcomes["accepted"] for name, outcomes in stats["providers"].items()}
    assert sum(accepted.values()) == len(webhooks.GOOD)
    assert accepted["phonepe"] == 2 and accepted["admitad"] == 2 and accepted["twilio"] == 1
    assert stats["synced_records"] == len(webhooks.GOOD) and 1 <= stats["syncs"] <= len(webhooks.GOOD)
    metrics = shop.edge.get("/metrics").text
    assert 'coupon_webhooks_total{provider="razorpay",outcome="accepted"} 1' in metrics
    assert f"coupon_webhook_synced_records_total {len(webhooks.GOOD)}" in metrics


def test_every_byte_of_a_body_is_kept(shop):
    body = bytes(range(256)) * 300 + b"\r\n\x00"
    assert webhooks.razorpay(body).send(shop.edge.port()).status == 200
    record, = records(shop, 1)
    assert base64.b64decode(record["body"]) == body


def test_several_secrets_at_once(shop):
    for secret in (webhooks.SECRET, webhooks.OLD_SECRET):
        assert webhooks.razorpay(secret=secret).send(shop.edge.port()).status == 200
    for token in (webhooks.TOKEN, webhooks.OLD_TOKEN):
        assert webhooks.msg91(token).send(shop.edge.port()).status == 200
    records(shop, 4)


def test_fields_of_a_postback_under_our_names(shop):
    webhook = webhooks.postback("admitad", subid4="front-7", admitad_id="99", payment_status="approved", nonsense="1")
    assert webhook.send(shop.edge.port()).status == 200
    assert webhooks.postback("vcommission", p1="front-8", txn_id="t-9").send(shop.edge.port()).status == 200
    first, second = records(shop, 2)
    assert first["fields"] == {"click": "front-7", "id": "99", "status": "approved"}
    assert second["fields"] == {"click": "front-8", "id": "t-9"}


def test_a_click_id_of_the_edge_counts_in_a_postback_and_an_invented_one_does_not(shop):
    click = shop.click(shop.offer().path).headers["x-click-id"]
    assert webhooks.postback("admitad", subid4=click, admitad_id="1").send(shop.edge.port()).status == 200
    forged = click[:-1] + ("0" if click[-1] != "0" else "1")
    assert webhooks.postback("admitad", subid4=forged, admitad_id="1").send(shop.edge.port()).status == 401
    eventually(lambda: shop.redis.llen("queue:webhooks") == 2, "the accepted and the refused one")


def test_the_generation_of_the_queue_is_set(shop):
    webhooks.razorpay().send(shop.edge.port())
    records(shop, 1)
    assert shop.redis.get("queue:webhooks:gen")
    assert shop.redis.get("queue:webhooks:gen") != shop.redis.get("queue:clicks:gen")
