"""Part `changes`: from the commit of a changed offer to its effect at the edge."""
import random
import statistics
import time

from harness.http import Connection

from .say import say
from .table import at_most

PART = "changes"
EFFECT_MAX_MS = 1000

CHANGE = "UPDATE offers SET affiliate_url = %s WHERE uuid = %s"


def run(shop, quick):
    edge = shop.edge().start()
    offers = shop.database.run("SELECT o.uuid, m.slug, m.id FROM offers o JOIN merchants m ON m.id = o.merchant_id"
                               " ORDER BY o.id LIMIT %s", [10 if quick else 50])
    try:
        with Connection(edge.port()) as connection:
            times_ms = [time_to_effect_ms(shop, connection, offer) for offer in offers]
    finally:
        edge.stop()
    say(f"{len(times_ms)} offers changed")
    return [at_most(PART, "from a change's commit to its effect, ms: median", statistics.median(times_ms),
                    EFFECT_MAX_MS, "{:.0f}"),
            at_most(PART, f"the longest of {len(times_ms)}", max(times_ms), EFFECT_MAX_MS, "{:.0f}")]


def time_to_effect_ms(shop, connection, offer):
    path = f"/out/{offer['slug']}/{offer['uuid']}"
    target = f"https://store-{offer['id']}.example/changed?sub="
    time.sleep(random.uniform(0, 0.3))   # in step with no timer
    shop.database.run(CHANGE, [target + "{subid}", str(offer["uuid"])])   # commits
    committed = time.monotonic()
    while not connection.request(path).location.startswith(target):
        assert time.monotonic() < committed + 30, "the change has no effect"
        time.sleep(0.002)
    return (time.monotonic() - committed) * 1000
