"""couponctl orders stuck: a paid order never stays unfulfilled silently."""
import urllib.request

from harness.process import free_port
from harness.stand_in import Answer
from harness.waiting import eventually

from .payment_fixtures import idle_shop, paying_shop  # noqa: F401
from .paying_shop import PAID


def stuck(shop, minutes=0):
    return shop.couponctl("orders", "stuck", "--minutes", minutes)


def test_a_fulfilled_order_is_not_stuck(paying_shop):
    order = paying_shop.order()
    paying_shop.order()   # unpaid
    paying_shop.razorpay("payment.captured", order)
    paying_shop.reaches(order, *PAID)
    run = stuck(paying_shop)
    assert (run.returncode, run.stdout) == (0, "")


def test_each_stuck_order_is_listed_with_its_reason(paying_shop):
    orders = {"dead": paying_shop.order(), "retried": paying_shop.order(), "reviewed": paying_shop.order(),
              "forgotten": paying_shop.order()}
    paying_shop.backend.script(f"/internal/orders/{orders['dead'].id}/", Answer(422))
    paying_shop.backend.script(f"/internal/orders/{orders['retried'].id}/", Answer(503))
    for order in orders.values():
        paying_shop.done(paying_shop.razorpay("payment.captured", order, payment=f"pay_{order.id}"))
    paying_shop.done(paying_shop.razorpay("payment.captured", orders["reviewed"], payment="pay_again"))
    eventually(lambda: paying_shop.database.value("SELECT count(*) FROM outbox WHERE status = 'failed'") == 1
               and paying_shop.database.value("SELECT count(*) FROM outbox WHERE attempts > 0") == 2, "the calls")
    paying_shop.reaches(orders["forgotten"], *PAID)
    paying_shop.database.run("UPDATE orders SET status = 'processing' WHERE id = %s", [orders["forgotten"].id])
    paying_shop.database.run("DELETE FROM outbox WHERE order_id = %s", [orders["forgotten"].id])

    assert stuck(paying_shop, 5).returncode == 0
    run = stuck(paying_shop)
    assert run.returncode == 1
    lines = {int(line.split()[0]): line for line in run.stdout.splitlines()[:-1]}
    assert "fulfill is a dead letter: answered 422" in lines[orders["dead"].id]
    assert "fulfill is pending after 1 attempts: answered 503" in lines[orders["retried"].id]
    assert "waits for a review: a second payment of the same order succeeded" in lines[orders["reviewed"].id]
    assert "no call was queued" in lines[orders["forgotten"].id]
    assert "4 orders are paid and not fulfilled, or in review" in run.stdout


def test_money_that_was_not_due_is_listed(idle_shop):
    port = free_port()
    idle_shop.start_worker(METRICS_LISTEN=f"127.0.0.1:{port}")
    order = idle_shop.order()
    idle_shop.done(idle_shop.razorpay("payment.captured", order, amount=49999))
    assert idle_shop.state(order) == ("created", "pending", "review")
    run = stuck(idle_shop)
    assert run.returncode == 1
    assert "waits for a review: paid 499.99 INR, the payment is of 500.00 INR" in run.stdout
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert "\ncoupon_orders_in_review 1\n" in answer.read().decode()


def test_the_metrics_tell_of_calls_that_wait_and_of_alerts(idle_shop):
    port = free_port()
    idle_shop.start_worker(METRICS_LISTEN=f"127.0.0.1:{port}")

    def metrics():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[0] != "#")

    order = idle_shop.order()
    idle_shop.backend.script("/internal/", Answer(422))
    idle_shop.razorpay("payment.captured", order)
    eventually(lambda: idle_shop.database.value("SELECT count(*) FROM outbox WHERE status = 'failed'") == 1, "the call")
    found = metrics()
    assert found["coupon_order_calls_waiting"] == "1"
    assert found["coupon_webhook_alerts_total"] == "1"
