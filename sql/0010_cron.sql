-- The jobs of the cron role and their runs. One worker leads at a time, by an advisory lock of its session; the rows here
-- are what it knows, and what fences off whoever led before.

CREATE TABLE IF NOT EXISTS cron_jobs (
    name       text PRIMARY KEY,
    what       text NOT NULL,
    schedule   text NOT NULL,                       -- "daily 02:00", …, "off"
    zone       text NOT NULL,                       -- whose clocks those times are
    next_at    timestamptz,                         -- null: off
    since      timestamptz NOT NULL DEFAULT now(),  -- this schedule holds; what was due before is no missed run
    leader     text,                                -- the worker that leads, and when it last said so
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- A run has one row from its being due to its end, whoever works on it. Rows may be deleted some weeks after their end:
-- until the job is due again, the row is what keeps a run from being repeated.
CREATE TABLE IF NOT EXISTS cron_runs (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job          text NOT NULL,
    due_at       timestamptz NOT NULL,
    cause        text NOT NULL CHECK (cause IN ('schedule', 'missed', 'manual')),
    requested_by text,                              -- of a manual run
    requested_at timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz,
    finished_at  timestamptz,
    status       text NOT NULL DEFAULT 'requested' CHECK (status IN ('requested', 'running', 'completed', 'failed', 'interrupted')),
    worker       text,
    result       jsonb,
    error        text,
    takeovers    integer NOT NULL DEFAULT 0,        -- how often it was begun again; with worker, whose run it is
    CHECK ((finished_at IS NOT NULL) = (status IN ('completed', 'failed', 'interrupted')))
);
CREATE UNIQUE INDEX IF NOT EXISTS cron_runs_due ON cron_runs (job, due_at) WHERE cause <> 'manual';
CREATE UNIQUE INDEX IF NOT EXISTS cron_runs_asked ON cron_runs (job) WHERE cause = 'manual' AND status = 'requested';
CREATE INDEX IF NOT EXISTS cron_runs_open ON cron_runs (id) WHERE status IN ('requested', 'running');
CREATE INDEX IF NOT EXISTS cron_runs_job ON cron_runs (job, id);
CREATE INDEX IF NOT EXISTS cron_runs_finished ON cron_runs (finished_at);
