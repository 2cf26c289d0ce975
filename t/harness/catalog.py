"""Merchants and offers as rows, with defaults that make a live offer."""
import itertools
import uuid as uuid_module
from dataclasses import dataclass

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Merchant:
    id: int
    slug: str


@dataclass(frozen=True)
class Offer:
    id: int
    uuid: str
    merchant: Merchant

    @property
    def path(self):
        return f"/out/{self.merchant.slug}/{self.uuid}"

    def path_for(self, user):
        return f"{self.path}/{user}"


def _insert(database, table, values):
    columns = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    return database.row(f"INSERT INTO {table} ({columns}) VALUES ({marks}) RETURNING *",
                        list(values.values()))


def add_merchant(database, **columns):
    number = next(_numbers)
    values = {"slug": f"merchant-{number}", "name": f"Merchant {number}", "is_active": True,
              "affiliate_network": "direct", "affiliate_id": f"aff{number}",
              "website_url": f"https://merchant-{number}.example"} | columns
    row = _insert(database, "merchants", values)
    return Merchant(row["id"], row["slug"])


def add_offer(database, merchant=None, **columns):
    """A live offer; `affiliate_url` defaults to a URL with the click id."""
    merchant = merchant or add_merchant(database)
    values = {"merchant_id": merchant.id, "title": "Ten percent off", "is_verified": True,
              "is_active": True, "affiliate_url": "https://store.example/buy?sub={subid}"} | columns
    row = _insert(database, "offers", values)
    return Offer(row["id"], str(row["uuid"]), merchant)


def unknown_uuid():
    return str(uuid_module.uuid4())
