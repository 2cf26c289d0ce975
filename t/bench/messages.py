"""Part `messages`: e-mail and SMS against a provider that answers after 50 ms; how long they wait, what a backlog
of a million costs in memory, and that nothing is sent twice."""
import time

from harness.waiting import eventually
from jobs.message_shop import MessageShop

from .processes import cpu_seconds, peak_memory_mb
from .say import say
from .table import at_least, row

PART = "messages"
JOBS = 10_000
JOBS_A_SECOND_MIN = 1_000
PROVIDER_ANSWERS_AFTER_S = 0.05
STEADY_A_SECOND = 500

ADD_MAILS = """
    INSERT INTO email_queue (type, "to", data)
    SELECT 'password_reset', 'visitor-' || n || '@example.com',
           jsonb_build_object('name', 'Visitor', 'reset_url', 'https://shop.test/reset/' || n, 'token', n::text)
      FROM generate_series(%s, %s) n"""

ADD_MESSAGES = """
    INSERT INTO sms_queue (type, "to", data)
    SELECT 'order_confirmation', '+9198' || lpad(n::text, 8, '0'),
           jsonb_build_object('order_id', n, 'order_number', 'N' || n, 'total_amount', '499.00', 'currency', 'INR')
      FROM generate_series(%s, %s) n"""

WAITS = """
    SELECT percentile_cont(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - created_at)) AS waits
      FROM {queue}_queue WHERE sent_at IS NOT NULL"""


def run(shop, quick):
    rows = []
    for queue, add in (("email", ADD_MAILS), ("sms", ADD_MESSAGES)):
        rows += drained(shop, queue, add, workers=1)
        if queue == "email":
            rows += drained(shop, queue, add, workers=3)
            rows += steady(shop, 5 if quick else 20)
    rows += backlog(shop, 100_000 if quick else 1_000_000)
    return rows


def message_shop(shop):
    return MessageShop(shop.postgres, shop.redis_server, shop.database_template(), after=PROVIDER_ANSWERS_AFTER_S)


def waits(messages, queue):
    return messages.database.value(WAITS.format(queue=queue))


def unsent(messages, queue):
    return messages.database.value(
        f"SELECT count(*) FROM {queue}_queue WHERE status IN ('pending', 'processing')")


def sent_once(messages, queue, jobs):
    """Each job is sent, and the provider counted each of them once."""
    counted = messages.provider.times_sent()
    assert len(counted) == jobs, f"{len(counted):,} of {jobs:,} messages arrived"
    assert max(counted.values()) == 1, "a message arrived twice"
    states = messages.database.run(f"SELECT delivery_status, count(*) FROM {queue}_queue GROUP BY 1")
    assert [(state["delivery_status"], state["count"]) for state in states] == [("sent", jobs)], states


def drained(shop, queue, add, workers):
    """A backlog of JOBS rows, sent by so many processes."""
    messages = message_shop(shop)
    try:
        messages.database.run(add, [1, JOBS])
        database_before = cpu_seconds(shop.postgres_pids())
        started = time.monotonic()
        processes = [messages.start_worker(role=queue) for _ in range(workers)]
        eventually(lambda: unsent(messages, queue) == 0, "all are sent", 120, every_s=0.05)
        seconds = time.monotonic() - started
        cpu = sum(cpu_seconds([process.pid]) for process in processes)
        peak = max(peak_memory_mb(process.pid) for process in processes)
        database = cpu_seconds(shop.postgres_pids()) - database_before
        sent_once(messages, queue, JOBS)
        say(f"{JOBS:,} of {queue} by {workers} process(es) in {seconds:.1f} s")
        who = f"{queue}, {workers} process{'es' if workers > 1 else ''}"
        rate = f"{who}: jobs/s, the worker's start included, provider after 50 ms"
        rows = [at_least(PART, rate, JOBS / seconds, JOBS_A_SECOND_MIN, "{:,.0f}") if workers == 1
                else row(PART, rate, f"{JOBS / seconds:,.0f}")]
        if workers == 1:
            rows.append(row(PART, f"{who}: CPU per job: the worker's, PostgreSQL's; peak memory",
                            f"{cpu * 1e6 / JOBS:.0f} + {database * 1e6 / JOBS:.0f} µs; {peak:.0f} MB"))
        return rows
    finally:
        messages.close()


def steady(shop, seconds):
    """STEADY_A_SECOND pushed to Redis: from the push to the provider's answer."""
    messages = message_shop(shop)
    try:
        messages.start_email()
        pushed, began = 0, time.monotonic()
        while (elapsed := time.monotonic() - began) < seconds:
            due = int(elapsed * STEADY_A_SECOND)
            now = time.time()
            messages.push_to("email", *({"id": f"steady-{number}", "type": "password_reset",
                                         "to": f"visitor-{number}@example.com", "enqueued_at": now,
                                         "data": {"name": "Visitor", "reset_url": "https://shop.test/reset",
                                                  "token": str(number)}}
                                        for number in range(pushed, due)))
            pushed = max(pushed, due)
            time.sleep(0.01)
        eventually(lambda: len(messages.provider.posts) == pushed and unsent(messages, "email") == 0, "all are sent", 30)
        sent_once(messages, "email", pushed)
        median, high, longest = waits(messages, "email")
        return [row(PART, f"from the push to Redis until it is sent, {STEADY_A_SECOND}/s: p50, p99, longest",
                    f"{median * 1e3:.0f}, {high * 1e3:.0f}, {longest * 1e3:.0f} ms")]
    finally:
        messages.close()


def backlog(shop, jobs):
    """Peak memory while so many wait."""
    messages = message_shop(shop)
    try:
        say(f"making a backlog of {jobs:,}")
        messages.database.run(ADD_MAILS, [1, jobs])
        messages.database.run("ANALYZE email_queue")
        worker = messages.start_email()
        started = time.monotonic()
        eventually(lambda: len(messages.provider.sent) >= JOBS, "some of them are sent", 120)
        rate = len(messages.provider.sent) / (time.monotonic() - started)
        peak = peak_memory_mb(worker.pid)
        worker.stop(within_s=40)
        return [row(PART, f"peak memory, {jobs:,} waiting; jobs/s of the first 10,000", f"{peak:.0f} MB; {rate:,.0f}")]
    finally:
        messages.close()
