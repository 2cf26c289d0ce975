"""Part `cashback`: a network's transactions from its pages to matched cashback, the ledger's postings, and the memory of
a run over a million transactions."""
import concurrent.futures
import datetime
import io
import json
import time
import uuid

from harness.network_stand_ins import UTC, Admitad, date_time, first, query_of
from harness.stand_in import Answer
from jobs.cashback_shop import CashbackShop, new_click_id, now

from .processes import cpu_seconds, peak_memory_mb
from .say import say
from .table import at_least, row

PART = "cashback"
TRANSACTIONS = 50_000
TRANSACTIONS_A_SECOND_MIN = 5_000
POSTINGS_S = 4


class Endless(Admitad):
    """An Admitad whose transactions are made from their number, so that a million of them cost no memory here."""

    def __init__(self, clicks, transactions, status):
        super().__init__()
        self.clicks, self.count = clicks, transactions
        self.template = json.dumps(
            {"action_id": 0, "order_id": "@order", "status": status, "payment": 80.5, "cart": 1000, "currency": "INR",
             "subid": None, "subid1": "", "subid4": "@click", "click_date": "", "action_date": date_time(now(hours=2)),
             "status_updated": date_time(now(hours=1)), "closing_date": "2026-12-31", "advcampaign_id": 7,
             "advcampaign_name": "Books", "website_name": "shop", "action": "Paid order", "action_type": "sale",
             "processed": 0, "paid": 0, "positions": []}).replace('"action_id": 0', '"action_id": @id')

    def _actions(self, call):
        query = query_of(call)
        offset = int(first(query, "offset", "0"))
        numbers = range(offset, min(offset + int(first(query, "limit", "20")), self.count))
        records = [self.template.replace("@id", str(number)).replace("@order", f"O{number}")
                   .replace("@click", self.clicks[number % len(self.clicks)]) for number in numbers]
        meta = json.dumps({"count": self.count, "limit": 500, "offset": offset})
        return Answer(body=f'{{"results": [{",".join(records)}], "_meta": {meta}}}'.encode(),
                      headers={"Content-Type": "application/json"})


def run(shop, quick):
    rows = []
    for status, what in (("pending", "ingested and matched, all pending"), ("approved", "and credited as well")):
        rows += ingested(shop, TRANSACTIONS, status, what)
    rows += postings(shop)
    rows += memory(shop, 200_000 if quick else 1_000_000)
    return rows


def cashback_shop(shop, transactions, status):
    """A shop with 50,000 clicks of 1,000 users, and an Admitad over them."""
    made = CashbackShop(shop.postgres, shop.redis_server, shop.database_template(), networks=())
    offer = made.offer()
    users = [user["id"] for user in made.database.run(
        "INSERT INTO users (email) SELECT 'user-' || n || '@example.com' FROM generate_series(1, 1000) n RETURNING id")]
    clicks = [new_click_id(now(hours=3)) for _ in range(50_000)]
    lines = io.StringIO("".join(
        f"{click}\t{offer.id}\t{offer.uuid}\t{offer.merchant.id}\t{users[number % 1000]}\tmobile\t"
        f"{datetime.datetime.fromtimestamp((uuid.UUID(click).int >> 80) / 1000, UTC).isoformat()}\n"
        for number, click in enumerate(clicks)))
    connection = made.database.connect()
    with connection, connection.cursor() as cursor:
        cursor.copy_expert("COPY offer_clicks (click_id, offer_id, offer_uuid, merchant_id, user_id, device_type,"
                           " clicked_at) FROM STDIN", lines)
        cursor.execute("ANALYZE offer_clicks")
    connection.close()
    made.networks["admitad"] = Endless(clicks, transactions, status)
    made.closing.callback(made.networks["admitad"].close)
    return made


def counted(made):
    return made.database.row("SELECT count(*) AS stored, count(user_id) AS matched,"
                             " count(*) FILTER (WHERE processed < version) AS left FROM affiliate_transactions")


def ingested(shop, transactions, status, what):
    made = cashback_shop(shop, transactions, status)
    try:
        before = cpu_seconds(shop.postgres_pids())
        started = time.monotonic()
        made.once(within_s=300)
        seconds = time.monotonic() - started
        database = cpu_seconds(shop.postgres_pids()) - before
        found = counted(made)
        assert found == {"stored": transactions, "matched": transactions, "left": 0}, found
        assert made.problems() == []
        say(f"{transactions:,} {status} transactions in {seconds:.1f} s")
        figure = f"transactions/s {what}, one process, its start included"
        rate = (at_least(PART, figure, transactions / seconds, TRANSACTIONS_A_SECOND_MIN, "{:,.0f}")
                if status == "pending" else row(PART, figure, f"{transactions / seconds:,.0f}"))
        return [rate, row(PART, "– CPU per transaction, PostgreSQL's", f"{database * 1e6 / transactions:.0f} µs")]
    finally:
        made.close()


def postings(shop):
    """wallet_post, a transaction each, for users of each connection's own."""
    database = shop.postgres.create_database(shop.database_template())
    rows = []
    try:
        for connections in (1, 8):
            def post(number, ends):
                connection = database.connect()
                connection.autocommit = True
                cursor = connection.cursor()
                cursor.execute("SET synchronous_commit = on")
                cursor.execute("INSERT INTO users DEFAULT VALUES RETURNING id")
                user, done = cursor.fetchone()["id"], 0
                while time.monotonic() < ends:
                    cursor.execute("SELECT wallet_post(%s, 'cashback', %s, 1.25, 'bench', '1')",
                                   [f"{connections}:{number}:{done}", user])
                    done += 1
                connection.close()
                return done
            with concurrent.futures.ThreadPoolExecutor(connections) as pool:
                ends = time.monotonic() + POSTINGS_S
                done = sum(pool.map(post, range(connections), [ends] * connections))
            rows.append(row(PART, f"ledger postings/s, {connections} connection{'s' * (connections > 1)}, each committed",
                            f"{done / POSTINGS_S:,.0f}"))
        assert database.run("SELECT problem FROM ledger_problems()") == []
        return rows
    finally:
        database.close()


def memory(shop, transactions):
    made = cashback_shop(shop, transactions, "pending")
    try:
        say(f"a run over {transactions:,} transactions")
        started = time.monotonic()
        worker = made.begin_once()
        peak = 0
        while worker.running:
            assert time.monotonic() < started + 1200, "the run does not end"
            try:
                peak = max(peak, peak_memory_mb(worker.pid))
            except (FileNotFoundError, ProcessLookupError, AssertionError):
                break
            time.sleep(0.25)
        assert worker.wait(60) == 0, worker.tail()
        seconds = time.monotonic() - started
        assert counted(made)["stored"] == transactions
        return [row(PART, f"a run over {transactions:,} transactions: peak memory; transactions/s",
                    f"{peak:.0f} MB; {transactions / seconds:,.0f}")]
    finally:
        made.close()
