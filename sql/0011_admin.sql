-- What the admin worker shows over time. It writes both tables from the workers' heartbeats, every few seconds.

-- Jobs by role and minute. A minute without any row is one in which no admin worker looked.
CREATE TABLE IF NOT EXISTS worker_rates (
    minute timestamptz NOT NULL,
    role   text NOT NULL,
    jobs   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (minute, role)
);

-- The last heartbeat of each worker: what it had done by then, so that two admin workers count nothing twice, and who
-- is gone. Rows are deleted a day after.
CREATE TABLE IF NOT EXISTS worker_beats (
    id        text PRIMARY KEY,
    role      text NOT NULL,
    host      text NOT NULL,
    pid       bigint NOT NULL,
    version   text NOT NULL,
    started   timestamptz NOT NULL,
    jobs      bigint NOT NULL,
    last_seen timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Clicks come in the order of their time, so this small index finds a day among months.
CREATE INDEX IF NOT EXISTS coupon_clicks_time ON offer_clicks USING brin (clicked_at) WITH (pages_per_range = 32, autosummarize = on);

-- Segments that wait for something: few, and looked at every other second.
CREATE INDEX IF NOT EXISTS journal_segments_open ON journal_segments (kind)
    WHERE sealed IS NULL OR settled <> int8multirange(int8range(0, sealed));

-- The newest entries first, a page at a time. FastAPI's own table may have a clock of another type, or none.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                    WHERE i.indrelid = 'audit_logs'::regclass AND i.indpred IS NULL AND a.attname = 'created_at') THEN
        CREATE INDEX audit_logs_created_at ON audit_logs (created_at);
    END IF;
END
$$;
