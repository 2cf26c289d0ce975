"""A database, a Redis database and coupon-worker webhooks processes that belong together."""
import base64
import json
import os
import time
import uuid

from harness.environment import COUPON_WORKER, fresh_directory
from harness.gate import Gate
from harness.process import Process, free_port
from harness.waiting import eventually

# A settled webhook that the worker has nothing to do for: no provider of that name sends money.
PROVIDER = "hmac"


def uuid7():
    value = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return str(uuid.UUID(int=value & ~(0xf << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62))


def record(**members):
    """What the edge writes for one accepted request."""
    body = members.pop("raw", b'{"event":"nothing.known"}')
    return {"v": 1, "id": uuid7(), "ts": int(time.time() * 1000), "provider": PROVIDER,
            "location": "/webhooks/hmac", "remote": "192.0.2.1", "method": "POST", "verdict": "accepted",
            "trust": "body-signed", "headers": {"content-type": "application/json"}, "edge": "test",
            "body": base64.b64encode(body).decode(), "seg": str(uuid.uuid4()), "seq": 0,
            "rid": "correlation-" + uuid7()} | members


def segment_of(count, **members):
    """Records as one segment of a journal holds them; its id and they."""
    segment = str(uuid.uuid4())
    return segment, [record(seg=segment, seq=number, **members) for number in range(count)]


class JobShop:
    def __init__(self, postgres, redis_server, template, *, gates=False):
        self.postgres = postgres
        self.redis_server = redis_server
        self.database = postgres.create_database(template)
        self.redis_number = redis_server.next_number()
        self.redis = redis_server.client(self.redis_number)
        self.postgres_gate = Gate(postgres.port) if gates else None
        self.redis_gate = Gate(redis_server.port) if gates else None
        self.directory = fresh_directory("jobs")
        self.metrics_port = free_port()
        self.workers = []

    @property
    def environment(self):
        return {
            "DATABASE_URL": self.postgres.url(self.database.name, self.postgres_gate and self.postgres_gate.port),
            "REDIS_URL": self.redis_server.url(self.redis_number, self.redis_gate and self.redis_gate.port),
            "LOG_LEVEL": "debug", "ASAN_OPTIONS": "detect_leaks=0",
            "BACKEND_URL": "http://127.0.0.1:9", "BACKEND_TOKEN": "token-of-the-back-end"}

    def start_worker(self, *arguments, role="webhooks", **environment):
        worker = Process([COUPON_WORKER, role, *arguments], self.directory / "worker.log",
                         self.environment | environment)
        self.workers.append(worker)
        return worker.says('"started"')

    def log(self):
        path = self.directory / "worker.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self):
        try:
            for worker in self.workers:
                if worker.running:
                    assert worker.stop(within_s=40) == 0, worker.tail()
            assert "Sanitizer" not in self.log() and "runtime error" not in self.log(), self.log()[-3000:]
        finally:
            for gate in (self.postgres_gate, self.redis_gate):
                if gate is not None:
                    gate.close()
            self.database.close()
            self.redis.close()

    def push(self, *entries):
        texts = [entry if isinstance(entry, (str, bytes)) else json.dumps(entry) for entry in entries]
        for first in range(0, len(texts), 200):
            self.redis.rpush("queue:webhooks", *texts[first:first + 200])

    def drained(self, within_s=20):
        eventually(lambda: not self.redis.keys("*queue:webhooks*"), "queue:webhooks is taken in", within_s)

    def row(self, entry):
        return self.database.row("SELECT * FROM webhook_logs WHERE id = %s", [entry["id"]])

    def taken_in(self, entry, within_s=20):
        return eventually(lambda: self.row(entry), f"webhook {entry['id']} in PostgreSQL", within_s)

    def settled(self, segment):
        return self.database.value("SELECT settled::text FROM journal_segments WHERE id = %s AND kind = 'webhooks'",
                                   [segment])

    def assert_each_once(self, segment, entries, within_s=30):
        """Every record is one row, the segment is settled as a whole, and Redis is empty."""
        eventually(lambda: self.settled(segment) == f"{{[0,{len(entries)})}}", "everything settled", within_s)
        self.drained(within_s)
        assert self.database.row("SELECT count(*) AS rows, count(DISTINCT seq) AS places FROM webhook_logs"
                                 " WHERE segment = %s", [segment]) == {"rows": len(entries), "places": len(entries)}
        assert self.database.value("SELECT count(*) FROM webhook_logs WHERE id = ANY (%s::uuid[])",
                                   [[entry["id"] for entry in entries]]) == len(entries)

    # --- jobs of the outbox

    def add_call(self, kind="fulfill", **columns):
        """A row of the outbox; its id."""
        columns = {"kind": kind, "idempotency_key": str(uuid.uuid4())} | columns
        names = ", ".join(columns)
        return self.database.value(
            f"INSERT INTO outbox ({names}) VALUES ({', '.join(['%s'] * len(columns))}) RETURNING id::text",
            list(columns.values()))

    def call(self, job):
        return self.database.row("SELECT *, scheduled_at - now() AS wait FROM outbox WHERE id = %s", [job])
