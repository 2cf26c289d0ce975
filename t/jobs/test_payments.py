"""A payment's webhooks move it and its order, once."""
import itertools
import random

import pytest

from harness.waiting import eventually, stays

from .payment_fixtures import idle_shop, paying_shop  # noqa: F401
from .paying_shop import PAID, REFUNDED, razorpay


def test_a_captured_payment_is_fulfilled(paying_shop):
    order = paying_shop.order(total=500, wallet=50, mobile="+919800000001")
    log = paying_shop.razorpay("payment.captured", order)
    paying_shop.reaches(order, *PAID)
    row = paying_shop.done(log)
    assert (row["outcome"], row["event"]) == ("applied", "payment.captured")
    assert row["latency_ms"] >= 0
    payment = paying_shop.database.row("SELECT * FROM payments WHERE id = %s", [order.payment])
    assert payment["gateway_payment_id"] == "pay_1"
    call, = paying_shop.backend.fulfill_calls(order.id)
    assert call.headers["idempotency-key"] == f"fulfill:{order.id}"
    assert call.headers["authorization"] == "Bearer token-of-the-back-end"
    assert call.headers["x-correlation-id"] == row["correlation_id"]
    assert call.json["amount"] == "450.00"
    mail, = paying_shop.mails(order)
    assert (mail["type"], mail["to"]) == ("order_confirmation", f"visitor{order.number}@shop.example")
    assert mail["idempotency_key"] == f"order_confirmation:{mail['to']}:{order.id}"
    assert paying_shop.database.value('SELECT "to" FROM sms_queue') == "+919800000001"


def test_the_same_event_many_times_is_one_effect(paying_shop):
    orders = [paying_shop.order() for _ in range(4)]
    bodies = [razorpay("payment.captured", order, payment=f"pay_{order.id}") for order in orders for _ in range(50)]
    bodies += [razorpay("payment.authorized", order, payment=f"pay_{order.id}") for order in orders] * 5
    random.Random(7).shuffle(bodies)
    for body in bodies:
        paying_shop.push("razorpay", body)
    paying_shop.at_rest()
    for order in orders:
        assert paying_shop.state(order) == PAID
        assert len(paying_shop.mails(order)) == 1
        assert paying_shop.database.value(
            "SELECT count(*) FROM webhook_events WHERE payment_id = %s AND effect = 'success'", [order.payment]) == 1
    assert paying_shop.backend.fulfilled() == {order.id: 1 for order in orders}
    outcomes = dict((row["outcome"], row["count"]) for row in paying_shop.database.run(
        "SELECT outcome, count(*) FROM webhook_logs GROUP BY outcome"))
    assert outcomes["duplicate"] == len(bodies) - 8


def test_every_order_of_events_ends_alike(paying_shop):
    ends = []
    for permutation in itertools.permutations(["payment.authorized", "payment.captured", "payment.failed",
                                               "order.paid", "refund.processed"]):
        order = paying_shop.order()
        payment = f"pay_{order.id}"
        # Created first, then the refund's own events among the others.
        for event in permutation:
            refund = f"rfnd_{order.id}" if event.startswith("refund") else None
            body = razorpay(event, order, payment=payment, refund=refund)
            if event == "refund.processed":
                paying_shop.push("razorpay", razorpay("refund.created", order, payment=payment, refund=refund,
                                                      status="pending"))
            paying_shop.push("razorpay", body)
        ends.append(order)
    paying_shop.at_rest()
    assert {paying_shop.state(order) for order in ends} == {REFUNDED}
    assert all(times == 1 for times in paying_shop.backend.fulfilled().values())
    assert paying_shop.database.value("SELECT count(*) FROM webhook_events WHERE effect = 'refund'") == len(ends)


@pytest.mark.parametrize("change", [{"amount": 49999}, {"amount": 50001}, {"currency": "USD"}])
def test_other_money_than_due_is_reviewed(paying_shop, change):
    order = paying_shop.order()
    row = paying_shop.done(paying_shop.razorpay("payment.captured", order, **change))
    assert row["outcome"] == "review", row
    assert paying_shop.state(order) == ("created", "pending", "review")
    assert "an order needs a review" in paying_shop.log()
    stays(lambda: not paying_shop.backend.calls, "nobody fulfils it", 0.5)


def test_a_payment_of_less_than_its_order_is_reviewed(paying_shop):
    order = paying_shop.order(total=500, amount=400)
    assert paying_shop.done(paying_shop.razorpay("payment.captured", order))["outcome"] == "review"
    assert paying_shop.state(order)[2] == "review"


def test_a_second_payment_of_the_same_gateway_order_is_reviewed(paying_shop):
    order = paying_shop.order()
    paying_shop.razorpay("payment.captured", order)
    paying_shop.reaches(order, *PAID)
    row = paying_shop.done(paying_shop.razorpay("payment.captured", order, payment="pay_2"))
    assert row["outcome"] == "review"
    assert paying_shop.state(order) == ("success", "completed", "review")
    paying_shop.at_rest()
    assert paying_shop.backend.fulfilled() == {order.id: 1}
    assert len(paying_shop.mails(order)) == 1


def test_a_second_payment_row_of_a_paid_order_is_reviewed(paying_shop):
    order = paying_shop.order()
    second = paying_shop.add_payment(order, f"{order.gateway_order}_again")
    paying_shop.razorpay("payment.captured", order)
    paying_shop.reaches(order, *PAID)
    order.gateway_order += "_again"
    row = paying_shop.done(paying_shop.razorpay("payment.captured", order, payment="pay_2"))
    assert row["outcome"] == "review"
    assert paying_shop.database.value("SELECT status FROM payments WHERE id = %s", [second]) == "success"
    assert paying_shop.state(order)[2] == "review"
    paying_shop.at_rest()
    assert paying_shop.backend.fulfilled() == {order.id: 1}


def test_an_id_that_order_paid_does_not_tell_is_filled_in(paying_shop):
    order = paying_shop.order()
    body = razorpay("order.paid", order)
    del body["payload"]["payment"]
    paying_shop.done(paying_shop.push("razorpay", body))
    paying_shop.reaches(order, *PAID)
    assert paying_shop.done(paying_shop.razorpay("payment.captured", order))["outcome"] == "no-change"
    assert paying_shop.database.value("SELECT gateway_payment_id FROM payments WHERE id = %s", [order.payment]) == "pay_1"


@pytest.mark.parametrize("payment", ["created", "success"])
@pytest.mark.parametrize("status", ["pending", "processing"])
def test_an_order_the_back_end_calls_paid_is_fulfilled_once(paying_shop, payment, status):
    order = paying_shop.order()
    paying_shop.database.run("UPDATE orders SET payment_status = 'completed', status = %s WHERE id = %s",
                             [status, order.id])
    paying_shop.database.run("UPDATE payments SET status = %s WHERE id = %s", [payment, order.payment])
    assert paying_shop.done(paying_shop.razorpay("payment.captured", order))["outcome"] == "applied"
    assert paying_shop.done(paying_shop.razorpay("order.paid", order))["outcome"] == "no-change"
    paying_shop.reaches(order, *PAID)
    paying_shop.at_rest()
    assert len(paying_shop.backend.fulfill_calls(order.id)) == 1


def test_an_order_the_back_end_fulfilled_is_left_alone(paying_shop):
    order = paying_shop.order()
    paying_shop.database.run("UPDATE orders SET payment_status = 'completed', status = 'fulfilled' WHERE id = %s",
                             [order.id])
    paying_shop.done(paying_shop.razorpay("payment.captured", order))
    assert paying_shop.state(order) == PAID
    assert paying_shop.database.value("SELECT count(*) FROM outbox") == 0


def test_the_same_key_with_other_facts_is_a_conflict(paying_shop):
    order, other = paying_shop.order(), paying_shop.order()
    paying_shop.done(paying_shop.razorpay("payment.captured", order))
    row = paying_shop.done(paying_shop.razorpay("payment.captured", other))   # the same pay_1
    assert row["outcome"] == "conflict"
    assert paying_shop.state(other) == ("created", "pending", "pending")
    assert "an event came again with other facts" in paying_shop.log()


def test_late_events_change_nothing_and_say_why(paying_shop):
    order = paying_shop.order()
    paying_shop.done(paying_shop.razorpay("payment.captured", order))
    for event in ("payment.failed", "payment.authorized", "order.paid"):
        row = paying_shop.done(paying_shop.razorpay(event, order))
        assert row["outcome"] == "no-change" and "success already" in row["outcome_reason"], row
    paying_shop.reaches(order, *PAID)


def test_a_failed_payment_may_still_succeed(paying_shop):
    order = paying_shop.order()
    paying_shop.done(paying_shop.razorpay("payment.failed", order))
    assert paying_shop.state(order) == ("failed", "failed", "pending")
    assert paying_shop.database.value("SELECT error_message FROM payments WHERE id = %s",
                                      [order.payment]) == "the bank refused"
    paying_shop.done(paying_shop.razorpay("payment.authorized", order))
    assert paying_shop.state(order) == ("authorized", "authorized", "pending")
    paying_shop.done(paying_shop.razorpay("payment.captured", order))
    paying_shop.reaches(order, *PAID)


def test_a_payment_that_appears_later_is_found_then(paying_shop):
    order = paying_shop.order(payment=False)
    log = paying_shop.razorpay("payment.captured", order)
    row = eventually(lambda: (row := paying_shop.log_row(log)) and row["attempts"] > 0 and row, "a first try")
    assert row["status"] == "pending" and "no payment of ours" in row["last_error"]
    assert paying_shop.database.value("SELECT count(*) FROM webhook_events") == 0
    order.payment = paying_shop.add_payment(order)
    paying_shop.hurry()
    paying_shop.reaches(order, *PAID)


def test_a_payment_that_never_appears_is_a_dead_letter(paying_shop):
    order = paying_shop.order(payment=False)
    log = paying_shop.razorpay("payment.captured", order)
    eventually(lambda: (row := paying_shop.log_row(log)) and row["attempts"] > 0, "a first try")
    paying_shop.database.run("UPDATE webhook_logs SET attempts = 16, scheduled_at = now()"
                             " WHERE status = 'pending'")
    assert paying_shop.done(log)["status"] == "failed"
    assert "a webhook was given up" in paying_shop.log()


def test_an_unknown_event_is_logged_and_acknowledged(paying_shop):
    row = paying_shop.done(paying_shop.push("razorpay", {"event": "invoice.paid", "payload": {}}))
    assert (row["status"], row["outcome"], row["event"]) == ("completed", "ignored", "invoice.paid")
    for provider in ("hmac", "standard-webhooks"):
        assert paying_shop.done(paying_shop.push(provider, b"\xff\x00 anything"))["outcome"] == "ignored"


def test_half_an_event_is_a_dead_letter(paying_shop):
    order = paying_shop.order()
    body = razorpay("payment.captured", order)
    body["payload"]["payment"]["entity"]["amount"] = "500.5"
    row = paying_shop.done(paying_shop.push("razorpay", body))
    assert row["status"] == "failed" and "amount" in row["last_error"]
    assert paying_shop.done(paying_shop.push("razorpay", b"{"))["status"] == "failed"


@pytest.mark.parametrize("number_or_text", [1453002795, "1453002795"])
def test_cashfree_pays_in_rupees(paying_shop, number_or_text):
    order = paying_shop.order(gateway="cashfree", total=170)
    row = paying_shop.done(paying_shop.push("cashfree", {
        "type": "PAYMENT_SUCCESS_WEBHOOK", "event_time": "2026-01-01T10:00:00+05:30", "data": {
            "order": {"order_id": order.gateway_order, "order_amount": 170.00, "order_currency": "INR"},
            "payment": {"cf_payment_id": number_or_text, "payment_status": "SUCCESS", "payment_amount": 170.00,
                        "payment_currency": "INR"}}}))
    assert row["outcome"] == "applied", row
    paying_shop.reaches(order, *PAID)


def test_two_workers_share_the_work(idle_shop):
    orders = [idle_shop.order() for _ in range(40)]
    for order in orders * 3:
        idle_shop.razorpay("payment.captured", order, payment=f"pay_{order.id}")
    idle_shop.start_worker()
    idle_shop.start_worker()
    idle_shop.at_rest()
    assert {idle_shop.state(order) for order in orders} == {PAID}
    assert idle_shop.backend.fulfilled() == {order.id: 1 for order in orders}


@pytest.mark.deadline(240)
def test_killed_workers_lose_and_repeat_nothing(idle_shop):
    orders = [idle_shop.order() for _ in range(300)]
    for order in orders * 2:
        idle_shop.razorpay("payment.captured", order, payment=f"pay_{order.id}")
    for number in range(10):
        worker = idle_shop.start_worker("--lease", 3)
        paid_before = idle_shop.database.value("SELECT count(*) FROM payments WHERE status = 'success'")
        eventually(lambda: idle_shop.database.value(
            "SELECT count(*) FROM payments WHERE status = 'success'") > min(paid_before + number % 3, 299),
            "it works", 20)
        worker.kill()
    idle_shop.start_worker("--lease", 3)
    idle_shop.at_rest(90)
    assert {idle_shop.state(order) for order in orders} == {PAID}
    assert idle_shop.backend.fulfilled() == {order.id: 1 for order in orders}
    assert idle_shop.database.value("SELECT count(*) FROM email_queue") == 300
