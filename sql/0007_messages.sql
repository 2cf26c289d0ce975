-- E-mail and SMS: what the two queues need beside the job columns, what became of each message, and whom not to write to.

DO $$
DECLARE
    queue text;
BEGIN
    FOREACH queue IN ARRAY ARRAY['email_queue', 'sms_queue'] LOOP
        -- unknowns: how often it was sent and nobody knows whether it arrived; such a message is sent once more at most.
        -- throttled: how often a provider asked to wait; beyond a bound each counts as an attempt.
        -- sent_at: when a provider took it.
        EXECUTE format('ALTER TABLE %I
            ADD COLUMN IF NOT EXISTS unknowns  integer NOT NULL DEFAULT 0,
            ADD COLUMN IF NOT EXISTS throttled integer NOT NULL DEFAULT 0,
            ADD COLUMN IF NOT EXISTS sent_at   timestamptz', queue);
        -- Those of which nobody knows whether they arrived: few, and asked for often.
        EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (scheduled_at) WHERE delivery_status = ''unknown''',
                       queue || '_unknown', queue);
        -- Rows that were inserted without a key, until they have got one.
        EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (created_at) WHERE status = ''pending'' AND idempotency_key IS NULL',
                       queue || '_without_key', queue);
    END LOOP;
END
$$;

-- What makes two jobs the same message. The rule for every producer: its own key where it gives one, else this; `at` is
-- when the job was queued. Of a password or a token the key holds a digest, since keys stand in logs and indexes; a
-- password of few digits comes up again, so it names a message for its day alone.
CREATE OR REPLACE FUNCTION coupon_message_key(type text, recipient text, data jsonb, id text,
                                              at timestamptz DEFAULT now()) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH password AS (SELECT left(encode(sha256(convert_to(NULLIF(data ->> 'otp', ''), 'UTF8')), 'hex'), 32) || ':' ||
                             to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS key)
    SELECT COALESCE(type || ':' || recipient || ':' || COALESCE(
               CASE WHEN type = 'otp' THEN password.key END,
               NULLIF(data ->> 'order_id', ''), NULLIF(data ->> 'cashback_event_id', ''),
               NULLIF(data ->> 'withdrawal_id', ''),
               left(encode(sha256(convert_to(NULLIF(data ->> 'token', ''), 'UTF8')), 'hex'), 32),
               password.key),
           id)
    FROM password
$$;

-- The timeline of each message: a row for each thing that happened after it was queued. Deferred without a provider:
-- by us, until it may be sent.
CREATE TABLE IF NOT EXISTS message_events (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue      text NOT NULL CHECK (queue IN ('email', 'sms')),
    message_id text NOT NULL,                       -- the row's id as text
    at         timestamptz NOT NULL DEFAULT now(),
    status     text NOT NULL,                       -- sent, delivered, deferred, bounced, failed, unknown, retried, replayed,
                                                    -- suppressed, expired, duplicate, spam, unsubscribed
    provider   text,
    provider_message_id text,
    reason     text                                 -- the provider's words, or ours
);
CREATE INDEX IF NOT EXISTS message_events_message ON message_events (queue, message_id, id);

-- Addresses that are not written to any more. A bounce or a spam report stops everything; an unsubscribe does not stop
-- what a person asked for: one-time passwords and news of their own payments.
CREATE TABLE IF NOT EXISTS suppressions (
    channel    text NOT NULL CHECK (channel IN ('email', 'sms')),
    address    text NOT NULL,                       -- an e-mail address in lower case, a number in E.164
    reason     text NOT NULL CHECK (reason IN ('bounce', 'spam', 'unsubscribe', 'manual')),
    provider   text,
    detail     text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, address, reason)
);
