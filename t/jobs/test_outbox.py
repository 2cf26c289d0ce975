"""The back end is called until it answers, with one key."""
import time

import pytest

from harness.shop import migrate
from harness.stand_in import Answer
from harness.waiting import eventually, stays

from .payment_fixtures import idle_shop, paying_shop  # noqa: F401
from .paying_shop import PAID, REFUNDED, PayingShop


def call_row(shop):
    return shop.database.row("SELECT *, extract(epoch FROM scheduled_at - now()) AS wait FROM outbox")


@pytest.mark.parametrize("trouble", [Answer(500), Answer(503), Answer(409), Answer(408), Answer(425), Answer(401), Answer(403),
                                     Answer(reset=True)],
                         ids=["500", "503", "409", "408", "425", "401", "403", "reset"])
def test_what_may_get_better_is_tried_again_with_the_same_key(paying_shop, trouble):
    order = paying_shop.order()
    paying_shop.backend.script("/internal/", trouble)
    paying_shop.razorpay("payment.captured", order)
    eventually(lambda: (row := call_row(paying_shop)) and row["attempts"] == 1, "a first try")
    assert paying_shop.state(order) == ("success", "completed", "processing")
    paying_shop.hurry()
    paying_shop.reaches(order, *PAID)
    first, second = paying_shop.backend.fulfill_calls(order.id)
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert len(paying_shop.mails(order)) == 1


def test_retry_after_is_honoured(paying_shop):
    paying_shop.backend.script("/internal/", Answer(429, headers={"Retry-After": "600"}))
    paying_shop.razorpay("payment.captured", paying_shop.order())
    row = eventually(lambda: (row := call_row(paying_shop)) and row["attempts"] == 1 and row, "a first try")
    assert 550 < row["wait"] <= 600


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_refusal_is_a_dead_letter_and_an_alert(paying_shop, status):
    order = paying_shop.order()
    paying_shop.backend.script("/internal/", Answer(status))
    paying_shop.razorpay("payment.captured", order)
    eventually(lambda: (row := call_row(paying_shop)) and row["status"] == "failed", "a dead letter")
    assert paying_shop.state(order) == ("success", "completed", "processing")
    assert "a call was given up" in paying_shop.log()
    assert paying_shop.mails(order) == []


def test_an_answer_after_the_deadline_is_tried_again(idle_shop):
    order = idle_shop.order()
    idle_shop.backend.script("/internal/", Answer(200, slow=30))
    idle_shop.start_worker()
    idle_shop.razorpay("payment.captured", order)
    eventually(lambda: (row := call_row(idle_shop)) and row["attempts"] == 1, "a first try", 40)
    idle_shop.hurry()
    idle_shop.reaches(order, *PAID)
    assert idle_shop.backend.fulfilled() == {order.id: 1}


def test_without_a_back_end_orders_wait(idle_shop):
    order = idle_shop.order()
    idle_shop.start_worker(BACKEND_URL="")
    idle_shop.razorpay("payment.captured", order)
    row = eventually(lambda: (row := call_row(idle_shop)) and row["attempts"] == 1 and row, "a first try")
    assert row["status"] == "pending" and "BACKEND_URL" in row["last_error"]


def test_a_confirmation_that_is_refused_does_not_hold_up_the_order(paying_shop):
    order = paying_shop.order(mobile="+919800000001")
    paying_shop.database.run("ALTER TABLE email_queue ADD COLUMN template text NOT NULL")
    paying_shop.razorpay("payment.captured", order)
    paying_shop.reaches(order, *PAID)
    paying_shop.at_rest()
    assert len(paying_shop.backend.fulfill_calls(order.id)) == 1
    assert paying_shop.mails(order) == []
    assert paying_shop.database.value('SELECT "to" FROM sms_queue') == "+919800000001"
    eventually(lambda: "confirmation cannot be queued" in paying_shop.log() and "23502" in paying_shop.log(), "the alert")


def test_queues_whose_ids_a_model_makes_take_confirmations(postgres, redis_server):
    shop = PayingShop(postgres, redis_server, "template1")
    try:
        shop.database.run("CREATE TABLE email_queue (id uuid PRIMARY KEY); CREATE TABLE sms_queue (id uuid PRIMARY KEY)")
        migrate(shop.database)
        shop.start_worker()
        order = shop.order()
        shop.razorpay("payment.captured", order)
        shop.reaches(order, *PAID)
        assert len(shop.mails(order)) == 1
    finally:
        shop.close()


def test_the_token_stays_out_of_the_log(paying_shop):
    order = paying_shop.order()
    paying_shop.backend.script("/internal/", Answer(500))
    paying_shop.razorpay("payment.captured", order)
    eventually(lambda: (row := call_row(paying_shop)) and row["attempts"] == 1, "a first try")
    assert "token-of-the-back-end" not in paying_shop.log()


class TestBackendOwnsTheOrder:
    """ORDER_UPDATES=backend"""

    @pytest.fixture
    def shop(self, idle_shop):
        idle_shop.start_worker(ORDER_UPDATES="backend")
        return idle_shop

    def test_it_is_told_and_the_row_is_left_alone(self, shop):
        order = shop.order()
        shop.done(shop.razorpay("payment.authorized", order))
        shop.at_rest()
        shop.done(shop.razorpay("payment.captured", order))
        shop.at_rest()
        shop.done(shop.razorpay("refund.processed", order, refund="rfnd_1"))
        shop.at_rest()
        assert shop.state(order) == ("refunded", "pending", "pending")
        calls = shop.backend.updates(order.id)
        assert [call.method for call in calls] == ["PATCH"] * 3
        assert [call.json["payment_status"] for call in calls] == ["authorized", "completed", "refunded"]
        assert len({call.headers["idempotency-key"] for call in calls}) == 3
        assert calls[1].json["gateway_payment_id"] == "pay_1" and calls[1].json["amount"] == "500.00"
        assert not shop.backend.fulfill_calls()

    def test_a_late_call_does_not_take_it_back(self, shop):
        order = shop.order()
        shop.backend.script("/internal/", Answer(500))
        shop.done(shop.razorpay("payment.authorized", order))
        eventually(lambda: (row := call_row(shop)) and row["attempts"] == 1, "a first try")
        shop.done(shop.razorpay("payment.captured", order))
        shop.hurry()
        shop.at_rest()
        assert [call.json["payment_status"] for call in shop.backend.updates(order.id)][-1] == "completed"

    def test_calls_about_one_order_do_not_overtake_each_other(self, shop):
        order, other = shop.order(), shop.order()
        shop.backend.script(f"/internal/orders/{order.id}/", Answer(200, slow=3))
        ended = []
        shop.backend.answer("/internal/", lambda call: ended.append(time.monotonic()) or Answer(200))
        shop.done(shop.razorpay("payment.authorized", order))
        eventually(lambda: shop.backend.updates(order.id), "the first call")
        begun = time.monotonic()
        shop.done(shop.razorpay("payment.captured", order))
        shop.done(shop.razorpay("payment.captured", other, payment="pay_2"))
        shop.at_rest()
        assert [call.json["payment_status"] for call in shop.backend.updates(order.id)] == ["authorized", "completed"]
        # The stalled one was answered before the next was made, and held up no other order.
        assert shop.database.value("SELECT min(finished_at) FILTER (WHERE order_id = %s) <"
                                   " min(finished_at) FILTER (WHERE order_id = %s) FROM outbox", [other.id, order.id])
        assert ended[-1] - begun > 2

    def test_it_is_told_of_a_review(self, shop):
        order = shop.order()
        assert shop.done(shop.razorpay("payment.captured", order, amount=1))["outcome"] == "review"
        shop.at_rest()
        call, = shop.backend.updates(order.id)
        assert "paid 0.01 INR" in call.json["review"] and call.json["payment_status"] == "pending"
        assert shop.state(order) == ("created", "pending", "pending")


def test_a_refund_before_the_capture_means_no_call(paying_shop):
    order = paying_shop.order()
    paying_shop.done(paying_shop.razorpay("refund.processed", order, refund="rfnd_1"))
    paying_shop.done(paying_shop.razorpay("payment.captured", order))
    assert paying_shop.state(order) == REFUNDED
    stays(lambda: not paying_shop.backend.calls, "nobody is called", 0.5)
