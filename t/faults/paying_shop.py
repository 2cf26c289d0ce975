"""A shop with unpaid orders, its webhooks worker and back end; and what its tables have to say once it
is at rest."""
from harness.backend import Backend
from harness.environment import COUPON_WORKER, fresh_directory
from harness.nginx import Server
from harness.process import Process
from harness.waiting import eventually

from .webhook_load import SECRET, WebhookLoad

ORDERS = 4_000
DRAIN_DEADLINE_S = 120

ADD_ORDERS = """
    INSERT INTO orders (id, order_number, total_amount, currency, delivery_email)
    SELECT n, 'N' || n, (10000 + n %% 1000) / 100.0, 'INR', 'visitor-' || n || '@shop.example'
      FROM generate_series(1, %s) n"""

ADD_PAYMENTS = """
    INSERT INTO payments (order_id, gateway, gateway_order_id, amount, currency, status)
    SELECT n, 'razorpay', 'order_' || lpad(n::text, 8, '0'), (10000 + n %% 1000) / 100.0, 'INR', 'created'
      FROM generate_series(1, %s) n"""

# What each order's event has done, as far as it has done anything.
EFFECTS = """
    SELECT o.id, o.status, o.payment_status, p.status AS payment, COALESCE(e.events, 0) AS events,
           COALESCE(b.calls, 0) AS calls, COALESCE(q.mails, 0) AS mails
      FROM orders o JOIN payments p ON p.order_id = o.id
      LEFT JOIN (SELECT payment_id, count(*) AS events FROM webhook_events GROUP BY 1) e ON e.payment_id = p.id
      LEFT JOIN (SELECT order_id, count(*) AS calls FROM outbox GROUP BY 1) b ON b.order_id = o.id
      LEFT JOIN (SELECT data->>'order_id' AS order_id, count(*) AS mails FROM email_queue GROUP BY 1) q
             ON q.order_id = o.id::text
     WHERE p.status <> 'created' OR o.status <> 'pending' OR e.events > 0 OR b.calls > 0 OR q.mails > 0"""

UNFINISHED = """
    SELECT (SELECT count(*) FROM webhook_logs WHERE status IN ('pending', 'processing'))
         + (SELECT count(*) FROM outbox WHERE status IN ('pending', 'processing'))"""


class PayingShop:
    """Wraps a Shop: its edge takes Razorpay's webhooks at /webhooks/razorpay."""

    def __init__(self, new_shop, **options):
        self.backend = Backend()
        self.shop = new_shop(start=False, click_worker=False, **({"workers": 2} | options))
        self.edge = self.shop.edge
        secret = self.edge.secret_file("razorpay.secret", SECRET)
        self.edge.servers = {"main": Server(extra=f"""
        location = /webhooks/razorpay {{
            coupon_webhook razorpay; coupon_webhook_secret file:{secret}; client_max_body_size 16k; }}""")}
        self.shop.sql(ADD_ORDERS, ORDERS)
        self.shop.sql(ADD_PAYMENTS, ORDERS)
        self.directory = fresh_directory("webhooks")
        self.workers = []
        self._next = 1
        self.edge.start()
        self.start_worker()

    def start_worker(self):
        shop = self.shop
        worker = Process([COUPON_WORKER, "webhooks", "--lease", 3], self.directory / "worker.log",
                         {"DATABASE_URL": shop.database.url, "REDIS_URL": shop.redis_server.url(shop.redis_number),
                          "ASAN_OPTIONS": "detect_leaks=0"} | self.backend.environment).says('"started"')
        self.workers.append(worker)
        return worker

    def load(self, orders=3999, **settings):
        first, self._next = self._next, self._next + orders
        assert self._next <= ORDERS
        return WebhookLoad(self.edge.port(), range(first, self._next), **settings)

    def close(self):
        try:
            for worker in self.workers:
                assert worker.stop() == 0, worker.tail()
            log = (self.directory / "worker.log").read_text(errors="replace")
            assert "Sanitizer" not in log and "runtime error" not in log, log[-3000:]
        finally:
            self.backend.close()

    # --- at rest

    def drained(self, within_s=DRAIN_DEADLINE_S):
        shop = self.shop

        def at_rest():
            queued = shop.redis.llen("queue:webhooks") + sum(
                map(shop.redis.llen, shop.redis.keys("{queue:webhooks}:processing:*")))
            journal = self.edge.stats()["webhooks"]["unsettled"]
            return queued == 0 and journal == 0 and shop.database.value(UNFINISHED) == 0
        eventually(at_rest, "every webhook has come to its end", within_s, every_s=0.25)

    def settle(self, load, counts):
        """Asserts the promises after a test's load."""
        counts.add(answers=sum(load.statuses.values()), accepted=len(load.accepted), cut=len(load.unknown),
                   unavailable=len(load.unavailable), refused=load.nobody_listened)
        assert set(load.statuses) <= {200, 401, 503}, load.statuses
        assert load.refused == {number for number in load.refused if number % 10 == 9}
        self.drained()
        effects = {row["id"]: row for row in self.shop.sql(EFFECTS)}
        counts.add(stored=len(effects))

        lost = load.accepted - set(effects)
        assert not lost, f"{len(lost)} of {len(load.accepted)} accepted events have no effect, e.g. {sorted(lost)[:3]}"
        unasked = set(effects) - load.accepted - load.unavailable - load.unknown
        assert not unasked, f"{len(unasked)} refused or never posted events have an effect, e.g. {sorted(unasked)[:3]}"
        assert not {number for number in effects if number % 10 == 9}, "a wrong signature had an effect"
        partly = [row for row in effects.values()
                  if (row["status"], row["payment_status"], row["payment"], row["events"], row["calls"], row["mails"])
                  != ("fulfilled", "completed", "success", 1, 1, 1)]
        assert not partly, f"{len(partly)} events have not exactly one effect, e.g. {partly[:3]}"
        assert self.backend.fulfilled() == dict.fromkeys(effects, 1), "fulfilment calls and paid orders differ"
        return effects
