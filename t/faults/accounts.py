"""What the visitors were promised, compared with what the shop has once it is at rest."""
import collections
import time

from harness.waiting import eventually

DRAIN_DEADLINE_S = 90

ROWS = "SELECT click_id::text AS id, segment::text AS segment, seq, flags FROM offer_clicks"

MISCOUNTED = """
SELECT o.id, o.clicks_count, count(c.click_id) FILTER (WHERE NOT c.flags && '{bot,head}') AS counted
  FROM offers o LEFT JOIN offer_clicks c ON c.offer_id = o.id
 GROUP BY o.id HAVING o.clicks_count IS DISTINCT FROM count(c.click_id) FILTER (WHERE NOT c.flags && '{bot,head}')"""

TOTALS = ("served", "stored", "rejected", "unjournaled", "pending", "missing", "unreadable", "doubled")


class Audit:
    """One run of `couponctl clicks audit`: .status, .text, and a number for each of TOTALS."""

    def __init__(self, shop, *arguments):
        run = shop.couponctl("clicks", "audit", "--journal", shop.edge.journal, *arguments)
        self.status = run.returncode
        self.text = run.stdout + run.stderr
        numbers = {}
        for line in run.stdout.splitlines():
            if len(line.split()) == 2:
                numbers.setdefault(*line.split())  # the totals come first
        for name in TOTALS:
            assert numbers.get(name, "").isdigit(), self.text
            setattr(self, name, int(numbers[name]))


def wait_until_drained(shop, promised, missing=0, within_s=DRAIN_DEADLINE_S):
    """Waits until nothing is pending any more; returns the seconds it took. The audit is run all the
    while, and a click on its way must never be taken for a missing one."""
    started = time.monotonic()

    def at_rest():
        stored = shop.database.value("SELECT count(*) FROM offer_clicks")
        audit = Audit(shop)
        assert audit.missing <= missing, f"clicks on their way count as missing\n{audit.text}"
        return stored >= promised and audit.pending == 0 and queued(shop) == 0
    try:
        eventually(at_rest, "every click is in PostgreSQL and settled", within_s, every_s=0.25)
    except AssertionError as problem:
        raise AssertionError(f"{problem}\n{situation(shop)}") from None
    return time.monotonic() - started


def queued(shop):
    return (shop.redis.llen("queue:clicks")
            + sum(map(shop.redis.llen, shop.redis.keys("{queue:clicks}:processing:*"))))


def situation(shop):
    """For a failure's message: where the clicks stand."""
    try:
        stats = str(shop.edge.stats()["workers"])
    except Exception as problem:  # pylint: disable=broad-except
        stats = repr(problem)
    return (f"stored {shop.database.value('SELECT count(*) FROM offer_clicks')}, queued {queued(shop)}\n"
            f"{Audit(shop).text}\n{stats}\nedge: {shop.edge.log()[-1500:]}\n"
            f"worker: {shop.worker.log()[-1500:] if shop.worker else 'none'}")


def settle(shop, load, counts, *, rejected=0, cuts_fresh_max=0, all_heard=False, lost=frozenset(), others=0):
    """Asserts the promises after a test's load; `counts` gets the numbers first.

    lost: ids of promised clicks that the test itself has destroyed beyond repair;
    others: rows that came from elsewhere than the load; rejected: click_rejects expected;
    all_heard: whatever was cut, it was no request that NGINX had read.
    """
    counts.load(load)
    assert not load.wrong, f"answers that are not allowed: {load.wrong.most_common(10)}"
    assert load.late == 0, f"{load.late} requests were not answered in time"
    assert load.cut_fresh <= cuts_fresh_max, f"{load.cut_fresh} new connections were cut"

    drained_s = wait_until_drained(shop, len(load.clicks) - len(lost), missing=len(lost))
    rows = shop.sql(ROWS)
    audit = Audit(shop, "--access-log", shop.edge.access_log)
    counts.add(drain_s=round(drained_s, 1), stored=len(rows), served=audit.served, missing=audit.missing)

    stored = collections.Counter(row["id"] for row in rows)
    doubled = [click for click, times in stored.items() if times > 1]
    absent = set(load.clicks) - set(stored) - set(lost)
    assert not absent, f"{len(absent)} promised clicks are not stored, e.g. {sorted(absent)[:3]}\n{audit.text}"
    assert not doubled, f"{len(doubled)} clicks are stored twice, e.g. {doubled[:3]}"
    assert len(load.clicks) == len(set(load.clicks)), "an id was given twice"
    assert not set(stored) & set(load.unjournaled), "an unjournaled click is stored all the same"
    assert not set(stored) & set(lost)
    assert not [row for row in rows if "id_conflict" in row["flags"]]
    places = [(row["segment"], row["seq"]) for row in rows if row["segment"]]
    assert len(places) == len(set(places)) == len(rows) - others

    # Whoever was cut off may have missed one answer whose click was already on its way.
    cuts = 0 if all_heard else load.cuts
    unheard = len(rows) - others - (len(load.clicks) - len(lost))
    assert unheard <= cuts, f"{unheard} clicks nobody made, with {cuts} connections cut"
    assert len(load.clicks) <= audit.served <= len(load.clicks) + cuts
    assert len(load.unjournaled) <= audit.unjournaled <= len(load.unjournaled) + cuts
    if all_heard:
        read = sum(line["uri"].startswith("/out/") for line in shop.edge.access())
        heard = sum(load.statuses.values())
        assert read == heard, f"NGINX has read {read} requests, and {heard} answers were heard"
    assert not shop.sql(MISCOUNTED), f"clicks_count is off: {shop.sql(MISCOUNTED)}"
    assert shop.database.value("SELECT count(*) FROM click_rejects") == rejected
    assert audit.missing == len(lost), audit.text
    assert (audit.status != 0) == bool(lost), audit.text
    return audit
