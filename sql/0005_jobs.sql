-- Webhooks as they came, what they did, and the queues of everything that follows from them.
--
-- Job tables share these columns: status (pending, processing, completed, failed = dead letter), attempts (how often it
-- was tried and gave up), starts (how often it was begun since it last ended: many are poison), scheduled_at, lease_token
-- and lease_until (who works on it, and until when), last_error, raw (its text where it could not be understood).

DO $$
DECLARE
    misfits text;
BEGIN
    SELECT string_agg(format('%s is a view or of another kind, needs a table', c.relname), '; ')
      INTO misfits
      FROM unnest(ARRAY['webhook_logs', 'webhook_events', 'outbox', 'email_queue', 'sms_queue', 'cashback_jobs']) AS job(name)
      JOIN pg_class c ON c.oid = to_regclass(job.name)
     WHERE c.relkind NOT IN ('r', 'p');
    IF misfits IS NOT NULL THEN
        RAISE EXCEPTION 'cannot fit: %', misfits;
    END IF;

    SELECT string_agg(format('%s.%s is %s, needs %s', need.tab, need.col, format_type(a.atttypid, a.atttypmod), need.kind),
                      '; ' ORDER BY need.tab, need.col)
      INTO misfits
      FROM (SELECT tab, col, kind
              FROM unnest(ARRAY['email_queue', 'sms_queue']) AS tab,
                   (VALUES ('id', 'an integer or uuid'), ('type', 'text'), ('to', 'text'), ('data', 'jsonb'),
                           ('idempotency_key', 'text'), ('provider', 'text'), ('provider_message_id', 'text'),
                           ('delivery_status', 'text'), ('status', 'text'), ('attempts', 'an integer'),
                           ('starts', 'an integer'), ('scheduled_at', 'a timestamp'), ('lease_token', 'uuid'),
                           ('lease_until', 'a timestamp'), ('last_error', 'text'), ('raw', 'text'),
                           ('correlation_id', 'text'), ('created_at', 'a timestamp'), ('finished_at', 'a timestamp')
                   ) AS needed (col, kind)) AS need
      JOIN pg_attribute a ON a.attrelid = to_regclass(need.tab) AND a.attname = need.col AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
     WHERE NOT CASE need.kind
               WHEN 'an integer'         THEN t.typname IN ('int8', 'int4', 'int2')
               WHEN 'an integer or uuid' THEN t.typname IN ('int8', 'int4', 'int2', 'uuid')
               WHEN 'text'               THEN t.typname IN ('text', 'varchar', 'bpchar', 'citext')
               WHEN 'a timestamp'        THEN t.typname IN ('timestamptz', 'timestamp')
               WHEN 'jsonb'              THEN t.typname IN ('jsonb', 'json')
               ELSE t.typname = need.kind
               END;
    IF misfits IS NOT NULL THEN
        RAISE EXCEPTION 'cannot fit: %', misfits;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION coupon_add_job_columns(job_table regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s
        ADD COLUMN IF NOT EXISTS status         text NOT NULL DEFAULT ''pending'',
        ADD COLUMN IF NOT EXISTS attempts       integer NOT NULL DEFAULT 0,
        ADD COLUMN IF NOT EXISTS starts         integer NOT NULL DEFAULT 0,
        ADD COLUMN IF NOT EXISTS scheduled_at   timestamptz NOT NULL DEFAULT now(),
        ADD COLUMN IF NOT EXISTS lease_token    uuid,
        ADD COLUMN IF NOT EXISTS lease_until    timestamptz,
        ADD COLUMN IF NOT EXISTS last_error     text,
        ADD COLUMN IF NOT EXISTS raw            text,
        ADD COLUMN IF NOT EXISTS correlation_id text,
        ADD COLUMN IF NOT EXISTS created_at     timestamptz NOT NULL DEFAULT now(),
        ADD COLUMN IF NOT EXISTS finished_at    timestamptz', job_table);
    -- Columns that were there before may lack what a job that is simply inserted needs.
    EXECUTE format('UPDATE %s SET status = COALESCE(status, ''pending''), attempts = COALESCE(attempts, 0),
                           scheduled_at = COALESCE(scheduled_at, created_at, now())
                     WHERE status IS NULL OR attempts IS NULL OR scheduled_at IS NULL', job_table);
    EXECUTE format('ALTER TABLE %s
        ALTER COLUMN status SET DEFAULT ''pending'', ALTER COLUMN status SET NOT NULL,
        ALTER COLUMN attempts SET DEFAULT 0, ALTER COLUMN attempts SET NOT NULL,
        ALTER COLUMN scheduled_at SET DEFAULT now(), ALTER COLUMN scheduled_at SET NOT NULL', job_table);
    -- What is taken next, and what a dead worker left; both stay small whatever the table holds.
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s (scheduled_at) WHERE status = ''pending''',
                   split_part(job_table::text, '.', -1) || '_pending', job_table);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s (lease_until) WHERE status = ''processing''',
                   split_part(job_table::text, '.', -1) || '_leased', job_table);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s (created_at) WHERE status = ''failed''',
                   split_part(job_table::text, '.', -1) || '_dead', job_table);
END
$$;

-- id is the journal record's id, so a record is a row once; a gateway's repeated delivery is a row of its own.
CREATE TABLE IF NOT EXISTS webhook_logs (
    id          uuid PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now(),
    provider    text NOT NULL,
    location    text,
    remote      text,
    method      text,
    query       text,
    headers     jsonb NOT NULL DEFAULT '{}',
    fields      jsonb NOT NULL DEFAULT '{}',   -- a postback's, under our names
    body        bytea,                         -- raw; NULL when purged, or refused at the edge
    body_sha256 bytea,
    verdict     text NOT NULL,                 -- accepted, missing, malformed, bad, stale
    trust       text,                          -- body-signed, header-only, token-only, unverified
    reason      text,                          -- why the edge refused it
    event       text,
    outcome     text,                          -- applied, duplicate, no-change, ignored, conflict, review, hint, refused
    outcome_reason text,
    latency_ms  bigint,                        -- from received_at to the outcome
    edge        text,
    segment     uuid,
    seq         bigint
);
SELECT coupon_add_job_columns('webhook_logs');
CREATE INDEX IF NOT EXISTS webhook_logs_received_at ON webhook_logs (received_at);

-- One row per effect, written in its transaction: what makes a second delivery a no-op. Kept for at least 400 days.
CREATE TABLE IF NOT EXISTS webhook_events (
    provider   text NOT NULL,
    key        text NOT NULL,
    digest     bytea NOT NULL,   -- SHA-256 over the fields the effect uses
    event      text NOT NULL,
    effect     text NOT NULL,    -- what was done: authorized, success, failed, refund, review, none, …
    log_id     uuid,
    payment_id bigint,
    amount     numeric(14,2),    -- of a payment or refund
    refund_id  text,
    gateway_payment_id text,     -- whose refund it is
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, key)
);
CREATE INDEX IF NOT EXISTS webhook_events_payment ON webhook_events (payment_id) WHERE payment_id IS NOT NULL;
-- Several events tell of one refund; it counts once.
CREATE UNIQUE INDEX IF NOT EXISTS webhook_events_refund ON webhook_events (provider, refund_id) WHERE effect = 'refund';
CREATE INDEX IF NOT EXISTS webhook_events_created_at ON webhook_events (created_at);

-- Calls to be made because of what was committed: the back end's fulfilment and order updates, SNS confirmations.
CREATE TABLE IF NOT EXISTS outbox (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind            text NOT NULL,             -- fulfill, update-payment, confirm-subscription
    idempotency_key text NOT NULL UNIQUE,
    order_id        bigint,
    data            jsonb NOT NULL DEFAULT '{}'
);
SELECT coupon_add_job_columns('outbox');
CREATE INDEX IF NOT EXISTS outbox_order ON outbox (order_id) WHERE order_id IS NOT NULL;

-- The two queues that FastAPI may have made, and fills, itself.
CREATE TABLE IF NOT EXISTS email_queue (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
CREATE TABLE IF NOT EXISTS sms_queue   (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
DO $$
DECLARE
    queue text;
BEGIN
    FOREACH queue IN ARRAY ARRAY['email_queue', 'sms_queue'] LOOP
        EXECUTE format('ALTER TABLE %I
            ADD COLUMN IF NOT EXISTS type                text,
            ADD COLUMN IF NOT EXISTS "to"                text,
            ADD COLUMN IF NOT EXISTS data                jsonb NOT NULL DEFAULT ''{}'',
            ADD COLUMN IF NOT EXISTS idempotency_key     text,
            ADD COLUMN IF NOT EXISTS provider            text,
            ADD COLUMN IF NOT EXISTS provider_message_id text,
            ADD COLUMN IF NOT EXISTS delivery_status     text', queue);
        -- A model's own default is none of the table's.
        IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(queue) AND attname = 'id'
                      AND atttypid = 'uuid'::regtype AND NOT atthasdef) THEN
            EXECUTE format('ALTER TABLE %I ALTER COLUMN id SET DEFAULT gen_random_uuid()', queue);
        END IF;
        EXECUTE format('CREATE UNIQUE INDEX IF NOT EXISTS %I ON %I (idempotency_key) WHERE idempotency_key IS NOT NULL',
                       queue || '_idempotency_key', queue);
        EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (provider_message_id) WHERE provider_message_id IS NOT NULL',
                       queue || '_provider_message_id', queue);
    END LOOP;
END
$$;
SELECT coupon_add_job_columns('email_queue');
SELECT coupon_add_job_columns('sms_queue');

CREATE TABLE IF NOT EXISTS cashback_jobs (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    type            text NOT NULL,             -- postback, or a run on demand
    network         text,
    idempotency_key text,
    data            jsonb NOT NULL DEFAULT '{}'
);
SELECT coupon_add_job_columns('cashback_jobs');
CREATE UNIQUE INDEX IF NOT EXISTS cashback_jobs_idempotency_key ON cashback_jobs (idempotency_key)
    WHERE idempotency_key IS NOT NULL;

-- A payment is found by (gateway, gateway_order_id), a refund without an order by the payment's id.
CREATE INDEX IF NOT EXISTS payments_gateway_order ON payments (gateway, gateway_order_id);
CREATE INDEX IF NOT EXISTS payments_gateway_payment ON payments (gateway, gateway_payment_id);
CREATE INDEX IF NOT EXISTS payments_order ON payments (order_id);
-- Orders that wait for a person are few and asked for often. The text of an enumeration cannot be indexed.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('orders') AND attname = 'status'
                  AND atttypid IN ('text'::regtype, 'varchar'::regtype)) THEN
        CREATE INDEX IF NOT EXISTS orders_in_review ON orders (updated_at) WHERE status::text = 'review';
    END IF;
END
$$;
