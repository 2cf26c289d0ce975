"""The shop's back end, as far as the workers call it."""
import re

from .stand_in import Answer, StandIn

FULFILL = re.compile(r"/internal/orders/(\d+)/fulfill$")
TOKEN = "token-of-the-back-end"


class Backend(StandIn):
    """Fulfils every order it is asked to, once per Idempotency-Key."""

    def __init__(self):
        super().__init__(otherwise=Answer(200, json={"ok": True}))

    @property
    def environment(self):
        return {"BACKEND_URL": self.url, "BACKEND_TOKEN": TOKEN}

    def fulfill_calls(self, order=None):
        return [call for call in list(self.calls) if (found := FULFILL.match(call.path))
                and order in (None, int(found[1]))]

    def fulfilled(self):
        """How often each order would have been fulfilled: {order: different Idempotency-Keys}."""
        keys = {}
        for call in self.fulfill_calls():
            keys.setdefault(int(FULFILL.match(call.path)[1]), set()).add(call.headers["idempotency-key"])
        return {order: len(different) for order, different in keys.items()}

    def updates(self, order):
        return [call for call in self.calls_to(f"/internal/orders/{order}/update-payment")]
