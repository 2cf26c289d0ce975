"""One id finds a click or a webhook in every log, and goes on with all that follows from it."""
import hashlib
import json
import re
import uuid

import pytest

from harness.environment import COUPON_WORKER
from harness.process import Process

from .payment_fixtures import idle_shop, paying_shop  # noqa: F401
from .paying_shop import PAID, razorpay, record
from .whole_shop import WholeShop

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GOOD = f"00-{TRACE}-00f067aa0ba902b7-01"


def traces(calls):
    """The trace ids that the calls carried; each has a span of its own."""
    headers = [re.fullmatch("00-([0-9a-f]{32})-([0-9a-f]{16})-01", call.headers["traceparent"]) for call in calls]
    assert len({header[2] for header in headers}) == len(headers)
    return [header[1] for header in headers]


def log_lines(text):
    """Each line is one JSON object."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def whole_shop(postgres, redis_server, template, message_shop):
    shop = WholeShop(postgres, redis_server, template, [message_shop])
    shop.edge.http_extra = (f"log_format traced escape=json '{{\"correlation_id\":\"$coupon_trace_id\",\"uri\":\"$uri\"}}';"
                            f"access_log {shop.edge.directory}/traced.log traced;")
    yield shop.start("webhooks", "email")
    shop.close()


def test_one_id_from_the_gateway_to_the_mail(whole_shop, message_shop):
    shop = whole_shop
    order, mail = shop.pay(traceparent=GOOD)
    assert shop.database.value("SELECT correlation_id FROM webhook_logs") == TRACE
    assert shop.database.value("SELECT correlation_id FROM outbox") == TRACE
    assert mail["correlation_id"] == TRACE
    call, = shop.backend.fulfill_calls(order.id)
    assert call.headers["x-correlation-id"] == TRACE
    assert traces([call, *message_shop.provider.sent]) == [TRACE] * 2

    def line_of(path):
        return [line for line in log_lines(path.read_text()) if line.get("correlation_id") == TRACE]
    assert [line["uri"] for line in line_of(shop.edge.directory / "traced.log")] == ["/webhooks/razorpay"]
    worker, = [line for line in line_of(shop.directory / "worker.log") if line["message"] == "an order is fulfilled"]
    assert worker["order"] == str(order.id) and "trace_id" not in worker


def test_without_a_trace_the_edges_own_id_goes_on(whole_shop, message_shop):
    order, mail = whole_shop.pay()
    id = whole_shop.database.value("SELECT correlation_id FROM webhook_logs")
    assert re.fullmatch("[0-9a-f]{32}", id) and mail["correlation_id"] == id
    calls = [*whole_shop.backend.fulfill_calls(order.id), *message_shop.provider.sent]
    assert traces(calls) == [id] * 2


def test_a_webhook_without_an_id_is_found_by_its_rows(paying_shop):
    order = paying_shop.order()
    entry = record("razorpay", razorpay("payment.captured", order))
    del entry["rid"]  # as an edge writes it whose configuration uses no id
    paying_shop.redis.rpush("queue:webhooks", json.dumps(entry))
    paying_shop.reaches(order, *PAID)
    call, = paying_shop.backend.fulfill_calls(order.id)
    assert traces([call]) == [uuid.UUID(entry["id"]).hex]
    assert call.headers["x-correlation-id"] == entry["id"]


def test_an_id_of_another_form_is_logged_with_its_trace(paying_shop):
    order = paying_shop.order()
    log_id = paying_shop.razorpay("payment.captured", order)
    paying_shop.reaches(order, *PAID)
    id = paying_shop.log_row(log_id)["correlation_id"]
    call, = paying_shop.backend.fulfill_calls(order.id)
    assert traces([call]) == [hashlib.sha256(id.encode()).hexdigest()[:32]]
    line, = [line for line in log_lines(paying_shop.log()) if line["message"] == "an order is fulfilled"]
    assert (line["correlation_id"], line["trace_id"]) == (id, traces([call])[0])


@pytest.mark.parametrize("given, expected", [
    (TRACE, TRACE),
    (TRACE.upper(), TRACE),
    ("550E8400-e29b-41d4-a716-446655440000", "550e8400e29b41d4a716446655440000"),
    ("0" * 32, None), ("order 17", None), ("x" * 256, None), ("käse", None), (17, None)], ids=str)
def test_what_a_correlation_id_becomes(message_shop, given, expected):
    id = message_shop.push_email(correlation_id=given)
    message_shop.start_email()
    message_shop.is_sent(id)
    assert message_shop.message(id)["correlation_id"] == str(given)
    assert traces(message_shop.provider.sent) == [expected or hashlib.sha256(str(given).encode()).hexdigest()[:32]]


def test_a_message_without_an_id_is_a_trace_of_its_own(message_shop):
    ids = [message_shop.push_email(), message_shop.add_row(data={"otp": "111111"}), message_shop.push_sms()]
    message_shop.start_email()
    message_shop.start_sms()
    for id, queue in zip(ids, ("email", "email", "sms")):
        message_shop.is_sent(id, queue)
    assert sorted(traces(message_shop.provider.sent)) == sorted(uuid.UUID(id).hex for id in ids)


def test_messages_that_travel_together_keep_their_own(message_shop):
    """Many under way on one thread, some of them again on a fresh connection."""
    sent = {message_shop.push_email(to=f"a{number}@shop.example", data={"otp": str(100000 + number)},
                                    correlation_id=f"{number:032x}"): f"{number:032x}" for number in range(1, 60)}
    message_shop.provider.after = 0.02
    message_shop.start_email("--in-flight", "16")
    for id in sent:
        message_shop.is_sent(id)
    assert {call.id: traces([call])[0] for call in message_shop.provider.sent} == sent


def test_a_network_is_asked_under_the_id_of_its_job(cashback_shop):
    cashback_shop.start_cashback()
    cashback_shop.finished_run("admitad")
    job = cashback_shop.add_job("run", "admitad", correlation_id=TRACE)
    cashback_shop.job_reaches(job, "completed")
    calls = [call for call in cashback_shop.admitad.calls if TRACE in call.headers.get("traceparent", "")]
    assert calls and set(traces(calls)) == {TRACE}


ROLES = ["clicks", "webhooks", "email", "sms", "cashback", "cron"]


@pytest.mark.parametrize("role", [*ROLES, "admin"])
def test_what_keeps_a_role_from_starting_is_a_line_of_its_log(message_shop, role):
    for wrong in ({"DATABASE_URL": ""}, {"REDIS_URL": "what"}, {"LOG_LEVEL": "loud"}, {"METRICS_LISTEN": "nowhere"}):
        log = message_shop.directory / f"{role}.log"
        log.unlink(missing_ok=True)
        process = Process([COUPON_WORKER, role], log, message_shop.environment | wrong)
        assert process.wait() == 2
        line, = log_lines(log.read_text())
        assert (line["level"], line["role"]) == ("error", role) and line["worker"] and line["time"]
        assert next(iter(wrong)) in line["error"]


@pytest.mark.parametrize("role", ROLES)
def test_every_line_is_json(cashback_shop, message_shop, role):
    """From the start to the end, with Redis and PostgreSQL away in between."""
    shop = cashback_shop if role == "cashback" else message_shop
    log = shop.directory / f"{role}.log"
    worker = Process([COUPON_WORKER, role], log, shop.environment | {"LOG_LEVEL": "debug"}).says('"started"')
    shop.database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                      " WHERE datname = current_database() AND pid <> pg_backend_pid()")
    shop.redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert worker.stop(within_s=40) == 0
    for line in log_lines(log.read_text()):
        assert list(line)[:5] == ["time", "level", "role", "worker", "message"] and line["role"] == role
