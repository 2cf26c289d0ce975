"""Part `scale`, unknown offers: a million requests a minute for ids that nobody made evict nothing, and PostgreSQL is asked
about each id at most once in the time it is remembered as unknown. Its own log says what it was asked."""
import datetime
import re
import time
import uuid

from harness.waiting import eventually

from .load import Links
from .million import OFFERS
from .processes import run_seconds
from .say import say
from .table import at_most, row

PART = "scale"
A_MINUTE = 1_000_000
IDS = 200_000         # asked for again and again, in no order
REMEMBERED_S = 5      # as OfferMiss remembers them

# A statement about public ids of offers, and the line below with its parameter.
ASKED = re.compile(r"^(\S+ \S+) \S+ \[\d+\] LOG:  execute .* WHERE o\.uuid = ANY .*\n"
                   r".* DETAIL:  parameters: \$1 = '\{([0-9a-f,-]+)\}'$", re.M)


def unknown(offers, edge, quick):
    seconds = 15 if quick else 60
    rate = A_MINUTE // 60
    links = Links([f"/out/merchant-1/{uuid.uuid4()}" for _ in range(IDS)], "unknown")
    shop = offers.shop
    offers.database.run(f"ALTER DATABASE {offers.database.name} SET log_statement = 'all'")
    edge.reload()   # connections that log
    eventually(lambda: edge.stats()["catalog"]["complete"], "the reloaded edge reads the change log", 20)
    before, said = edge.stats(), len(shop.postgres.log())
    used = run_seconds(edge.pids())
    try:
        answer = links.follow(edge.port(), rate * seconds, rate)
        used = run_seconds(edge.pids()) - used
    finally:
        offers.database.run(f"ALTER DATABASE {offers.database.name} RESET log_statement")
    time.sleep(0.5)
    after = edge.stats()
    statements, asked, twice = questions(shop.postgres.log()[said:])
    say(f"{rate * seconds:,} requests, answers {answer['statuses']}, {asked:,} ids asked in {statements:,} statements")
    assert set(answer["statuses"]) == {"404"}, answer
    assert after["catalog"]["entries"] == OFFERS, after["catalog"]
    caches = {name: after["cache"][name] - before["cache"][name] for name in ("MISS", "NEGATIVE")}
    return [
        row(PART, f"requests for {IDS:,} unknown ids, {rate:,}/s: asked of PostgreSQL, answered from memory",
            f"{asked:,}, {caches['NEGATIVE']:,} of {rate * seconds:,}"),
        at_most(PART, f"ids asked again within {REMEMBERED_S} s", twice, 0, "{:d}"),
        at_most(PART, "offers evicted by them", after["catalog"]["evictions"] - before["catalog"]["evictions"], 0, "{:d}"),
        row(PART, "statements; ids in one; CPU of the edge per request; p50, p99",
            f"{statements:,}; {asked / max(statements, 1):.0f}; {used * 1e6 / (rate * seconds):.1f} µs;"
            f" {answer['p50_us'] / 1000:.1f} ms, {answer['p99_us'] / 1000:.1f} ms"),
    ]


def questions(log):
    """(statements that asked for ids, ids in them, ids that were asked again too soon)."""
    last = {}
    statements = asked = twice = 0
    for stamp, ids in ASKED.findall(log):
        at = datetime.datetime.fromisoformat(stamp).timestamp()
        ids = ids.split(",")
        statements += 1
        asked += len(ids)
        for one in ids:
            twice += at - last.get(one, 0) < REMEMBERED_S
            last[one] = at
    return statements, asked, twice
