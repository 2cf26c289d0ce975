"""A shop whose orders are paid, without an edge: webhook records are put into Redis as the edge does."""
import base64
import itertools
import json
import time
import types

from harness.backend import Backend
from harness.environment import COUPON_WORKER, fresh_directory
from harness.process import Process
from harness.shop import couponctl
from harness.waiting import eventually

from .job_shop import uuid7

_numbers = itertools.count(1)


def record(provider, body, *, trust="body-signed", verdict="accepted", method="POST", query="", headers=None,
           fields=None, ts=None):
    """What the edge writes for one request."""
    text = body if isinstance(body, (bytes, str)) else json.dumps(body)
    raw = text.encode() if isinstance(text, str) else text
    return {"v": 1, "id": uuid7(), "ts": ts or int(time.time() * 1000), "provider": provider,
            "location": f"/webhooks/{provider}", "remote": "192.0.2.1", "method": method, "query": query,
            "verdict": verdict, "trust": trust, "headers": headers or {}, "fields": fields or {},
            "body": base64.b64encode(raw).decode(), "edge": "test", "rid": "correlation-" + uuid7()}


def razorpay(event, order, *, payment="pay_1", amount=None, currency="INR", refund=None, status="processed",
             refunded=None, error="the bank refused"):
    """A body of Razorpay's; `order` is one of PayingShop.order()."""
    paise = amount if amount is not None else int(order.charge * 100)
    payload = {"payment": {"entity": {
        "id": payment, "entity": "payment", "amount": paise, "currency": currency, "order_id": order.gateway_order,
        "status": event.rpartition(".")[2], "method": "upi", "notes": [],
        "error_description": error if event == "payment.failed" else None}}}
    if event == "order.paid":
        payload["order"] = {"entity": {"id": order.gateway_order, "amount": paise, "amount_paid": paise,
                                       "currency": currency, "status": "paid"}}
    if refund:
        payload["refund"] = {"entity": {"id": refund, "entity": "refund", "payment_id": payment, "status": status,
                                        "amount": refunded if refunded is not None else paise,
                                        "currency": currency}}
    return {"entity": "event", "account_id": "acc_1", "event": event, "contains": list(payload),
            "payload": payload, "created_at": 1767225600}


class PayingShop:
    def __init__(self, postgres, redis_server, template):
        self.database = postgres.create_database(template)
        self.redis_number = redis_server.next_number()
        self.redis = redis_server.client(self.redis_number)
        self.environment = {"DATABASE_URL": self.database.url, "REDIS_URL": redis_server.url(self.redis_number),
                            "LOG_LEVEL": "debug", "ASAN_OPTIONS": "detect_leaks=0"}
        self.backend = Backend()
        self.directory = fresh_directory("webhooks")
        self.workers = []

    # --- workers

    def start_worker(self, *arguments, **environment):
        worker = Process([COUPON_WORKER, "webhooks", *arguments], self.directory / "worker.log",
                         self.environment | self.backend.environment | environment)
        self.workers.append(worker)
        return worker.says('"started"')

    def stop_workers(self):
        for worker in self.workers:
            if worker.running:
                assert worker.stop() == 0, worker.tail()
        self.workers.clear()

    def log(self):
        return (self.directory / "worker.log").read_text(errors="replace")

    def close(self):
        try:
            self.stop_workers()
            assert "Sanitizer" not in self.log() and "runtime error" not in self.log()
        finally:
            self.backend.close()
            self.database.close()
            self.redis.close()

    def couponctl(self, *arguments, check=False):
        return couponctl(*arguments, check=check, environment=self.environment)

    # --- the shop

    def order(self, total=500, wallet=0, *, gateway="razorpay", currency="INR", payment=True, amount=None,
              email=None, mobile=None):
        """An unpaid order and, unless payment=False, the payment its gateway knows of."""
        number = next(_numbers)
        order = types.SimpleNamespace(number=number, gateway=gateway, gateway_order=f"order_{number}",
                                      charge=total - wallet if amount is None else amount, currency=currency)
        order.id = self.database.value(
            "INSERT INTO orders (order_number, total_amount, wallet_amount, currency, delivery_email,"
            " delivery_mobile) VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
            [f"N{number}", total, wallet, currency, email or f"visitor{number}@shop.example", mobile])
        if payment:
            order.payment = self.add_payment(order)
        return order

    def add_payment(self, order, gateway_order=None):
        return self.database.value(
            "INSERT INTO payments (order_id, gateway, gateway_order_id, amount, currency)"
            " VALUES (%s, %s, %s, %s, %s) RETURNING id",
            [order.id, order.gateway, gateway_order or order.gateway_order, order.charge, order.currency])

    # --- webhooks

    def push(self, provider, body, **settings):
        """Into queue:webhooks; the record's id."""
        entry = record(provider, body, **settings)
        self.redis.rpush("queue:webhooks", json.dumps(entry))
        return entry["id"]

    def razorpay(self, event, order, **settings):
        return self.push("razorpay", razorpay(event, order, **settings))

    def log_row(self, log_id):
        return self.database.row("SELECT * FROM webhook_logs WHERE id = %s", [log_id])

    def done(self, log_id, within_s=20):
        """The webhook's row, once it came to its end."""
        def ended():
            row = self.log_row(log_id)
            return row if row and row["status"] in ("completed", "failed") else None
        return eventually(ended, f"webhook {log_id} is done: {self.log_row(log_id)}", within_s)

    def at_rest(self, within_s=60):
        """Waits until nothing is left to do; retries that wait for their time count as left."""
        def nothing_left():
            waiting = self.redis.llen("queue:webhooks") + sum(
                map(self.redis.llen, self.redis.keys("{queue:webhooks}:processing:*")))
            return waiting == 0 and self.database.value(
                "SELECT (SELECT count(*) FROM webhook_logs WHERE status IN ('pending', 'processing'))"
                " + (SELECT count(*) FROM outbox WHERE status IN ('pending', 'processing'))") == 0
        eventually(nothing_left, "all webhooks and calls are done", within_s, every_s=0.05)

    def hurry(self):
        """What waits for its next try is due now."""
        for table in ("webhook_logs", "outbox"):
            self.database.run(f"UPDATE {table} SET scheduled_at = now() WHERE status = 'pending'")

    def state(self, order):
        """(payments.status, orders.payment_status, orders.status)"""
        row = self.database.row(
            "SELECT p.status AS payment, o.payment_status, o.status FROM orders o"
            " LEFT JOIN payments p ON p.order_id = o.id WHERE o.id = %s ORDER BY p.id LIMIT 1", [order.id])
        return row["payment"], row["payment_status"], row["status"]

    def reaches(self, order, *state, within_s=20):
        eventually(lambda: self.state(order) == state, f"order {order.id} is {state}, not {self.state(order)}",
                   within_s)

    def mails(self, order):
        return self.database.run("SELECT * FROM email_queue WHERE data->>'order_id' = %s", [str(order.id)])


PAID = ("success", "completed", "fulfilled")
REFUNDED = ("refunded", "refunded", "refunded")
