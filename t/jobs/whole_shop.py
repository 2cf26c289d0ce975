"""An edge and the workers behind it over one database, with everybody else played by stand-ins."""
from harness import webhooks
from harness.catalog import add_offer
from harness.environment import COUPON_WORKER
from harness.http import fetch
from harness.nginx import Nginx, Server
from harness.process import Process, free_port
from harness.waiting import eventually

from .paying_shop import PAID, PayingShop, razorpay


class WholeShop(PayingShop):
    """`others` are shops whose stand-ins the workers are told of (MessageShop, CashbackShop)."""

    def __init__(self, postgres, redis_server, template, others):
        super().__init__(postgres, redis_server, template)
        told = {}
        for other in others:
            told |= other.environment
        self.environment = told | self.environment
        self.metrics_ports = {}
        self.edge = Nginx(settings={"coupon_postgres": self.database.url,
                                    "coupon_redis": f"127.0.0.1:{redis_server.port} db={self.redis_number}"})
        secret = self.edge.secret_file("razorpay", webhooks.SECRET)
        self.edge.servers = {"main": Server(
            extra=f"location = /webhooks/razorpay {{ coupon_webhook razorpay; coupon_webhook_secret file:{secret};"
                  " client_max_body_size 16k; }")}

    def start(self, *roles):
        self.edge.start()
        for role in roles:
            self.metrics_ports[role] = free_port()
            self.workers.append(Process(
                [COUPON_WORKER, role], self.directory / ("worker.log" if role == "webhooks" else f"{role}.log"),
                self.environment | self.backend.environment
                | {"METRICS_LISTEN": f"127.0.0.1:{self.metrics_ports[role]}"}).says('"started"'))
        return self

    def close(self):
        self.edge.stop()
        super().close()
        self.edge.assert_clean()

    def pay(self, **headers):
        """An order whose payment a webhook tells of, and its mail, once that is sent."""
        order = self.order(email="asha@shop.example")
        body = webhooks.to_json(razorpay("payment.captured", order))
        assert webhooks.razorpay(body).with_headers(**headers).send(self.edge.port()).status == 200
        self.reaches(order, *PAID)

        def sent():
            return [row for row in self.mails(order) if row["delivery_status"] == "sent"]
        return order, eventually(sent, "the mail is sent")[0]

    def offer(self, **columns):
        return add_offer(self.database, **columns)

    def scrape(self):
        """The metrics' text of each, by role; the edge is one."""
        texts = {"edge": self.edge.get("/metrics").text}
        for role, port in self.metrics_ports.items():
            texts[role] = fetch(port, "/metrics").text
        return texts
