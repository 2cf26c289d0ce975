"""What an attack on the admin worker would change, and whether it did."""

READ = ["metrics", "openapi.json", "api/v1/health/workers", "api/v1/queue/stats", "api/v1/queue/history",
        "api/v1/queue/dlq/email", "api/v1/queue/dlq/email/1", "api/v1/queue/delayed/email", "api/v1/webhooks",
        "api/v1/webhooks/1", "api/v1/cron", "api/v1/cron/expire_offers/history", "api/v1/clicks/accounting",
        "api/v1/stats", "api/v1/audit", "api/v1/events", "api/v1/session"]
CHANGE = [("POST", "api/v1/queue/dlq/email/retry", {"all": True, "confirm": 1, "reason": "abuse"}),
          ("DELETE", "api/v1/queue/dlq/email", {"all": True, "confirm": 1, "reason": "abuse"}),
          ("POST", "api/v1/queue/dlq/email/{id}/retry", {"reason": "abuse"}),
          ("DELETE", "api/v1/queue/dlq/email/{id}", {"reason": "abuse"}),
          ("POST", "api/v1/webhooks/{webhook}/replay", {"reason": "abuse"}),
          ("POST", "api/v1/cron/expire_offers/run", {"reason": "abuse"})]
# What comes of time alone, or of people at the door.
ALIVE = ("worker_beats", "worker_rates")


class Target:
    """An admin worker behind NGINX with something to lose, and its tables as they were."""

    def __init__(self, shop):
        self.shop = shop
        self.id = shop.database.value(
            "INSERT INTO email_queue (type, \"to\", status, last_error) VALUES ('order_confirmation', 'a@example.com',"
            " 'failed', 'refused') RETURNING id::text")
        self.webhook = shop.database.value(
            "INSERT INTO webhook_logs (id, provider, status, verdict, received_at) VALUES (gen_random_uuid(),"
            " 'razorpay', 'failed', 'accepted', now()) RETURNING id::text")
        self.before = self.dump()

    def path(self, path):
        return path.format(id=self.id, webhook=self.webhook)

    def dump(self):
        """Every row of every table but those of ALIVE; of audit_logs all but who came and went."""
        database = self.shop.database
        names = [row["name"] for row in database.run(
            "SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace ORDER BY relname")]
        tables = {name: database.run(f'SELECT t::text AS row FROM "{name}" AS t'
                                     + (" WHERE action NOT LIKE 'admin.sign%%'" if name == "audit_logs" else "")
                                     + " ORDER BY 1") for name in names if name not in ALIVE}
        keys = sorted(key for key in self.shop.redis.keys("*") if not key.startswith("worker:heartbeat:"))
        return tables, [(key, self.shop.redis.type(key)) for key in keys]

    def assert_untouched(self):
        assert self.dump() == self.before
        assert self.shop.client().get("").status == 200


def attempts(target, client, headers=None):
    """The error codes of every change that the API knows."""
    return {client.request(method, target.path(path), body, headers=headers).code for method, path, body in CHANGE}
