"""A database, Redis, the affiliate networks' stand-ins and coupon-worker cashback processes that belong together."""
import contextlib
import datetime
import json
import os
import uuid

from harness.catalog import add_merchant, add_offer
from harness.environment import COUPON_WORKER
from harness.links import click_tag
from harness.network_stand_ins import Admitad, Cuelinks, Vcommission
from harness.nginx import CLICK_KEY
from harness.process import Process
from harness.shop import couponctl
from harness.waiting import eventually

from .job_shop import JobShop

UTC = datetime.timezone.utc
NETWORKS = {"admitad": Admitad, "vcommission": Vcommission, "cuelinks": Cuelinks}


def now(**ago):
    return datetime.datetime.now(UTC) - datetime.timedelta(**ago)


def new_click_id(at=None, key=CLICK_KEY):
    """As the edge makes them: a UUIDv7 of that time whose last 32 bits are the key's tag."""
    ms = int((at or now()).timestamp() * 1000)
    value = ms << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xf << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    tag = click_tag(key, uuid.UUID(int=value))
    return str(uuid.UUID(int=value >> 32 << 32 | tag))


class CashbackShop(JobShop):
    """`networks`: those that the workers are told of; each has a stand-in of that name (shop.admitad, …)."""

    def __init__(self, *arguments, networks=("admitad", "vcommission", "cuelinks"), **options):
        super().__init__(*arguments, **options)
        self.closing = contextlib.ExitStack()
        self.networks = {}
        for name in networks:
            stand_in = NETWORKS[name]()
            self.closing.callback(stand_in.close)
            self.networks[name] = stand_in
            setattr(self, name, stand_in)

    @property
    def environment(self):
        told = {"COUPON_CLICK_KEY": CLICK_KEY, "CASHBACK_NETWORKS": ",".join(self.networks)}
        for stand_in in self.networks.values():
            told |= stand_in.environment
        return super().environment | told

    def start_cashback(self, *arguments, **environment):
        return self.start_worker(*arguments, role="cashback", **environment)

    def once(self, status=0, within_s=60, **environment):
        """coupon-worker cashback --once, to its end."""
        worker = self.begin_once(**environment)
        ended = worker.wait(within_s)
        assert ended == status, f"--once left with {ended}\n{worker.tail()}"
        return worker

    def begin_once(self, **environment):
        worker = Process([COUPON_WORKER, "cashback", "--once"], self.directory / "worker.log",
                         self.environment | environment)
        self.workers.append(worker)
        return worker

    def couponctl(self, *arguments, **options):
        return couponctl(*arguments, environment=self.environment, **options)

    def close(self):
        try:
            for worker in self.workers:
                if worker.running and "--once" in worker.command:
                    worker.wait(60)
            super().close()
        finally:
            self.closing.close()

    # --- who clicks on what

    def user(self, **columns):
        columns = {"email": f"{uuid.uuid4()}@example.com", "full_name": "Asha"} | columns
        return self.database.value(f"INSERT INTO users ({', '.join(columns)}) VALUES "
                                   f"({', '.join(['%s'] * len(columns))}) RETURNING id", list(columns.values()))

    def merchant(self, percent="4.00", **rule):
        """With one rule; percent: the user's share of a sale, or None for no rule at all."""
        merchant = add_merchant(self.database)
        if percent is not None:
            self.rule(merchant, cashback_value=percent, **rule)
        return merchant

    def rule(self, merchant, **columns):
        columns = {"merchant_id": merchant.id, "cashback_type": "percentage"} | columns
        self.database.run(f"INSERT INTO merchant_commissions ({', '.join(columns)}) VALUES "
                          f"({', '.join(['%s'] * len(columns))})", list(columns.values()))

    def offer(self, merchant=None, **columns):
        return add_offer(self.database, merchant or self.merchant(), **columns)

    def click(self, offer, user, at=None, *, id=None, **columns):
        """A stored click; its id."""
        id = id or new_click_id(at)
        columns = {"click_id": id, "offer_id": offer.id, "offer_uuid": offer.uuid, "merchant_id": offer.merchant.id,
                   "user_id": user, "device_type": "mobile",
                   "clicked_at": datetime.datetime.fromtimestamp((uuid.UUID(id).int >> 80) / 1000, UTC)} | columns
        self.database.run(f"INSERT INTO offer_clicks ({', '.join(columns)}) VALUES "
                          f"({', '.join(['%s'] * len(columns))})", list(columns.values()))
        return id

    # --- what came of it

    def transactions(self, network=None):
        return self.database.run("SELECT * FROM affiliate_transactions WHERE network = %s OR %s IS NULL ORDER BY id",
                                 [network, network])

    def transaction(self, of, network=None):
        """The row of a stand-in's transaction: by its order, which is ours alone."""
        return self.database.row("SELECT * FROM affiliate_transactions WHERE order_ref = %s"
                                 " AND (network = %s OR %s IS NULL)", [of.order, network, network])

    def balance(self, user):
        return self.database.value("SELECT wallet_balance FROM users WHERE id = %s", [user])

    def runs(self, network=None, **columns):
        rows = self.database.run("SELECT * FROM network_runs WHERE network = %s OR %s IS NULL ORDER BY id",
                                 [network, network])
        return [row for row in rows if all(row[name] == value for name, value in columns.items())]

    def cursor(self, network):
        return self.database.value("SELECT read_until FROM network_cursors WHERE network = %s", [network])

    def finished_run(self, network, within_s=20, **columns):
        """Waits for a run that ended; the row."""
        def found():
            return next((row for row in self.runs(network, **columns) if row["finished_at"]), None)
        return eventually(found, f"a run over {network} with {columns}\n{self.log()[-2000:]}", within_s)

    def problems(self):
        return [row["problem"] for row in self.database.run("SELECT problem FROM ledger_problems()")]

    # --- jobs

    def add_job(self, type, network=None, data=None, **columns):
        columns = {"type": type, "network": network, "data": json.dumps(data or {})} | columns
        return self.database.value(f"INSERT INTO cashback_jobs ({', '.join(columns)}) VALUES "
                                   f"({', '.join(['%s'] * len(columns))}) RETURNING id::text", list(columns.values()))

    def job(self, id):
        return self.database.row("SELECT *, scheduled_at - now() AS wait FROM cashback_jobs WHERE id = %s", [id])

    def job_reaches(self, id, status, within_s=20):
        def reached():
            row = self.job(id)
            return row if row and row["status"] == status else None
        try:
            return eventually(reached, f"job {id} is {status}", within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\nit is {self.job(id)}\n{self.log()[-2000:]}") from None
