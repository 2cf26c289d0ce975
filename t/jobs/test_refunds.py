"""Refunds add up; only the whole amount makes an order refunded."""
import base64
import itertools
import json
import types

import pytest

from harness.stand_in import Answer
from harness.waiting import eventually

from .payment_fixtures import idle_shop, paying_shop  # noqa: F401
from .paying_shop import PAID, REFUNDED


def pay(shop, order, payment="pay_1"):
    shop.razorpay("payment.captured", order, payment=payment)
    shop.reaches(order, *PAID)
    return order


def refund(shop, order, refund_id, paise=None, event="refund.processed", **settings):
    return shop.done(shop.razorpay(event, order, refund=refund_id, refunded=paise, **settings))


def test_partial_refunds_refund_the_order_when_they_add_up(paying_shop):
    order = pay(paying_shop, paying_shop.order(total=500))
    row = refund(paying_shop, order, "rfnd_1", 20000)
    assert (row["outcome"], row["outcome_reason"]) == ("applied", "refunded 200.00 of 500.00 INR")
    assert paying_shop.state(order) == PAID
    refund(paying_shop, order, "rfnd_2", 29999)
    assert paying_shop.state(order) == PAID
    refund(paying_shop, order, "rfnd_3", 1)
    assert paying_shop.state(order) == REFUNDED


def test_one_refund_told_by_several_events_counts_once(paying_shop):
    order = pay(paying_shop, paying_shop.order(total=500))
    refund(paying_shop, order, "rfnd_1", 25000, event="refund.created")
    refund(paying_shop, order, "rfnd_1", 25000, event="refund.processed")
    row = refund(paying_shop, order, "rfnd_1", 25000, event="refund.speed_changed")
    assert row["outcome"] == "no-change" and "counted already" in row["outcome_reason"]
    assert paying_shop.state(order) == PAID


@pytest.mark.parametrize("status", ["pending", "failed"])
def test_a_refund_that_is_not_processed_changes_nothing(paying_shop, status):
    order = pay(paying_shop, paying_shop.order())
    row = refund(paying_shop, order, "rfnd_1", event="refund.created", status=status)
    assert row["outcome"] == "no-change"
    assert paying_shop.state(order) == PAID


def test_a_refund_without_an_order_finds_its_payment(paying_shop):
    order = pay(paying_shop, paying_shop.order(), payment="pay_lonely")
    body = {"entity": "event", "event": "refund.processed", "payload": {"refund": {"entity": {
        "id": "rfnd_1", "payment_id": "pay_lonely", "amount": 50000, "currency": "INR", "status": "processed"}}}}
    paying_shop.done(paying_shop.push("razorpay", body))
    assert paying_shop.state(order) == REFUNDED


def test_the_refund_of_a_second_payment_leaves_the_first(paying_shop):
    order = pay(paying_shop, paying_shop.order())
    paying_shop.done(paying_shop.razorpay("payment.captured", order, payment="pay_2"))
    refund(paying_shop, order, "rfnd_1", payment="pay_2")
    assert paying_shop.state(order) == ("success", "completed", "review")


def test_the_refund_of_a_second_row_leaves_the_order(paying_shop):
    order = paying_shop.order()
    second = paying_shop.add_payment(order, f"{order.gateway_order}_again")
    pay(paying_shop, order)
    order.gateway_order += "_again"
    paying_shop.done(paying_shop.razorpay("payment.captured", order, payment="pay_2"))
    refund(paying_shop, order, "rfnd_1", payment="pay_2")
    assert paying_shop.database.value("SELECT status FROM payments WHERE id = %s", [second]) == "refunded"
    assert paying_shop.state(order) == ("success", "completed", "review")


def test_two_rows_and_their_refunds_end_alike_in_every_order(paying_shop):
    orders = []
    for permutation in itertools.permutations(["capture 1", "refund 1", "capture 2", "refund 2"]):
        order = paying_shop.order()
        paying_shop.add_payment(order, f"{order.gateway_order}_2")
        again = types.SimpleNamespace(**vars(order) | {"gateway_order": f"{order.gateway_order}_2"})
        orders.append((order, permutation))
        for step in permutation:
            what, number = step.split()
            log = paying_shop.razorpay("refund.processed" if what == "refund" else "payment.captured",
                                       again if number == "2" else order, payment=f"pay_{order.id}_{number}",
                                       refund=f"rfnd_{order.id}_{number}" if what == "refund" else None)
            paying_shop.done(log)
    paying_shop.at_rest()
    for order, permutation in orders:
        assert paying_shop.state(order) == REFUNDED, permutation
        assert paying_shop.database.value("SELECT array_agg(status) FROM payments WHERE order_id = %s", [order.id]) == [
            "refunded", "refunded"], permutation


def test_a_callback_of_phonepe_v1_that_names_what_it_gives_back_is_a_refund(paying_shop):
    order = paying_shop.order(gateway="phonepe")

    def callback(**data):
        payload = {"success": True, "code": "PAYMENT_SUCCESS", "data": {"amount": 50000, "state": "COMPLETED"} | data}
        return paying_shop.done(paying_shop.push(
            "phonepe", {"response": base64.b64encode(json.dumps(payload).encode()).decode()}))

    callback(merchantTransactionId=order.gateway_order, transactionId="T1")
    paying_shop.reaches(order, *PAID)
    assert callback(merchantTransactionId="RF1", transactionId="T2",
                    originalTransactionId=order.gateway_order)["outcome"] == "applied"
    assert paying_shop.state(order) == REFUNDED


def test_more_than_was_paid_is_an_alert(paying_shop):
    order = pay(paying_shop, paying_shop.order())
    refund(paying_shop, order, "rfnd_1", 30000)
    assert refund(paying_shop, order, "rfnd_2", 30000)["outcome"] == "review"
    assert "refunds exceed their payment" in paying_shop.log()


def test_a_refunded_order_is_not_fulfilled(paying_shop):
    order = paying_shop.order()
    paying_shop.backend.script(f"/internal/orders/{order.id}/", Answer(503))
    paying_shop.done(paying_shop.razorpay("payment.captured", order))
    eventually(lambda: paying_shop.database.value("SELECT attempts FROM outbox") == 1, "a first call")
    refund(paying_shop, order, "rfnd_1")
    assert paying_shop.state(order) == REFUNDED
    paying_shop.hurry()
    paying_shop.at_rest()
    assert len(paying_shop.backend.fulfill_calls(order.id)) == 1
    assert paying_shop.state(order) == REFUNDED
    assert paying_shop.mails(order) == []
