"""The three affiliate networks as far as the workers ask them, over one made-up world of transactions that may change
between two pages."""
import base64
import dataclasses
import datetime
import itertools
import json
import threading
import urllib.parse

from .stand_in import Answer, StandIn

UTC = datetime.timezone.utc


@dataclasses.dataclass
class Transaction:
    id: int
    subid: str
    order: str
    sale: str                 # decimal text
    commission: str
    currency: str = "INR"
    status: str = "pending"   # pending, approved, declined; CueLinks: as it says
    occurred: datetime.datetime = None
    updated: datetime.datetime = None


class World:
    """What one network knows. Safe to change while it is read."""

    def __init__(self):
        self.lock = threading.RLock()
        self.transactions = {}
        self._ids = itertools.count(1001)

    def add(self, subid, *, sale="1000.00", commission="80.00", status="pending", occurred=None, order=None, **more):
        with self.lock:
            number = next(self._ids)
            occurred = occurred or datetime.datetime.now(UTC)
            made = Transaction(number, subid, order or f"O{number}", sale, commission, status=status, occurred=occurred,
                               updated=datetime.datetime.now(UTC), **more)
            self.transactions[number] = made
            return made

    def change(self, transaction, **members):
        with self.lock:
            for name, value in members.items():
                setattr(transaction, name, value)
            transaction.updated = datetime.datetime.now(UTC)


def query_of(call):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(call.path).query, keep_blank_values=True)


def first(query, name, by_default=""):
    return query.get(name, [by_default])[0]


class Network(StandIn):
    """`before_page`, where set, is called before each page is made: it may change the world."""

    def __init__(self, world=None):
        super().__init__()
        self.world = world or World()
        self.before_page = None
        self.pages = 0

    def _page(self):
        self.pages += 1
        if self.before_page:
            self.before_page(self.pages)


class Admitad(Network):
    """Client credentials and refresh tokens; a refresh token works once, an access token until expire()."""
    CLIENT, SECRET = "admitad-client", "admitad-secret"

    def __init__(self, world=None):
        super().__init__(world)
        self.tokens = itertools.count(1)
        self.access, self.refresh = None, "refresh-0"
        self.expires_in = 604_800
        self.granted = []
        self.answer("/token/", self._token)
        self.answer("/statistics/actions/", self._actions)

    @property
    def environment(self):
        return {"ADMITAD_BASE_URL": self.url, "ADMITAD_CLIENT_ID": self.CLIENT, "ADMITAD_CLIENT_SECRET": self.SECRET}

    def expire(self):
        self.access = None

    def _token(self, call):
        form = {name: values[0] for name, values in urllib.parse.parse_qs(call.body.decode()).items()}
        basic = "Basic " + base64.b64encode(f"{self.CLIENT}:{self.SECRET}".encode()).decode()
        kind = form.get("grant_type")
        right = (kind == "client_credentials" and call.headers.get("authorization") == basic
                 and "statistics" in form.get("scope", "")) or (
            kind == "refresh_token" and form.get("refresh_token") == self.refresh
            and (form.get("client_id"), form.get("client_secret")) == (self.CLIENT, self.SECRET))
        if not right:
            return Answer(401, json={"error": "invalid_grant", "error_description": "no", "error_code": 5})
        number = next(self.tokens)
        self.access, self.refresh = f"access-{number}", f"refresh-{number}"
        self.granted.append(kind)
        return Answer(json={"access_token": self.access, "token_type": "bearer", "expires_in": self.expires_in,
                            "refresh_token": self.refresh, "scope": "statistics", "username": "shop"})

    def _actions(self, call):
        if self.access is None or call.headers.get("authorization") != f"Bearer {self.access}":
            return Answer(401, json={"error": "invalid_token", "error_description": "expired", "error_code": 0})
        self._page()
        query = query_of(call)
        limit, offset = min(int(first(query, "limit", "20")), 500), int(first(query, "offset", "0"))
        with self.world.lock:
            found = list(self.world.transactions.values())
            for name, at in (("status_updated_start", "updated"), ("status_updated_end", "updated")):
                if name in query:
                    bound = datetime.datetime.strptime(first(query, name), "%d.%m.%Y %H:%M:%S").replace(tzinfo=UTC)
                    found = [one for one in found if (getattr(one, at).replace(microsecond=0) >= bound
                                                      if name.endswith("start") else getattr(one, at).replace(microsecond=0) <= bound)]
            if "action_id" in query:
                found = [one for one in found if one.id == int(first(query, "action_id"))]
            for order in reversed(query.get("order_by", [])):
                name = {"datetime": "occurred", "action": "id", "status": "status", "payment": "commission",
                        "subid": "subid"}[order.lstrip("-")]
                found.sort(key=lambda one, name=name: getattr(one, name), reverse=order.startswith("-"))
            results = [self._record(one) for one in found[offset:offset + limit]]
            return Answer(json={"results": results, "_meta": {"count": len(found), "limit": limit, "offset": offset}})

    def _record(self, one):
        return {"action_id": one.id, "order_id": one.order, "status": one.status, "payment": float(one.commission),
                "cart": float(one.sale), "currency": one.currency, "subid": None, "subid1": "", "subid4": one.subid,
                "click_date": one.occurred.strftime("%Y-%m-%d %H:%M:%S"),
                "action_date": one.occurred.strftime("%Y-%m-%d %H:%M:%S"),
                "status_updated": one.updated.strftime("%Y-%m-%d %H:%M:%S"), "closing_date": "2026-12-31",
                "advcampaign_id": 7, "advcampaign_name": "Books", "website_name": "shop", "action": "Paid order",
                "action_type": "sale", "processed": 0, "paid": 0, "positions": []}


class Vcommission(Network):
    """Trackier: newest first, pages of 200, statuses approved, pending, cancelled, rejected."""
    KEY = "vcommission-key"

    def __init__(self, world=None):
        super().__init__(world)
        self.answer("/affiliate/conversions", self._conversions)

    @property
    def environment(self):
        return {"VCOMMISSION_BASE_URL": self.url, "VCOMMISSION_API_KEY": self.KEY}

    def _conversions(self, call):
        query = query_of(call)
        if self.KEY not in (call.headers.get("x-api-key"), first(query, "apiKey")):
            return Answer(401, json={"success": False, "errors": [{"message": "invalid key", "code": 13}]})
        self._page()
        page, limit = int(first(query, "page", "1")), int(first(query, "limit", "200"))
        since, until = (datetime.date.fromisoformat(first(query, name)) for name in ("start", "end"))
        with self.world.lock:
            found = sorted((one for one in self.world.transactions.values() if since <= one.occurred.date() <= until),
                           key=lambda one: (one.occurred, one.id), reverse=True)
            if "_id[]" in query:
                found = [one for one in found if self._id(one) in query["_id[]"]]
            records = [self._record(one) for one in found[(page - 1) * limit:page * limit]]
            return Answer(json={"success": True, "query": {}, "limit": limit, "page": page, "columns": [],
                                "records": records, "count": len(found)})

    @staticmethod
    def _id(one):
        return f"5f{one.id:022x}"

    def _record(self, one):
        status = {"declined": "rejected"}.get(one.status, one.status)
        return {"_id": self._id(one), "cid": "c", "source": "", "sale": one.sale, "p1": one.subid, "p2": "", "sub1": "",
                "goalId": "g", "txnId": one.order, "payout": one.commission, "status": status, "currency": one.currency,
                "created": one.occurred.strftime("%Y-%m-%d %H:%M:%S"), "campaign_id": "77"}


class Cuelinks(Network):
    """204 where there is nothing; amounts are numbers or texts, as it comes."""
    KEY = "cuelinks-key"
    STATUS = {"approved": "payable", "declined": "rejected"}

    def __init__(self, world=None):
        super().__init__(world)
        self.answer("/api/v2/transactions.json", self._transactions)

    @property
    def environment(self):
        return {"CUELINKS_BASE_URL": self.url, "CUELINKS_API_KEY": self.KEY, "CUELINKS_PUBLISHER_ID": "12345",
                "CUELINKS_RATE": "1000r/s"}

    def _transactions(self, call):
        if call.headers.get("authorization") != f'Token token="{self.KEY}"':
            return Answer(401, json={"error": "unauthorised"})
        self._page()
        query = query_of(call)
        page, size = int(first(query, "page", "1")), min(int(first(query, "per_page", "50")), 100)
        since, until = (datetime.date.fromisoformat(first(query, name)[:10]) for name in ("start_date", "end_date"))
        with self.world.lock:
            found = sorted((one for one in self.world.transactions.values() if since <= one.occurred.date() <= until),
                           key=lambda one: (one.occurred, one.id), reverse=True)
            records = [self._record(one) for one in found[(page - 1) * size:page * size]]
            if not records:
                return Answer(204)
            return Answer(json={"total_count": len(found), "transactions": records})

    def _record(self, one):
        amount = float if one.id % 2 else str
        return {"id": one.id, "aff_sub": one.subid, "subid1": "", "pub_affiliate_id": 1, "campaign_id": 9,
                "store_name": "Books", "sale_amount": amount(one.sale), "user_commission": amount(one.commission),
                "currency": one.currency, "status": self.STATUS.get(one.status, one.status), "order_id": one.order,
                "transaction_date": one.occurred.isoformat(), "referrer_url": None, "extra_info": json.dumps({})}
