"""A database, Redis and coupon-worker cron processes that belong together; the jobs run when a test asks for them."""
from harness.waiting import eventually

from .job_shop import JobShop

JOBS = ("EXPIRE_OFFERS", "WALLET_CHECK", "RELEASE_HOLDS", "TRIM_CATALOG_LOG", "INVENTORY_SYNC", "SITEMAP",
        "CASHBACK_REMINDERS", "CLEAN_LOGS", "DEAD_ROWS", "ALERTS")


class CronShop(JobShop):
    """`settings`: of the environment of every worker."""

    def __init__(self, *arguments, settings=None, **options):
        super().__init__(*arguments, **options)
        self.settings = settings or {}

    @property
    def environment(self):
        return super().environment | {f"CRON_{job}": "off" for job in JOBS} | self.settings

    def start_cron(self, *arguments, **environment):
        return self.start_worker(*arguments, role="cron", **environment)

    def ask_for(self, job):
        """As couponctl cron run does; the run's id."""
        return self.database.value(
            "INSERT INTO cron_runs (job, due_at, cause, requested_by) VALUES (%s, now(), 'manual', 'test') RETURNING id",
            [job])

    def run(self, job, status="completed", within_s=60):
        """The run to its end; what it says of itself, or why it failed."""
        if not any(worker.running for worker in self.workers):
            self.start_cron()
        number = self.ask_for(job)
        row = eventually(lambda: self.database.row(
            "SELECT status, result, error FROM cron_runs WHERE id = %s AND finished_at IS NOT NULL", [number]),
            f"run of {job} ended", within_s)
        assert row["status"] == status, row
        return row["result"] if status == "completed" else row["error"]
