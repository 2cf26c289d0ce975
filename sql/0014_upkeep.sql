-- What the jobs of the cron worker remember, and the indexes that they look through.

-- Pending cashback that its owner was told of; a row for each, so that nobody is told twice.
CREATE TABLE IF NOT EXISTS cashback_reminders (
    cashback_event_id bigint PRIMARY KEY,
    user_id           bigint NOT NULL,
    reminded_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS cashback_reminders_user ON cashback_reminders (user_id, reminded_at);
CREATE INDEX IF NOT EXISTS cashback_events_waiting ON cashback_events (created_at) WHERE status = 'pending';

-- Rows that left the database for a file, NDJSON in gzip. What is behind `bytes` in a file was not committed.
-- `host` is where it was written, for people.
CREATE TABLE IF NOT EXISTS archived_files (
    name        text PRIMARY KEY,
    host        text NOT NULL,
    source      text NOT NULL,                  -- the table
    rows        bigint NOT NULL DEFAULT 0,
    bytes       bigint NOT NULL DEFAULT 0,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);

-- Clicks before `up_to` of that table hold no address, user agent and referrer any more, but for those that came later:
-- `inserts` is what PostgreSQL had counted when it was gone through.
CREATE TABLE IF NOT EXISTS click_privacy (
    partition text PRIMARY KEY,
    up_to     timestamptz NOT NULL,
    inserts   bigint NOT NULL DEFAULT -1
);

-- Sent messages that still hold what was sent, and the timeline's old end.
CREATE INDEX IF NOT EXISTS email_queue_data ON email_queue (finished_at) WHERE status = 'completed' AND data::text <> '{}';
CREATE INDEX IF NOT EXISTS sms_queue_data ON sms_queue (finished_at) WHERE status = 'completed' AND data::text <> '{}';
CREATE INDEX IF NOT EXISTS message_events_at ON message_events USING brin (at) WITH (autosummarize = on);

ALTER TABLE product_variants
    ADD COLUMN IF NOT EXISTS sku             text,
    ADD COLUMN IF NOT EXISTS stock           integer,
    ADD COLUMN IF NOT EXISTS stock_synced_at timestamptz;
CREATE INDEX IF NOT EXISTS product_variants_sku ON product_variants (sku) WHERE sku IS NOT NULL;
