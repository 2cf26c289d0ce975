"""Part `instructions`: what one request costs in user instructions, counted by callgrind.

Each side serves a short and a long run, alone in its process; the difference, over the difference
in requests, is free of the start. Under callgrind a request takes some 50 times as long, so batches
are smaller than under full load and what is done by the clock weighs more: both are shown apart.
"""
import time

from harness.environment import scratch
from harness.waiting import eventually

from . import callgrind
from .say import say
from .servers import LOGGED, NO_PAGE, RETURN_302, reference
from .stages import stage_rows
from .table import at_most, row

PART = "instructions"
RATIO_MAX = 1.25
SHORT = 4_000


def run(shop, quick):
    long = 12_000 if quick else 44_000
    plain = per_request(shop, lambda: reference(RETURN_302), "return 302", long)
    sides = {} if quick else {
        "its header only (a 204)": per_request(shop, lambda: reference(NO_PAGE), "header only", long),
        "return 302 + JSON log line": per_request(shop, lambda: reference(LOGGED), "JSON log", long)}
    edge = per_request(shop, shop.edge, "edge", long)
    rows = [row(PART, "return 302: user instructions per request", f"{plain.total:,.0f}")]
    for name, profile in sides.items():
        rows.append(row(PART, f"{name}: instructions, × return 302", times(profile, plain)))
    rows.append(row(PART, "the edge: user instructions per request", f"{edge.total:,.0f}"))
    rows.append(at_most(PART, "the edge: instructions, × return 302", edge.total / plain.total, RATIO_MAX))
    return rows + stage_rows(PART, edge)


def times(profile, plain):
    return f"{profile.total:,.0f}, {profile.total / plain.total:.3f}"


def per_request(shop, make_nginx, name, long):
    """The profile of one request."""
    short_run, long_run = (profile_of(shop, make_nginx(), name, count) for count in (SHORT, long))
    profile = long_run.less(short_run).divided_by(long - SHORT)
    say(f"{name}: {profile.total:,.0f} instructions a request")
    return profile


def profile_of(shop, nginx, name, count):
    nginx.callgrind_file = scratch() / f"callgrind.{name.replace(' ', '_')}.{count}"
    nginx.start()
    try:
        time.sleep(3)   # what a start leaves to do is done, in the short run as in the long one
        answered = shop.links.follow(nginx.port(), count)
        assert sum(answered["statuses"].values()) == count and set(answered["statuses"]) <= {"302", "204"}, answered
        if nginx.with_module:
            eventually(lambda: shop.queued() == count, f"{count} clicks in Redis", 20)
    finally:
        nginx.stop()
    if nginx.with_module:
        shop.forget_clicks()
    return callgrind.read(nginx.callgrind_file)
