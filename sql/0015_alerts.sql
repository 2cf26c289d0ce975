-- Alerts for shops without Prometheus: what is wrong now, and who was told.

CREATE TABLE IF NOT EXISTS alerts (
    name        text NOT NULL,
    label       text NOT NULL,                       -- which queue, role or edge; empty where there is one only
    message     text NOT NULL,
    since       timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now(),  -- when it was last so
    resolved_at timestamptz,                         -- null: it is so now
    told_at     timestamptz,                         -- when people were last told that it is so
    told_end    boolean NOT NULL DEFAULT true,       -- nobody waits to hear that it is over
    PRIMARY KEY (name, label)
);

-- Those that ALERT_WEBHOOK_URL has not taken yet.
CREATE TABLE IF NOT EXISTS alert_posts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- When a worker of each role was last seen: what has never been there is not missed.
CREATE TABLE IF NOT EXISTS roles_seen (
    role    text PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now()
);

-- What is counted each minute: dead letters of the last hour, and orders that were paid and wait. The text of an
-- enumeration cannot be indexed.
CREATE INDEX IF NOT EXISTS webhook_logs_died ON webhook_logs (finished_at) WHERE status = 'failed';
CREATE INDEX IF NOT EXISTS outbox_died ON outbox (finished_at) WHERE status = 'failed';
CREATE INDEX IF NOT EXISTS email_queue_died ON email_queue (finished_at) WHERE status = 'failed';
CREATE INDEX IF NOT EXISTS sms_queue_died ON sms_queue (finished_at) WHERE status = 'failed';
CREATE INDEX IF NOT EXISTS cashback_jobs_died ON cashback_jobs (finished_at) WHERE status = 'failed';
DO $$
BEGIN
    IF 2 = (SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname IN ('status', 'payment_status')
               AND atttypid IN ('text'::regtype, 'varchar'::regtype)) THEN
        CREATE INDEX IF NOT EXISTS orders_paid_unfulfilled ON orders (updated_at)
            WHERE status::text = 'processing' AND payment_status::text = 'completed';
    END IF;
END
$$;
