"""Part `jobs`: when each job was stored, taken and done, as PostgreSQL saw it, and what that makes of its time."""
import statistics
import time
from dataclasses import dataclass, field

from .processes import children
from .shop import SyncingPostgres


class TimedPostgres(SyncingPostgres):
    """Also remembers when each transaction was committed."""

    def start(self):
        with open(self.data / "postgresql.auto.conf", "a") as settings:
            settings.write("track_commit_timestamp = on\n")
        super().start()

    def pids(self):
        return [self.process.pid, *children(self.process.pid)]


# What the workers do not write down, without their notice: when a row came in, and when it was taken.
STAMP_STORED = "ALTER TABLE {table} ADD COLUMN bench_stored timestamptz DEFAULT clock_timestamp()"
STAMP_TAKEN = """
    ALTER TABLE {table} ADD COLUMN bench_taken timestamptz;
    CREATE FUNCTION bench_take_{table}() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.bench_taken := clock_timestamp(); RETURN NEW; END';
    CREATE TRIGGER bench_taken BEFORE UPDATE ON {table} FOR EACH ROW
        WHEN (NEW.status = 'processing' AND OLD.status <> 'processing') EXECUTE FUNCTION bench_take_{table}()"""

# A row was done when the transaction that last wrote it was committed.
STAMPS = """
    SELECT {key}::text AS key, extract(epoch FROM bench_stored)::float8 AS stored,
           extract(epoch FROM {taken})::float8 AS taken,
           extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS done FROM {table}"""


def stamp(database, table, taken=True):
    database.run(STAMP_STORED.format(table=table))
    if taken:
        database.run(STAMP_TAKEN.format(table=table))


def stamps(database, table, key="id", taken=True):
    """{key of a job: its row of STAMPS}."""
    rows = database.run(STAMPS.format(table=table, key=key, taken="bench_taken" if taken else "NULL::timestamptz"))
    return {row["key"]: row for row in rows}


@dataclass
class Jobs:
    """Jobs of one measurement: {key: Unix time}; the phases a job goes through, in their order."""
    phases: tuple                                  # names; the first begins when the job is enqueued
    enqueued: dict = field(default_factory=dict)
    ends: dict = field(default_factory=dict)       # key → the times at which each phase ended

    def waits(self):
        """Seconds from enqueued to done, ascending."""
        return sorted(self.ends[key][-1] - at for key, at in self.enqueued.items())

    def a_second(self):
        return len(self.enqueued) / (max(ends[-1] for ends in self.ends.values()) - min(self.enqueued.values()))

    def mean_phases(self):
        """{phase: mean seconds}."""
        spent = {phase: [] for phase in self.phases}
        for key, before in self.enqueued.items():
            for phase, end in zip(self.phases, self.ends[key]):
                spent[phase].append(end - before)
                before = end
        return {phase: statistics.fmean(times) for phase, times in spent.items()}


def milliseconds(seconds):
    ms = seconds * 1e3
    return f"{ms:.1f}" if ms < 10 else f"{ms:,.0f}"


def percentiles(waits):
    """p50, p95, p99 and the longest of ascending times, as text."""
    picked = [waits[min(int(len(waits) * share), len(waits) - 1)] for share in (0.5, 0.95, 0.99, 1)]
    return ", ".join(map(milliseconds, picked)) + " ms"


def enqueue(jobs, texts, push, chunk):
    """`texts`: {key: what push() takes}, pushed in chunks and written down with their times."""
    keys = list(texts)
    for first in range(0, len(keys), chunk):
        part = keys[first:first + chunk]
        now = time.time()
        push([texts[key] for key in part])
        jobs.enqueued |= dict.fromkeys(part, now)
