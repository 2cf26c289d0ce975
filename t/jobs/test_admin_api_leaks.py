"""Ways around the API's masks: names of members, numbers, searching, and what strangers write into Redis."""
import base64
import json

import psycopg2.extras
import pytest

from harness.waiting import eventually

from .admin_api_fixtures import api_shop, idle_api_shop  # noqa: F401
from .admin_api_shop import OPERATOR, READER


def body(shop, path, role=READER):
    answer = shop.client(role).get("api/v1/" + path)
    assert answer.status == 200, answer
    return answer.body.decode()


def with_body(shop, text):
    return shop.add_dead("webhooks", body=psycopg2.Binary(text.encode()))


def test_a_name_of_a_member_shows_no_more_than_its_value(api_shop):
    data = {"asha@example.com": {"status": "bounced"}, "919876543210": 1, "Asha Kumar, 12 Lake Road": 2, "order_id": 812}
    for shown in (body(api_shop, f"queue/dlq/outbox/{api_shop.add_dead('outbox', data=json.dumps(data))}"),
                  body(api_shop, f"webhooks/{with_body(api_shop, json.dumps(data))}"),
                  body(api_shop, f"webhooks/{with_body(api_shop, 'asha@example.com=1&919876543210=2&order_id=812&status=bounced')}")):
        assert "812" in shown and "bounced" in shown
        assert not any(word in shown for word in ("asha@", "9876543210", "Lake")), shown


def test_bytes_that_only_look_like_a_form_are_not_shown(api_shop):
    for text in ("asha@example.com:48", json.dumps({"email": "asha@example.com", "otp": "4829137"})):
        encoded = base64.b64encode(text.encode()).decode()
        assert encoded.endswith("=")
        for shown in (body(api_shop, f"webhooks/{with_body(api_shop, encoded)}"),
                      body(api_shop, f"queue/dlq/email/{api_shop.add_dead('email', raw=encoded)}")):
            assert encoded.rstrip("=") not in shown


def test_a_phone_number_that_is_a_number_is_masked_and_a_time_is_not(api_shop):
    data = {"number": 919876543210, "from": 919876543211, "status_at": 1763719200123, "amount": 12345678901}
    shown = body(api_shop, f"queue/dlq/outbox/{api_shop.add_dead('outbox', data=json.dumps(data))}")
    assert "1763719200123" in shown and "12345678901" in shown and "98765432" not in shown


def test_no_entry_of_messages_shows_a_password_whatever_its_member_is_called(api_shop):
    raw = json.dumps({"type": "otp", "to": "asha@example.com", "data": {"message": "say 482913"}})
    for columns in ({"type": "otp"}, {"type": "welcome"}):
        id = api_shop.add_dead("email", raw=raw, **columns)
        for path, role in ((f"queue/dlq/email/{id}", READER), (f"queue/dlq/email/{id}?unmask=1", OPERATOR)):
            assert "482913" not in body(api_shop, path, role)


ERROR = "550 no mailbox asha@example.com here; call +919876543210 or 9876543211"


@pytest.mark.parametrize("secret", ["asha", "asha@e", "+9198765", "876543210", "9876543211", "987654321"])
def test_searching_finds_nothing_out_that_is_not_shown(api_shop, secret):
    api_shop.add_dead("email", last_error=ERROR)
    log = api_shop.add_dead("webhooks", last_error=ERROR, outcome_reason=ERROR)
    for role in (READER, OPERATOR):
        client = api_shop.client(role)
        for shown, there in ((secret, 0), ("no mailbox", 1), ("@example.com here", 1)):
            word = shown.replace("+", "%2B").replace(" ", "+")
            assert client.get(f"api/v1/queue/dlq/email?q={word}").json["total"] == there, shown
            assert [item["id"] for item in client.get(f"api/v1/webhooks?q={word}").json["items"]] == [log] * there, shown
    asked = {"all": True, "q": secret, "dry_run": True}
    assert api_shop.post("queue/dlq/email/retry", asked).json["matching"] == 0


def test_what_strangers_write_as_heartbeats_keeps_no_worker_from_being_seen(api_shop):
    beat = {"host": "h", "pid": 1, "version": "1", "started": 1763719200, "jobs": 1, "rate": 1}
    for key, change in (("clicks:h:1", {"started": 9e18}), ("clicks:h:2", {"jobs": 1e300}), ("clicks:h:3", {"started": 2 ** 62}),
                        ("clicks:h:4", {"jobs": 2 ** 63 - 1}), ("clicks:h:5", {"jobs": 2 ** 63 - 1}), ("clicks:h:6", {"pid": -2 ** 63}),
                        ("clicks:h:7", {"host": "a\u0000b"}), (b"clicks:h:\xff\x00", {}), ("stranger:h:1", {}), ("clicks:" + "x" * 9000, {})):
        name = key if isinstance(key, bytes) else key.encode()
        api_shop.redis.set(b"worker:heartbeat:" + name, json.dumps(beat | change), ex=120)
    before = api_shop.database.value("SELECT now()")
    eventually(lambda: api_shop.database.value("SELECT count(*) FROM worker_beats WHERE role = 'admin' AND last_seen > %s", [before]),
               "the admin worker's own heartbeat is written down", 30)
    shown = api_shop.get("health/workers")
    assert {"admin", "clicks"} <= {worker["role"] for worker in shown["workers"]}
    assert "stranger" not in {role["role"] for role in shown["roles"]}
    assert api_shop.get("queue/history?minutes=5")["series"]


def test_an_answer_of_megabytes_arrives_as_a_whole(idle_api_shop, tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets" / "large.js").write_bytes(b"/" * 4 * 1024 * 1024)
    answer = idle_api_shop.start(DASHBOARD_DIR=str(tmp_path)).client(READER).get("assets/large.js")
    assert answer.status == 200 and len(answer.body) == 4 * 1024 * 1024
