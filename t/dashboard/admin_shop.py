"""A shop with an NGINX, all workers that the dashboard tells of, and people who may look or act."""
import contextlib
import json
import subprocess
import uuid

from harness import webhooks
from harness.environment import COUPON_WORKER, COUPONCTL, fresh_directory
from harness.message_stand_ins import MessageStandIn
from harness.nginx import Server
from harness.process import Process
from harness.shop import Shop
from harness.waiting import eventually

PASSWORDS = {"asha": ("operator", "Mango-7 tree, by the river"), "ravi": ("read-only", "Only looking around 42")}


class AdminShop(Shop):
    def __init__(self, postgres, redis_server, template, gates=False):
        self.directory = fresh_directory("admin")
        self.socket = self.directory / "admin.sock"
        location = f"""location /admin/workers/ {{
            proxy_pass http://unix:{self.socket};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_buffering off;
        }}"""
        super().__init__(postgres, redis_server, template, click_worker=False, gates=gates,
                         servers={"main": Server(extra=location + webhooks.locations(webhooks.secret_files()))})
        self.closing = contextlib.ExitStack()
        self.provider = MessageStandIn()
        self.closing.callback(self.provider.close)
        self.roles = []

    def start(self):
        self.edge.start()
        self.passwords = self.directory / "passwords"
        self.passwords.write_text("".join(self._password_line(name) for name in PASSWORDS))
        self.passwords.chmod(0o600)
        for role in ("clicks", "webhooks", "email", "cron"):
            self.start_role(role)
        self.start_admin()

    @property
    def environment(self):
        return {
            "DATABASE_URL": self.postgres.url(self.database.name, self.postgres_gate and self.postgres_gate.port),
            "REDIS_URL": self.redis_server.url(self.redis_number, self.redis_gate and self.redis_gate.port),
            "LOG_LEVEL": "debug", "ASAN_OPTIONS": "detect_leaks=0", "COUPON_TZ": "Asia/Kolkata",
            "BACKEND_URL": "http://127.0.0.1:9", "BACKEND_TOKEN": "token-of-the-back-end",
            "SENDGRID_API_KEY": "SG.secret", "SENDGRID_BASE_URL": self.provider.url, "FROM_EMAIL": "shop@shop.test",
            "FROM_NAME": "The Shop", "SHOP_NAME": "The Shop", "SHOP_URL": "https://shop.test",
            "ADMIN_LISTEN": f"unix:{self.socket}", "ADMIN_SOCKET_MODE": "0666", "ADMIN_SECURE_COOKIE": "off",
            "ADMIN_PASSWORDS": str(self.directory / "passwords")}

    def _password_line(self, name):
        role, password = PASSWORDS[name]
        made = subprocess.run([COUPONCTL, "admin", "password", name, "--role", role], input=password + "\n",
                              capture_output=True, text=True, timeout=60)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip() + "\n"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.edge.port()}/admin/workers/"

    # --- workers

    def start_role(self, role):
        worker = Process([COUPON_WORKER, role], self.directory / f"{role}.log", self.environment)
        self.roles.append(worker)
        return worker.says('"started"')

    def start_admin(self):
        self.admin = self.start_role("admin")
        self.admin.expect(lambda: self.edge.get("/admin/workers/").status == 200, "the dashboard answers")

    def close(self):
        try:
            for worker in self.roles:
                if worker.running:
                    assert worker.stop(within_s=40) == 0, worker.tail()
            for log in self.directory.glob("*.log"):
                text = log.read_text(errors="replace")
                assert "Sanitizer" not in text and "runtime error" not in text, text[-3000:]
        finally:
            self.closing.close()
            super().close()

    # --- rows

    def dead_mail(self, last_error="the provider refused it", to="asha@example.com", **columns):
        """A dead letter of queue:email that is sent when it is tried again; its id."""
        columns = {"type": "otp", '"to"': to, "data": json.dumps({"otp": "482913", "name": "Asha"}), "status": "failed",
                   "delivery_status": "failed", "attempts": 17, "last_error": last_error,
                   "idempotency_key": str(uuid.uuid4())} | columns
        return self.database.value(
            f"INSERT INTO email_queue ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
            " RETURNING id::text", list(columns.values()))

    def mail(self, id):
        return self.database.row("SELECT * FROM email_queue WHERE id::text = %s", [id])

    def is_sent(self, id):
        eventually(lambda: self.mail(id)["delivery_status"] == "sent", f"mail {id} is sent: {self.mail(id)}", 30)

    def audited(self, entity_id):
        return self.database.run("SELECT actor, action, details FROM audit_logs WHERE entity_id = %s ORDER BY id", [entity_id])
