"""What becomes of a job that fails, hangs, kills its worker or outlives its lease. The jobs are calls of the outbox."""
import signal
import time
import urllib.request

import pytest

from harness.backend import Backend
from harness.environment import COUPON_WORKER
from harness.process import Process
from harness.stand_in import Answer
from harness.waiting import eventually, stays

from .job_shop import record
from .payment_fixtures import paying_shop, idle_shop  # noqa: F401
from .paying_shop import PAID

PATH = "/internal/orders/1/update-payment"


@pytest.fixture
def backend():
    stand_in = Backend()
    yield stand_in
    stand_in.close()


@pytest.fixture
def start(job_shop, backend):
    def start_worker(*arguments, **environment):
        return job_shop.start_worker(*arguments, **(backend.environment | environment))
    return start_worker


def add_call(shop, **columns):
    return shop.add_call("update-payment", **{"order_id": 1} | columns)


def reaches(shop, job, status, within_s=20):
    return eventually(lambda: (row := shop.call(job))["status"] == status and row, f"job {job} is {status}", within_s)


def called(backend, times, within_s=20):
    eventually(lambda: len(backend.calls_to(PATH)) == times, f"the back end is called {times} times", within_s)


def test_a_job_is_done_once(job_shop, start, backend):
    start()
    start()
    jobs = [add_call(job_shop, order_id=number) for number in range(1, 51)]
    for job in jobs:
        row = reaches(job_shop, job, "completed")
        assert (row["attempts"], row["starts"], row["lease_token"], row["lease_until"]) == (0, 0, None, None)
        assert row["finished_at"] is not None
    for number in range(1, 51):
        assert len(backend.calls_to(f"/internal/orders/{number}/update-payment")) == 1


@pytest.mark.parametrize("headers,least_s,most_s", [({}, 15, 36), ({"Retry-After": "600"}, 590, 600)], ids=str)
def test_a_failed_job_waits_for_its_next_attempt(job_shop, start, backend, headers, least_s, most_s):
    backend.script(PATH, Answer(503, headers=headers))
    job = add_call(job_shop)
    start()
    row = eventually(lambda: (row := job_shop.call(job))["attempts"] == 1 and row, "the attempt")
    assert (row["status"], row["starts"], row["lease_token"]) == ("pending", 0, None)
    assert least_s <= row["wait"].total_seconds() <= most_s
    assert "503" in row["last_error"]
    job_shop.database.run("UPDATE outbox SET scheduled_at = now()")
    assert reaches(job_shop, job, "completed")["attempts"] == 1


@pytest.mark.parametrize("status,earlier", [(500, 16), (404, 0)])
def test_what_cannot_succeed_is_a_dead_letter(job_shop, start, backend, status, earlier):
    backend.answer(PATH, Answer(status))
    job = add_call(job_shop, attempts=earlier)
    start()
    row = reaches(job_shop, job, "failed")
    assert (row["attempts"], row["lease_token"]) == (earlier + 1, None) and str(status) in row["last_error"]
    assert row["finished_at"] is not None
    assert len(backend.calls_to(PATH)) == 1


def test_a_job_that_kills_its_workers_is_put_aside(job_shop, start, backend):
    backend.answer(PATH, Answer(slow=60))
    job = add_call(job_shop)
    for times in range(1, 6):
        worker = start("--lease", "1")
        called(backend, times)
        worker.kill()
    start("--lease", "1")
    row = reaches(job_shop, job, "failed")
    assert row["last_error"] == "begun 5 times and never ended"
    assert len(backend.calls_to(PATH)) == 5


def test_only_the_job_that_kills_its_workers_is_put_aside(job_shop, start, backend):
    poison_path = "/internal/orders/666/update-payment"
    backend.answer(poison_path, Answer(slow=60))
    for order in (1, 2, 3):
        backend.answer(f"/internal/orders/{order}/update-payment", Answer(slow=2))
    poison = add_call(job_shop, order_id=666)
    beside = [add_call(job_shop, order_id=order) for order in (1, 2, 3)]
    for times in range(1, 6):
        worker = start("--lease", "1")
        # The others, begun before as well, may have their turns of 2 s first.
        eventually(lambda: len(backend.calls_to(poison_path)) == times, "the poison is begun", 20)
        worker.kill()
    start("--lease", "1")
    reaches(job_shop, poison, "failed")
    for job in beside:
        reaches(job_shop, job, "completed")


def test_a_lease_is_renewed_while_the_job_runs(job_shop, start, backend):
    backend.answer(PATH, Answer(slow=4))
    job = add_call(job_shop)
    start("--lease", "1")
    start("--lease", "1")
    reaches(job_shop, job, "completed")
    assert len(backend.calls_to(PATH)) == 1


def test_a_worker_that_stood_still_cannot_settle(job_shop, start, backend):
    backend.script(PATH, Answer(slow=2))
    job = add_call(job_shop)
    stopped = start("--lease", "1")
    called(backend, 1)
    stopped.send(signal.SIGSTOP)
    try:
        start("--lease", "1")
        finished_at = reaches(job_shop, job, "completed")["finished_at"]
    finally:
        stopped.send(signal.SIGCONT)
    eventually(lambda: "another worker has this job" in job_shop.log(), "the late one notices")
    row = job_shop.call(job)
    assert (row["status"], row["attempts"], row["finished_at"]) == ("completed", 0, finished_at)


def test_sigterm_lets_what_is_in_flight_end(job_shop, start, backend):
    backend.answer(PATH, Answer(slow=2))
    job = add_call(job_shop)
    worker = start("--grace", "30")
    called(backend, 1)
    assert worker.stop(within_s=30) == 0
    assert job_shop.call(job)["status"] == "completed"


def test_what_outlasts_the_grace_time_is_given_back(job_shop, start, backend):
    backend.script(PATH, Answer(slow=15))
    job = add_call(job_shop)
    worker = start("--grace", "1")
    called(backend, 1)
    assert worker.stop(within_s=10) == 0
    row = job_shop.call(job)
    assert (row["status"], row["attempts"], row["starts"], row["lease_token"]) == ("pending", 0, 0, None)
    start()
    reaches(job_shop, job, "completed")


def test_postgresql_away_while_a_job_runs(new_job_shop, backend):
    """The call is made again under its key, and no start counts against the job."""
    shop = new_job_shop(gates=True)
    backend.script(PATH, Answer(slow=1))
    job = add_call(shop)
    shop.start_worker(**backend.environment)
    called(backend, 1)
    shop.postgres_gate.shut()
    stays(lambda: shop.call(job)["status"] == "processing", "nobody can settle it", 2)
    shop.postgres_gate.open()
    row = reaches(shop, job, "completed", within_s=30)
    assert row["attempts"] == 0
    assert len({call.headers["idempotency-key"] for call in backend.calls_to(PATH)}) == 1


def test_a_locked_order_holds_up_its_own_webhooks_only(paying_shop):
    locked, others = paying_shop.order(), [paying_shop.order() for _ in range(4)]
    with paying_shop.database.connect() as somebody, somebody.cursor() as cursor:
        cursor.execute("SELECT 1 FROM orders WHERE id = %s FOR UPDATE", [locked.id])
        blocked = [paying_shop.razorpay("payment.captured", locked, payment="pay_locked") for _ in range(20)]
        eventually(lambda: all(paying_shop.log_row(log) for log in blocked), "the blocked ones are there")
        for number, order in enumerate(others):
            paying_shop.razorpay("payment.captured", order, payment=f"pay_other_{number}")
        for order in others:
            paying_shop.reaches(order, *PAID)
        assert eventually(lambda: paying_shop.database.value(
            "SELECT count(*) FROM webhook_logs WHERE status = 'pending' AND attempts > 0"), "an attempt is counted")
        somebody.rollback()
    paying_shop.database.run("UPDATE webhook_logs SET scheduled_at = now() WHERE status = 'pending'")
    paying_shop.reaches(locked, *PAID)


def metrics_of(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_metrics(job_shop, start, backend):
    backend.script(PATH, Answer(404))
    start(METRICS_LISTEN=f"127.0.0.1:{job_shop.metrics_port}")
    dead, done = add_call(job_shop), add_call(job_shop, order_id=2)
    eventually(lambda: {job_shop.call(job)["status"] for job in (dead, done)} == {"failed", "completed"}, "both end")
    entry = record()
    job_shop.push(entry, entry, "unreadable")
    job_shop.drained()
    samples = metrics_of(job_shop.metrics_port)
    for name, value in {
            'coupon_worker_jobs_total{table="outbox",outcome="started"}': 2,
            'coupon_worker_jobs_total{table="outbox",outcome="completed"}': 1,
            'coupon_worker_jobs_total{table="outbox",outcome="dead"}': 1,
            'coupon_jobs_dead{table="outbox"}': 1, 'coupon_jobs_dead{table="webhook_logs"}': 1,
            'coupon_jobs_oldest_pending_seconds{table="outbox"}': 0,
            'coupon_intake_total{queue="webhooks",outcome="accepted"}': 1,
            'coupon_intake_total{queue="webhooks",outcome="duplicate"}': 1,
            'coupon_intake_total{queue="webhooks",outcome="failed"}': 1,
            'coupon_queue_depth{queue="webhooks"}': 0,
            "coupon_worker_redis_up": 1, "coupon_worker_postgres_up": 1}.items():
        assert samples[name] == value, name
    assert samples['coupon_worker_heartbeat_age_seconds{role="webhooks"}'] < 30


def test_check_says_all_that_is_missing(job_shop):
    def check(**environment):
        run = Process([COUPON_WORKER, "webhooks", "--check"], job_shop.directory / f"check-{time.monotonic()}",
                      job_shop.environment | environment)
        return run.wait(30), run.tail()

    status, text = check()
    assert status == 0, text
    status, text = check(BACKEND_URL="", BACKEND_TOKEN="", ORDER_UPDATES="sometimes", LOG_LEVEL="loud",
                         REDIS_URL="redis://:sesame@127.0.0.1:1/0")
    assert status == 1 and "sesame" not in text
    for word in ("BACKEND_URL", "BACKEND_TOKEN", "ORDER_UPDATES", "LOG_LEVEL", "Redis"):
        assert word in text, text
