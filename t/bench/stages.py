"""Shares the instructions of one redirect out among its stages.

A function that a stage names belongs to that stage wherever it is called; any other function (the
C library's, helpers, lambdas) belongs to whoever called it, in proportion to what it cost there.
"""
import collections
import re

from .table import row

NGINX = "NGINX: reading, parsing, keep-alive, timers"

STAGES = (
    ("NGINX: the answer's header, written", r"^ngx_http_send_header$"),
    ("parse: path, arguments, prefetch headers", r"::(parse_redirect_path|parse_redirect_args|header_facts)\("),
    ("rate limit", r"::(Edge::check_rate|client_network)\("),
    ("look-up", r"::Edge::find\("),
    ("device", r"::DeviceCache::classify\("),
    ("id", r"::ClickIdMaker::make\("),
    ("macros", r"::(expanded_max_bytes|expand_destination)\("),
    ("journal: the record's JSON", r"::(click_record_max_bytes|write_click_record)\("),
    ("journal: append", r"::ClickJournal::(append|count_served)\("),
    ("push", r"::(ClickDelivery|Redis\w*|QueueEpoch|Delivery|WorkerJournal|JournalTasks|GroupCommit)::"),
    ("by the clock: catalogue, settlement, statistics",
     r"::(Leader|Pg\w*|CatalogSync|Settlement|RateSharing|Edge)::(?!find|check_rate)|::health_page\("),
    ("handler: the rest", r"::redirect\("),
)


def stage_rows(part, profile):
    """Rows that add up to the instructions of one request."""
    return [row(part, f"  {name}", f"{cost:,.0f}") for name, cost in share_out(profile).items()]


def stage_named(function):
    if function.startswith("ngx_") or "coupon::" in function:
        for name, pattern in STAGES:
            if re.search(pattern, function):
                return name
    return None


def share_out(profile):
    callers = collections.defaultdict(dict)
    for (caller, callee), cost in profile.calls.items():
        if cost > 0:
            callers[callee][caller] = cost
    functions = set(profile.own) | set(callers)
    named = {function: stage_named(function) for function in functions}
    shares = {function: {named[function] or NGINX: 1.0} for function in functions}
    for _ in range(50):   # deeper than any chain of unnamed functions
        for function in functions:
            if named[function] is None and callers[function]:
                shares[function] = weighted(shares, callers[function])
    costs = {name: 0.0 for name in (NGINX, *(name for name, _ in STAGES))}
    for function, cost in profile.own.items():
        for name, part in shares[function].items():
            costs[name] += cost * part
    return costs


def weighted(shares, callers):
    total = sum(callers.values())
    mixed = collections.Counter()
    for caller, cost in callers.items():
        for name, part in shares.get(caller, {NGINX: 1.0}).items():
            mixed[name] += part * cost / total
    return dict(mixed)
