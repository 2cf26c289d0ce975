"""A payment gateway that posts one event after the other and writes down what it was answered."""
import asyncio
import collections
import hashlib
import hmac
import json

from harness.waiting import eventually

from .many_connections import STATUS, Cut, ManyConnections, exchange

SECRET = "a webhook secret of the fault tests"
ANSWER_DEADLINE_S = 20   # the edge gives up after 10


def order_of(number):
    return f"order_{number:08}"


def amount_paise(number):
    return 10_000 + number % 1000


def captured(number):
    """The body of Razorpay's payment.captured for order `number`."""
    payment = {"id": f"pay_{number:08}", "entity": "payment", "amount": amount_paise(number), "currency": "INR",
               "status": "captured", "order_id": order_of(number), "method": "upi", "captured": True, "notes": []}
    return json.dumps({"entity": "event", "event": "payment.captured", "contains": ["payment"],
                       "payload": {"payment": {"entity": payment}}, "created_at": 1767225600}).encode()


def request(number, good, keep_alive=True):
    body = captured(number)
    signature = hmac.new(SECRET.encode() if good else b"not the secret", body, hashlib.sha256).hexdigest()
    return (f"POST /webhooks/razorpay HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n"
            f"X-Razorpay-Signature: {signature}\r\nContent-Length: {len(body)}\r\n"
            f"{'' if keep_alive else 'Connection: close' + chr(13) + chr(10)}\r\n").encode() + body


class WebhookLoad(ManyConnections):
    """Runs inside its `with` block; posts the event of each order in `numbers`, those that end in 9
    with a wrong signature. Afterwards, sets of order numbers:

    accepted      answered 2xx
    refused       answered 4xx
    unavailable   answered 503
    unknown       the connection was cut, or no answer in time
    """

    def __init__(self, port, numbers, connections=16, pause_s=0.02):
        super().__init__(connections)
        self.port = port
        self.numbers = iter(numbers)
        self.pause_s = pause_s
        self.accepted, self.refused, self.unavailable, self.unknown = set(), set(), set(), set()
        self.statuses = collections.Counter()
        self.nobody_listened = 0
        self.exhausted = False

    def goes_on(self, more=50, within_s=20):
        """Waits until so many more events were accepted."""
        goal = len(self.accepted) + more
        eventually(lambda: len(self.accepted) >= goal or self._failure or self.exhausted,
                   f"{more} more webhooks accepted", within_s)
        assert len(self.accepted) >= goal or self._failure, "there are no orders left to post events of"

    async def _keep_busy(self, number_of_connection):
        keep_alive = number_of_connection % 2 == 0
        link = None
        number = None
        while not self._stopping:
            await asyncio.sleep(self.pause_s)
            if number is None:
                number = next(self.numbers, None)
                if number is None:
                    self.exhausted = True
                    break
            if link is None:
                try:
                    link = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    self.nobody_listened += 1   # nothing was sent: the same event again
                    await asyncio.sleep(0.02)
                    continue
            try:
                head = await asyncio.wait_for(exchange(link, request(number, number % 10 != 9, keep_alive)),
                                              ANSWER_DEADLINE_S)
                self._note(number, int(STATUS.match(head)[1]))
                keep = keep_alive and b"\r\nConnection: close\r\n" not in head
            except (asyncio.TimeoutError, Cut, OSError):
                self.unknown.add(number)
                keep = False
            number = None
            if not keep:
                link[1].close()
                link = None
        if link:
            link[1].close()

    def _note(self, number, status):
        self.statuses[status] += 1
        if 200 <= status < 300:
            self.accepted.add(number)
        elif status == 503:
            self.unavailable.add(number)
        else:
            self.refused.add(number)
