"""Part `jobs`: 10,000 jobs of each role at once and then at a steady rate: how many a second, how long from enqueued to
done, and where that time goes."""
import time

from harness.shop import migrate
from harness.waiting import eventually

from .jobs_roles import ROLES
from .jobs_timed import Jobs, TimedPostgres, enqueue, milliseconds, percentiles
from .processes import cpu_seconds
from .say import say
from .table import row, table

PART = "jobs"
JOBS, QUICK_JOBS = 10_000, 1_000
STEADY_S, QUICK_STEADY_S = 20, 5
STEADY_A_SECOND_MAX = 500
STEADY_SHARE = 0.3       # of what it can do: latency without a backlog
TICK_S = 0.01
DEADLINE_S = 3600     # a loaded machine credits ten postbacks a second


def run(shop, quick):
    # A server of its own: it writes down when each transaction was committed.
    postgres = TimedPostgres()
    try:
        template = postgres.create_database()
        migrate(template)
        template.close()
        rows = []
        for role in ROLES:
            found = measured(role, (postgres, shop.redis_server, template.name), JOBS if not quick else QUICK_JOBS,
                             STEADY_S if not quick else QUICK_STEADY_S)
            print(table(found), flush=True)   # the run is long, and may be stopped
            rows += found
        return rows
    finally:
        postgres.stop()


def measured(make_role, servers, count, steady_s):
    role = make_role(*servers)
    try:
        role.start()
        jobs, cpu = at_once(role, servers[0], count)
        a_second = jobs.a_second()
        say(f"{role.name}: {count:,} at once, {a_second:,.0f}/s")
        rows = [row(PART, f"{role.name}: jobs/s, {count:,} enqueued at once, one process", f"{a_second:,.0f}"),
                row(PART, "– CPU per job: the worker's, PostgreSQL's", cpu),
                row(PART, "– enqueued to done: p50, p95, p99, longest", percentiles(jobs.waits()))]
        rate = min(STEADY_A_SECOND_MAX, a_second * STEADY_SHARE)
        jobs, first = steadily(role, count, rate, steady_s), count
        role.once(first + len(jobs.enqueued))
        rows.append(row(PART, f"– at {rate:,.0f}/s: p50, p95, p99, longest", percentiles(jobs.waits())))
        if hasattr(role, "fulfilled"):
            rows.append(row(PART, f"– at {rate:,.0f}/s, until the back end has fulfilled the order",
                            percentiles(role.fulfilled(jobs))))
        for phase, seconds in jobs.mean_phases().items():
            rows.append(row(PART, f"– – {phase}, mean", f"{milliseconds(seconds)} ms"))
        return rows
    finally:
        role.close()


def wait_until_done(role, jobs, count):
    eventually(lambda: role.done() == count, f"{count:,} {role.name} are done", DEADLINE_S, every_s=0.2)
    jobs.ends = role.ends(jobs.enqueued)


def at_once(role, postgres, count):
    """All of them to an idle worker; the jobs, and the CPU each took as text."""
    jobs, texts = Jobs(role.phases), role.make(0, count)
    before = cpu_seconds([role.worker.pid]), cpu_seconds(postgres.pids())
    enqueue(jobs, texts, role.push, chunk=500)
    wait_until_done(role, jobs, count)
    worker, database = cpu_seconds([role.worker.pid]) - before[0], cpu_seconds(postgres.pids()) - before[1]
    return jobs, f"{worker * 1e6 / count:,.0f} + {database * 1e6 / count:,.0f} µs"


def steadily(role, first, rate, seconds):
    """So many a second for so long."""
    jobs, texts = Jobs(role.phases), role.make(first, int(rate * seconds))
    waiting, began = list(texts), time.monotonic()
    while waiting:
        due = int((time.monotonic() - began) * rate) - len(jobs.enqueued)
        if due > 0:
            part, waiting = waiting[:due], waiting[due:]
            enqueue(jobs, {key: texts[key] for key in part}, role.push, chunk=500)
        time.sleep(TICK_S)
    wait_until_done(role, jobs, first + len(texts))
    return jobs
