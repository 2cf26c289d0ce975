"""Part `jobs`: for each role a shop, jobs that are real work, and how to tell that they are done, once."""
import json
import time
import types
import uuid

from harness.message_stand_ins import MessageStandIn, Reply
from harness.waiting import eventually
from jobs.cashback_shop import CashbackShop, new_click_id, now
from jobs.job_shop import JobShop, uuid7
from jobs.message_shop import MessageShop
from jobs.paying_shop import razorpay, record

from .cashback import Endless
from .jobs_timed import stamp, stamps
from .shop import ADD_MERCHANTS, ADD_OFFERS, MERCHANTS, OFFERS

PROVIDER_ANSWERS_AFTER_S = 0.05
BACKEND_ANSWERS_AFTER_S = 0.02


class Role:
    """make(first, count) → {key: text or row}; push(list of them); done() → how many are; ends(keys) → Jobs.ends."""
    name = ""
    table = ""
    phases = ("in Redis", "in the table", "at work")
    environment = {}

    def __init__(self, shop):
        self.shop = shop
        self.database = shop.database
        stamp(self.database, self.table)
        self.worker = None

    def start(self):
        self.worker = self.shop.start_worker(role=self.name, LOG_LEVEL="info", **self.environment)

    def push(self, texts):
        self.shop.redis.rpush(f"queue:{self.name}", *texts)

    def done(self):
        return self.database.value(f"SELECT count(*) FROM {self.table} WHERE status = 'completed'")

    def stamps(self):
        return stamps(self.database, self.table)

    def ends(self, keys):
        found = self.stamps()
        return {key: (found[key]["stored"], found[key]["taken"], found[key]["done"]) for key in keys}

    def once(self, count):
        """Asserts that so many jobs had their effect once."""

    def close(self):
        self.shop.close()


class Clicks(Role):
    """The edge's records; a batch of them is one transaction."""
    name, table = "clicks", "offer_clicks"
    phases = ("in Redis, until its batch", "in PostgreSQL")

    def __init__(self, *servers):
        self.shop = JobShop(*servers)
        self.database = self.shop.database
        stamp(self.database, self.table, taken=False)
        self.database.run(ADD_MERCHANTS, [MERCHANTS])
        self.database.run(ADD_OFFERS, [OFFERS, MERCHANTS])
        self.offers = [row["id"] for row in self.database.run("SELECT id FROM offers")]

    def make(self, first, count):
        segment = str(uuid.uuid4())
        made = {}
        for number in range(count):
            id = uuid7()
            made[id] = json.dumps({
                "v": 1, "id": id, "ts": uuid.UUID(id).int >> 80, "offer": self.offers[number % OFFERS], "merchant": 1, "user": 42,
                "ou": str(uuid.UUID(int=number % 1000)), "ip": "192.0.2.1", "ua": "Mozilla/5.0 (Linux; Android 10; K)",
                "ref": "https://shop.example/stores/books", "device": "mobile", "edge": "bench", "seg": segment, "seq": number})
        return made

    def done(self):
        return self.database.value("SELECT count(*) FROM offer_clicks")

    def ends(self, keys):
        found = stamps(self.database, self.table, "click_id", taken=False)
        return {key: (found[key]["stored"], found[key]["done"]) for key in keys}

    def once(self, count):
        assert self.database.value("SELECT count(DISTINCT click_id) FROM offer_clicks") == count
        assert self.database.value("SELECT count(*) FROM click_rejects") == 0


class Webhooks(Role):
    """A captured payment each: payment, order, and a call to the back end. Done is the payment; the call follows."""
    name, table = "webhooks", "webhook_logs"

    def __init__(self, *servers):
        super().__init__(JobShop(*servers))
        stamp(self.database, "outbox", taken=False)
        self.backend = MessageStandIn(BACKEND_ANSWERS_AFTER_S)
        ok = Reply(200, headers={"Content-Type": "application/json"}, body=b'{"ok": true}')
        self.backend.rule = lambda sent: ok
        self.environment = {"BACKEND_URL": self.backend.url, "BACKEND_TOKEN": "token"}
        self.orders = {}    # webhook → order

    def make(self, first, count):
        orders = self.database.run(
            "WITH made AS (INSERT INTO orders (order_number, total_amount, delivery_email)"
            " SELECT 'N' || n, 500, 'visitor-' || n || '@example.com' FROM generate_series(%s, %s) n"
            " RETURNING id, order_number)"
            " INSERT INTO payments (order_id, gateway, gateway_order_id, amount)"
            " SELECT id, 'razorpay', order_number, 500 FROM made RETURNING order_id, gateway_order_id",
            [first, first + count - 1])
        made = {}
        for order in orders:
            paid = types.SimpleNamespace(charge=500, gateway_order=order["gateway_order_id"], currency="INR")
            entry = record("razorpay", razorpay("payment.captured", paid, payment=f"pay_{paid.gateway_order}"))
            made[entry["id"]] = json.dumps(entry)
            self.orders[entry["id"]] = str(order["order_id"])
        return made

    def done(self):
        """Whose order was fulfilled as well."""
        return self.database.value("SELECT count(*) FROM orders WHERE status = 'fulfilled'")

    def fulfilled(self, jobs):
        """Seconds from the webhook to the fulfilled order, ascending."""
        found = stamps(self.database, "outbox", "order_id", taken=False)
        return sorted(found[self.orders[key]]["done"] - at for key, at in jobs.enqueued.items())

    def once(self, count):
        outcomes = self.database.run("SELECT outcome, count(*) FROM webhook_logs GROUP BY 1")
        assert [(row["outcome"], row["count"]) for row in outcomes] == [("applied", count)], outcomes
        keys = [call.headers["idempotency-key"] for call in self.backend.posts]
        assert len(keys) == len(set(keys)) == count, f"{len(keys)} calls for {count} orders"

    def close(self):
        super().close()
        self.backend.close()


class Messages(Role):
    phases = ("in Redis", "in the table", "until the provider has it", "the provider's 50 ms", "answer to commit")

    def __init__(self, *servers):
        super().__init__(MessageShop(*servers, after=PROVIDER_ANSWERS_AFTER_S))
        self.arrived = {}

    def ends(self, keys):
        found = self.stamps()
        arrived = {self.called(call): call.at for call in self.shop.provider.posts}
        return {key: (found[key]["stored"], found[key]["taken"], arrived[key], arrived[key] + PROVIDER_ANSWERS_AFTER_S,
                      found[key]["done"]) for key in keys}

    def once(self, count):
        counted = self.shop.provider.times_sent()
        assert len(counted) == count and max(counted.values()) == 1, "a message was sent twice, or never"


class Email(Messages):
    name, table = "email", "email_queue"

    def make(self, first, count):
        ids = [str(uuid.uuid4()) for _ in range(count)]
        return {id: json.dumps({
            "id": id, "type": "password_reset", "to": f"visitor-{first + number}@example.com",
            "data": {"name": "Visitor", "reset_url": "https://shop.test/reset", "token": id}})
            for number, id in enumerate(ids)}

    @staticmethod
    def called(call):
        return call.id


class Sms(Messages):
    """A message's key is its number: MSG91 is told no id."""
    name, table = "sms", "sms_queue"

    def make(self, first, count):
        numbers = range(first, first + count)
        return {f"9198{number:08}": json.dumps({
            "id": str(uuid.uuid4()), "type": "order_confirmation", "to": f"+9198{number:08}",
            "data": {"order_id": number, "order_number": f"N{number}", "total_amount": "499.00", "currency": "INR"}})
            for number in numbers}

    def stamps(self):
        return stamps(self.database, self.table, "ltrim(\"to\", '+')")

    @staticmethod
    def called(call):
        return call.json["recipients"][0]["mobiles"].lstrip("+")


class OneByOne(Endless):
    """An Admitad that is asked for single transactions; remembers when."""

    def __init__(self, clicks):
        super().__init__(clicks, 0, "approved")
        self.asked = {}

    def _actions(self, call):
        id = call.path.partition("action_id=")[2].partition("&")[0]
        if not id:
            return super()._actions(call)   # its schedule's runs: nothing
        self.asked[id] = time.time()
        answer = super()._actions(call)
        text = self.template.replace("@id", id).replace("@order", f"O{id}").replace("@click", self.clicks[int(id) % len(self.clicks)])
        answer.body = f'{{"results": [{text}], "_meta": {{"count": 1, "limit": 500, "offset": 0}}}}'.encode()
        return answer


class Cashback(Role):
    """Postbacks, as the webhooks role writes them: the network is asked for each, and it is matched and credited."""
    name, table = "cashback", "cashback_jobs"
    phases = ("in the table", "until the network is asked", "answer, match, credit, commit")

    def __init__(self, *servers):
        shop = CashbackShop(*servers, networks=())
        super().__init__(shop)
        offer, users = shop.offer(), [shop.user() for _ in range(20)]
        clicks = [new_click_id(now(hours=3)) for _ in range(1000)]
        for number, click in enumerate(clicks):
            shop.click(offer, users[number % len(users)], id=click)
        self.network = shop.networks["admitad"] = OneByOne(clicks)
        shop.closing.callback(self.network.close)

    def start(self):
        """After its scheduled run: a postback that comes during one waits, and is looked at 16 s later."""
        super().start()
        eventually(lambda: any(run["finished_at"] for run in self.shop.runs("admitad")), "its first run is over", 30)

    def make(self, first, count):
        return {str(number): str(number) for number in range(first + 1000, first + 1000 + count)}

    def push(self, texts):
        self.database.run("INSERT INTO cashback_jobs (type, network, data) SELECT 'postback', 'admitad',"
                          " jsonb_build_object('id', id) FROM unnest(%s) id", [texts])

    def stamps(self):
        return stamps(self.database, self.table, "data ->> 'id'")

    def ends(self, keys):
        found = self.stamps()
        return {key: (found[key]["taken"], self.network.asked[key], found[key]["done"]) for key in keys}

    def once(self, count):
        paid = self.database.row("SELECT count(*), count(DISTINCT affiliate_transaction_id) AS different FROM cashback_events"
                                 " WHERE status = 'paid'")
        assert (paid["count"], paid["different"]) == (count, count), paid
        assert self.shop.problems() == []


ROLES = (Clicks, Webhooks, Email, Sms, Cashback)
