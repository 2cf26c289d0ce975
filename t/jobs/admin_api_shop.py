"""An AdminShop whose messages can be sent, and what the tests of the API ask of it."""
import json
import uuid

import psycopg2.extras

from harness.waiting import eventually

from .admin_shop import AdminShop
from .job_shop import uuid7
from .message_shop import OTP, MessageShop

WHY = {"reason": "a test of the API"}
OPERATOR, READER = "operator", "read-only"
DEAD_TABLES = {"webhooks": "webhook_logs", "outbox": "outbox", "email": "email_queue", "sms": "sms_queue",
               "cashback": "cashback_jobs", "clicks": "click_rejects"}
BODIES = {"webhooks": {"provider": "hmac", "verdict": "accepted", "body": psycopg2.Binary(b'{"event":"nothing.known"}')},
          "outbox": {"kind": "fulfill", "order_id": 17}, "cashback": {"type": "run", "network": "admitad"},
          "email": {"type": "otp", '"to"': "asha@example.com", "data": json.dumps(OTP), "delivery_status": "failed"},
          "sms": {"type": "otp", '"to"': "+919876543210", "data": json.dumps(OTP), "delivery_status": "failed"}}


class AdminApiShop(AdminShop, MessageShop):
    def start(self, **environment):
        """With the admin worker alone."""
        self.start_admin(**environment)
        return self

    def get(self, path, role=READER):
        """The answer's JSON; it has to be 200."""
        answer = self.client(role).get("api/v1/" + path)
        assert answer.status == 200, answer
        return answer.json

    def post(self, path, body=None, role=OPERATOR):
        return self.client(role).post("api/v1/" + path, WHY if body is None else body)

    def delete(self, path, body=None, role=OPERATOR):
        return self.client(role).delete("api/v1/" + path, WHY if body is None else body)

    def add_dead(self, queue, **columns):
        """A dead letter of that queue; its id."""
        given = {"status": "failed", "last_error": "it was refused", "attempts": 5} | BODIES[queue] | columns
        given = ({"id": uuid7()} if queue == "webhooks" else {"idempotency_key": str(uuid.uuid4())}) | given
        return self.database.value(
            f"INSERT INTO {DEAD_TABLES[queue]} ({', '.join(given)}) VALUES ({', '.join(['%s'] * len(given))})"
            " RETURNING id::text", list(given.values()))

    def job(self, queue, id):
        return self.database.row(f"SELECT * FROM {DEAD_TABLES[queue]} WHERE id::text = %s", [id])

    def ends(self, queue, id, within_s=30):
        return eventually(lambda: self.job(queue, id)["status"] == "completed" and self.job(queue, id),
                          f"{id} of {queue} is done: {self.job(queue, id)}", within_s)

    def acts(self, action):
        """What audit_logs has of it, oldest first."""
        return self.database.run("SELECT actor, entity, entity_id, details FROM audit_logs WHERE action = %s"
                                 " ORDER BY id", [action])
