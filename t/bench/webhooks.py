"""Part `webhooks`: what verifying one costs by provider, verified and durable webhooks beside a handler that
only reads the body, records per fdatasync, and what redirects of the same NGINX worker notice of them."""
import hashlib
import hmac
import json
import os
import pathlib
import statistics
import subprocess
import time

from harness.environment import scratch

from .processes import cpu_seconds
from .say import say
from .table import row

PART = "webhooks"
SECRET = "a secret of the benchmark"
BODIES = 1000
CONNECTIONS = 64
SCRIPT = pathlib.Path(__file__).with_name("posts.lua")

REDIRECTS_PER_S = 5_000
WEBHOOK_CONNECTIONS, WEBHOOK_PAUSE_MS = 10, 10   # about 1,000 webhooks a second


def event(number):
    """A payment.captured as Razorpay sends it, about 1 KB."""
    payment = {"id": f"pay_{number:014}", "entity": "payment", "amount": 149900 + number, "currency": "INR",
               "status": "captured", "order_id": f"order_{number:014}", "invoice_id": None, "international": False,
               "method": "upi", "amount_refunded": 0, "refund_status": None, "captured": True,
               "description": "Gift voucher", "card_id": None, "bank": None, "wallet": None, "vpa": "visitor@upi",
               "email": "visitor@shop.example", "contact": "+919900000000", "notes": [], "fee": 3538, "tax": 540,
               "error_code": None, "error_description": None, "error_source": None, "error_step": None,
               "error_reason": None, "acquirer_data": {"rrn": "412345678901", "upi_transaction_id": "A" * 32},
               "created_at": 1767225600}
    return json.dumps({"entity": "event", "account_id": "acc_BenchBenchBen", "event": "payment.captured",
                       "contains": ["payment"], "payload": {"payment": {"entity": payment}},
                       "created_at": 1767225600}, separators=(",", ":"))


def write_bodies():
    file = scratch() / "webhooks.txt"
    with open(file, "w") as lines:
        for number in range(BODIES):
            body = event(number)
            signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
            lines.write(f"{signature} {body}\n")
    return file


def post(nginx, path, bodies, seconds, connections=CONNECTIONS, pause_ms=0):
    """A running wrk; result() waits for it."""
    return subprocess.Popen(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", SCRIPT, f"http://127.0.0.1:{nginx.port()}{path}",
         "--", bodies, str(pause_ms)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def result(wrk):
    text, _ = wrk.communicate()
    assert wrk.returncode == 0, text
    found = json.loads(text.splitlines()[-1])
    assert found["errors"] == 0, text
    return found


def verify_costs():
    """A row a provider: CPU of its check alone, without NGINX."""
    answer = subprocess.run([os.environ["COUPON_BENCH_VERIFY"]], check=True, stdout=subprocess.PIPE, text=True)
    costs = json.loads(answer.stdout)
    return [row(PART, f"verify {provider}, 1 KB", f"{cost:.2f} µs") for provider, cost in costs.items()]


def run(shop, quick):
    costs = verify_costs()
    bodies = write_bodies()
    secret = scratch() / "webhook.secret"
    secret.write_text(SECRET)
    edge = shop.edge(more=f"""
        location = /webhooks/razorpay {{ coupon_webhook razorpay; coupon_webhook_secret file:{secret}; }}
        location = /read {{ return 200 OK; }}""",
                     coupon_queue_max="20000000 webhooks=2g")
    edge.settings["coupon_journal"] = f"{edge.journal} size=2g segment=8m webhooks=4g keep=1s"
    edge.start()
    try:
        return costs + durable(edge, bodies, *((3, 3) if quick else (6, 5))) + \
            beside_redirects(shop, edge, bodies, *((2, 3) if quick else (5, 5)))
    finally:
        edge.stop()
        shop.redis.delete("queue:webhooks", "queue:clicks")


def durable(edge, bodies, rounds, seconds):
    found = {"/webhooks/razorpay": [], "/read": []}
    syncs = synced = 0
    for number in range(rounds):
        for path in sorted(found, reverse=number % 2 == 0):
            before, stats = cpu_seconds(edge.pids()), sync_counts(edge)
            answered = result(post(edge, path, bodies, seconds))
            cpu_us = (cpu_seconds(edge.pids()) - before) * 1e6 / answered["requests"]
            a_second = answered["requests"] / answered["seconds"]
            found[path].append((a_second, cpu_us))
            after = sync_counts(edge)
            syncs, synced = syncs + after[0] - stats[0], synced + after[1] - stats[1]
            say(f"round {number + 1}/{rounds}  {path:20} {a_second:9,.0f}/s  {cpu_us:6.2f} µs")
            time.sleep(1)
    durable_s, read_s = (statistics.median(entry[0] for entry in found[path]) for path in ("/webhooks/razorpay", "/read"))
    durable_us, read_us = (statistics.median(entry[1] for entry in found[path]) for path in ("/webhooks/razorpay", "/read"))
    return [row(PART, "verified, on disk and answered, 1 KB each: a second, CPU", f"{durable_s:,.0f}/s, {durable_us:.1f} µs"),
            row(PART, "the same NGINX reading the body only", f"{read_s:,.0f}/s, {read_us:.1f} µs"),
            row(PART, "webhooks per fdatasync, 64 connections", f"{synced / max(syncs, 1):.1f}")]


def sync_counts(edge):
    """(fdatasyncs, records they covered) so far."""
    webhooks = edge.stats()["webhooks"]
    return webhooks["syncs"], webhooks["synced_records"]


def beside_redirects(shop, edge, bodies, rounds, seconds):
    sides = {"alone": None, "beside 1,000 bodies/s read only": "/read", "beside 1,000 webhooks/s": "/webhooks/razorpay"}
    found = {name: [] for name in sides}
    rates = []
    for number in range(rounds):
        for name, path in sides.items():
            posting = path and post(edge, path, bodies, seconds + 2, WEBHOOK_CONNECTIONS, WEBHOOK_PAUSE_MS)
            time.sleep(1)
            answer = shop.links.follow(edge.port(), REDIRECTS_PER_S * seconds, REDIRECTS_PER_S)
            assert set(answer["statuses"]) == {"302"}, answer
            if posting:
                posted = result(posting)
                if path != "/read":
                    rates.append(posted["requests"] / posted["seconds"])
            found[name].append(answer)
            say(f"round {number + 1}/{rounds}  {name:32} p50 {answer['p50_us']:,.0f} µs, p99 {answer['p99_us']:,.0f} µs")
    rows = [row(PART, "webhooks a second beside the redirects", f"{statistics.median(rates):,.0f}/s")]
    for name, answers in found.items():
        p50, p99 = (statistics.median(answer[key] for answer in answers) for key in ("p50_us", "p99_us"))
        rows.append(row(PART, f"/out/ at {REDIRECTS_PER_S:,}/s {name}: p50, p99", f"{p50:,.0f} µs, {p99:,.0f} µs"))
    return rows
