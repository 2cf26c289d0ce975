"""The three affiliate networks as far as the workers ask them, each over one made-up world of transactions that may
change between two pages. Fast enough for 50,000 transactions a network."""
import base64
import dataclasses
import datetime
import itertools
import json
import threading
import urllib.parse

from .stand_in import Answer, StandIn

UTC = datetime.timezone.utc


@dataclasses.dataclass(eq=False)
class Transaction:
    id: int
    subid: str
    order: str
    sale: str                 # decimal text
    commission: str
    currency: str = "INR"
    status: str = "pending"   # pending, approved, declined; any other word as it is
    occurred: datetime.datetime = None
    updated: datetime.datetime = None
    paid: int = 0             # Admitad's
    members: dict = dataclasses.field(default_factory=dict)  # of the record, instead of what it would say; ...: none
    instead: str = None       # JSON, or no JSON, in the place of the record
    times: int = 1            # how often the list has it
    text: str = None          # the record, once it was made


class World:
    """What one network knows. Safe to change while it is read; a transaction is changed by change() alone."""

    def __init__(self):
        self.lock = threading.RLock()
        self.transactions = {}
        self.version = 0      # goes up with every change
        self._ids = itertools.count(1001)

    def add(self, subid, *, sale="1000.00", commission="80.00", status="pending", occurred=None, order=None, **more):
        with self.lock:
            number = next(self._ids)
            now = datetime.datetime.now(UTC)
            made = Transaction(number, subid, order or f"O{number}", sale, commission, status=status,
                               **{"occurred": occurred or now, "updated": now} | more)
            self.transactions[number] = made
            self.version += 1
            return made

    def change(self, transaction, **members):
        with self.lock:
            changed = {"updated": datetime.datetime.now(UTC)} | members | {"text": None}
            for name, value in changed.items():
                setattr(transaction, name, value)
            self.version += 1

    def remove(self, transaction):
        with self.lock:
            del self.transactions[transaction.id]
            self.version += 1


def query_of(call):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(call.path).query, keep_blank_values=True)


def first(query, name, by_default=""):
    return query.get(name, [by_default])[0]


def date_time(at):
    return at.strftime("%Y-%m-%d %H:%M:%S")


class Network(StandIn):
    """`before_page`, where set, is called with the number of each page that is asked for (1, 2, … over all runs) before
    it is made: it may change the world. `trouble[number]` is answered instead of that page."""

    def __init__(self, world=None):
        super().__init__()
        self.world = world or World()
        self.before_page = None
        self.trouble = {}
        self.pages = 0
        self._lists = {}   # by what is asked for: the world's version, and the list

    def _handler(self):
        handler = super()._handler()
        handler.disable_nagle_algorithm = True   # else each page waits for an acknowledgement, 40 ms
        return handler

    def _trouble(self):
        self.pages += 1
        if self.before_page:
            self.before_page(self.pages)
        return self.trouble.pop(self.pages, None)

    def _list(self, asked, belongs, *orders):
        """Those transactions that belong to it, by these orders in turn; made anew when the world has changed."""
        version, found = self._lists.get(asked, (None, None))
        if version != self.world.version:
            found = [one for one in self.world.transactions.values() for _ in range(one.times) if belongs(one)]
            for key, downwards in reversed(orders):
                found.sort(key=key, reverse=downwards)
            self._lists = {asked: (self.world.version, found)}
        return found

    def _texts(self, transactions):
        """The records as an array of JSON."""
        for one in transactions:
            if one.text is None:
                record = {name: value for name, value in (self._record(one) | one.members).items() if value is not ...}
                one.text = one.instead if one.instead is not None else json.dumps(record)
        return "[" + ",".join(one.text for one in transactions) + "]"

    def _record(self, one):
        raise NotImplementedError


class Admitad(Network):
    """Client credentials and refresh tokens; a refresh token works once, an access token until expire() or the next
    one."""
    CLIENT, SECRET = "admitad-client", "admitad-secret"
    ORDERS = {"datetime": "occurred", "action": "id", "status": "status", "payment": "commission", "subid": "subid",
              "updated": "updated"}   # the last: as it is without an order

    def __init__(self, world=None):
        super().__init__(world)
        self.tokens = itertools.count(1)
        self.access, self.refresh = None, "refresh-0"
        self.expires_in = 604_800
        self.granted = []      # the kinds of grants, in order
        self.presented = []    # refresh tokens, in order
        self.secrets = [self.SECRET, self.refresh]   # nothing that may be written down anywhere
        self.token_lock = threading.Lock()
        self.answer("/token/", self._token)
        self.answer("/statistics/actions/", self._actions)

    @property
    def environment(self):
        return {"ADMITAD_BASE_URL": self.url, "ADMITAD_CLIENT_ID": self.CLIENT, "ADMITAD_CLIENT_SECRET": self.SECRET,
                "ADMITAD_RATE": "1000r/s"}

    def expire(self):
        self.access = None

    def _token(self, call):
        with self.token_lock:
            form = {name: values[0] for name, values in urllib.parse.parse_qs(call.body.decode()).items()}
            if not self._may_have_token(call, form):
                return Answer(401, json={"error": "invalid_grant", "error_description": "no", "error_code": 5})
            number = next(self.tokens)
            self.access, self.refresh = f"access-token-{number}", f"refresh-token-{number}"
            self.secrets += [self.access, self.refresh]
            self.granted.append(form["grant_type"])
            return Answer(json={"access_token": self.access, "token_type": "bearer", "expires_in": self.expires_in,
                                "refresh_token": self.refresh, "scope": "statistics", "username": "shop"})

    def _may_have_token(self, call, form):
        if form.get("grant_type") == "client_credentials":
            basic = "Basic " + base64.b64encode(f"{self.CLIENT}:{self.SECRET}".encode()).decode()
            return (call.headers.get("authorization") == basic and form.get("client_id") == self.CLIENT
                    and "statistics" in form.get("scope", "").split())
        if form.get("grant_type") == "refresh_token":
            self.presented.append(form.get("refresh_token"))
            return (form.get("client_id"), form.get("client_secret"), form.get("refresh_token")) == (
                self.CLIENT, self.SECRET, self.refresh)
        return False

    def _actions(self, call):
        if self.access is None or call.headers.get("authorization") != f"Bearer {self.access}":
            return Answer(401, json={"error": "invalid_token", "error_description": "expired", "error_code": 0})
        trouble = self._trouble()
        if trouble:
            return trouble
        query = query_of(call)
        limit, offset = min(int(first(query, "limit", "20")), 500), int(first(query, "offset", "0"))
        bounds = [datetime.datetime.strptime(first(query, name), "%d.%m.%Y %H:%M:%S").replace(tzinfo=UTC)
                  if name in query else None for name in ("status_updated_start", "status_updated_end")]
        asked = (*bounds, first(query, "action_id"), *query.get("order_by", ["-updated"]))
        with self.world.lock:
            found = self._list(asked, lambda one: self._belongs(one, *asked[:3]),
                               *((lambda one, name=self.ORDERS[order.lstrip("-")]: getattr(one, name),
                                  order.startswith("-")) for order in asked[3:]))
            meta = json.dumps({"count": len(found), "limit": limit, "offset": offset})
            results = self._texts(found[offset:offset + limit])
        return Answer(body=f'{{"results": {results}, "_meta": {meta}}}'.encode())

    @staticmethod
    def _belongs(one, since, until, action):
        updated = one.updated.replace(microsecond=0)
        return ((since is None or updated >= since) and (until is None or updated <= until)
                and (not action or one.id == int(action)))

    def _record(self, one):
        return {"action_id": one.id, "order_id": one.order, "status": one.status, "payment": float(one.commission),
                "cart": float(one.sale), "currency": one.currency, "subid": None, "subid1": "", "subid4": one.subid,
                "click_date": date_time(one.occurred), "action_date": date_time(one.occurred),
                "status_updated": date_time(one.updated), "closing_date": "2026-12-31",
                "advcampaign_id": 7, "advcampaign_name": "Books", "website_name": "shop", "action": "Paid order",
                "action_type": "sale", "processed": 0, "paid": one.paid, "positions": []}


class Vcommission(Network):
    """Trackier: newest first, pages of 200 at most, statuses approved, pending, cancelled, rejected."""
    KEY = "vcommission-key"

    def __init__(self, world=None):
        super().__init__(world)
        self.secrets = [self.KEY]
        self.answer("/affiliate/conversions", self._conversions)

    @property
    def environment(self):
        return {"VCOMMISSION_BASE_URL": self.url, "VCOMMISSION_API_KEY": self.KEY}

    def _conversions(self, call):
        query = query_of(call)
        if self.KEY not in (call.headers.get("x-api-key"), first(query, "apiKey")):
            return Answer(401, json={"success": False, "errors": [{"message": "invalid key", "code": 13}]})
        trouble = self._trouble()
        if trouble:
            return trouble
        page, limit = int(first(query, "page", "1")), min(int(first(query, "limit", "200")), 200)
        since, until = (datetime.date.fromisoformat(first(query, name)) for name in ("start", "end"))
        ids = query.get("_id[]", [])
        with self.world.lock:
            found = self._list((since, until, *ids), lambda one: since <= one.occurred.date() <= until
                               and (not ids or self.id_of(one) in ids), (lambda one: (one.occurred, one.id), True))
            rest = json.dumps({"success": True, "query": {}, "limit": limit, "page": page, "columns": [],
                               "count": len(found)})
            records = self._texts(found[(page - 1) * limit:page * limit])
        return Answer(body=f'{rest[:-1]}, "records": {records}}}'.encode())

    @staticmethod
    def id_of(one):
        return f"5f{one.id:022x}"

    def _record(self, one):
        status = {"declined": "rejected"}.get(one.status, one.status)
        return {"_id": self.id_of(one), "cid": "c", "source": "", "sale": one.sale, "p1": one.subid, "p2": "", "sub1": "",
                "goalId": "g", "txnId": one.order, "payout": one.commission, "status": status, "currency": one.currency,
                "created": date_time(one.occurred), "campaign_id": "77"}


class Cuelinks(Network):
    """204 where there is nothing; amounts are numbers or texts, as it comes."""
    KEY = "cuelinks-key"
    STATUS = {"approved": "payable", "declined": "rejected"}

    def __init__(self, world=None):
        super().__init__(world)
        self.secrets = [self.KEY]
        self.answer("/api/v2/transactions.json", self._transactions)

    @property
    def environment(self):
        return {"CUELINKS_BASE_URL": self.url, "CUELINKS_API_KEY": self.KEY, "CUELINKS_PUBLISHER_ID": "12345",
                "CUELINKS_RATE": "1000r/s"}

    def _transactions(self, call):
        if call.headers.get("authorization") != f'Token token="{self.KEY}"':
            return Answer(401, json={"error": "unauthorised"})
        trouble = self._trouble()
        if trouble:
            return trouble
        query = query_of(call)
        page, size = int(first(query, "page", "1")), min(int(first(query, "per_page", "50")), 100)
        since, until = (datetime.date.fromisoformat(first(query, name)[:10]) for name in ("start_date", "end_date"))
        with self.world.lock:
            found = self._list((since, until), lambda one: since <= one.occurred.date() <= until,
                               (lambda one: (one.occurred, one.id), True))
            records = found[(page - 1) * size:page * size]
            if not records:
                return Answer(204)
            return Answer(body=f'{{"total_count": {len(found)}, "transactions": {self._texts(records)}}}'.encode())

    def _record(self, one):
        amount = float if one.id % 2 else str
        return {"id": one.id, "aff_sub": one.subid, "subid1": "", "pub_affiliate_id": 1, "campaign_id": 9,
                "store_name": "Books", "sale_amount": amount(one.sale), "user_commission": amount(one.commission),
                "currency": one.currency, "status": self.STATUS.get(one.status, one.status), "order_id": one.order,
                "transaction_date": one.occurred.isoformat(), "referrer_url": None, "extra_info": json.dumps({})}

