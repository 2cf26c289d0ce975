-- Messages that forget whom they were for, and the indexes by which a person's data is found.

-- What stands where a message's key stood, which holds its recipient; of such a digest the digest is itself.
CREATE OR REPLACE FUNCTION coupon_key_digest(key text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN key LIKE 'gone:%' THEN key
                ELSE 'gone:' || left(encode(sha256(convert_to(key, 'UTF8')), 'hex'), 30) END
$$;

-- What stands where a recipient stood. 24 bits fit hundreds of phone numbers, and one recipient's differ from row to row;
-- who knows row and recipient can still tell whether they belong together.
CREATE OR REPLACE FUNCTION coupon_forgotten_recipient(id text, recipient text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT 'gone:' || left(encode(sha256(convert_to(id || ':' || recipient, 'UTF8')), 'hex'), 6)
$$;

-- The last ten digits of a phone number, however it is written.
CREATE OR REPLACE FUNCTION coupon_phone_digits(number text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT right(ltrim(regexp_replace(number, '[^0-9]', '', 'g'), '0'), 10)
$$;

-- A row as its owner may have it: without what lets somebody act in a person's place, at any depth.
CREATE OR REPLACE FUNCTION coupon_without_secrets(value jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF jsonb_typeof(value) = 'object' THEN
        RETURN (SELECT COALESCE(jsonb_object_agg(key, CASE
                    WHEN member <> 'null' AND regexp_replace(key, '([a-z0-9])([A-Z])', '\1_\2', 'g') ~* (
                         '(passw|passcode|secret|token|salt|hash|signature|cookie|authorization|credential|api_?key|nonce)'
                         '|(^|[_-])(otp|pin|cvv|cvc|(reset|verify|login)_(url|link))($|[_-])')
                        THEN '"left out"' ELSE coupon_without_secrets(member) END), '{}')
                  FROM jsonb_each(value) AS members (key, member));
    ELSIF jsonb_typeof(value) = 'array' THEN
        RETURN (SELECT COALESCE(jsonb_agg(coupon_without_secrets(element) ORDER BY place), '[]')
                  FROM jsonb_array_elements(value) WITH ORDINALITY AS elements (element, place));
    END IF;
    RETURN value;
END
$$;

-- A body as text where it is one, else as base64.
CREATE OR REPLACE FUNCTION coupon_body_text(body bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN convert_from(body, 'UTF8');
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
    RETURN encode(body, 'base64');
END
$$;

DO $$
DECLARE
    queue text;
BEGIN
    FOREACH queue IN ARRAY ARRAY['email_queue', 'sms_queue'] LOOP
        -- Beside the unique index over the keys themselves: a message that is queued again meets the key it had, whether
        -- it stands there or its digest, and no producer needs to know.
        EXECUTE format('CREATE UNIQUE INDEX IF NOT EXISTS %I ON %I (coupon_key_digest(idempotency_key::text))
                        WHERE idempotency_key IS NOT NULL', queue || '_key_digest', queue);
        -- Sent messages that still name their recipient, by age; and whose they are.
        EXECUTE format('UPDATE %I SET finished_at = created_at WHERE status = ''completed'' AND finished_at IS NULL', queue);
        EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (finished_at)
                        WHERE status = ''completed'' AND "to"::text NOT LIKE ''gone:%%''', queue || '_recipient', queue);
        EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (%s) WHERE "to"::text NOT LIKE ''gone:%%''', queue || '_to', queue,
                       CASE queue WHEN 'email_queue' THEN 'lower("to"::text)' ELSE 'coupon_phone_digits("to"::text)' END);
    END LOOP;
END
$$;

-- What belongs to a user, or to his orders.
DO $$
DECLARE
    key record;
BEGIN
    FOR key IN SELECT * FROM (VALUES ('orders', 'user_id'), ('order_items', 'order_id'), ('cashback_events', 'user_id'),
                                     ('wallet_transactions', 'user_id'), ('user_sessions', 'user_id'), ('user_kyc', 'user_id'),
                                     ('referrals', 'referrer_id'), ('referrals', 'referred_id'), ('webhook_events', 'log_id'),
                                     ('ledger_holds', 'user_id')) AS key (tab, col) LOOP
        IF NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                        WHERE i.indrelid = to_regclass(key.tab) AND i.indpred IS NULL AND a.attname = key.col) THEN
            EXECUTE format('CREATE INDEX %I ON %I (%I)', key.tab || '_' || key.col || '_privacy', key.tab, key.col);
        END IF;
    END LOOP;
END
$$;

-- How far the erasing of a user's data is: written with each of its steps, so that a run that was killed goes on.
CREATE TABLE IF NOT EXISTS privacy_erasures (
    user_id     bigint PRIMARY KEY,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    counts      jsonb NOT NULL DEFAULT '{}'
);
