-- Messages that forget whom they were for, and how a person's data is found. The indexes are in files of their own, a table
-- each: no transaction may hold one of the shop's tables while it waits for another.

-- What digests are keyed with, so that nobody who has only the rows can search phone numbers by them: HMAC's two pads. It is
-- made once and never changes; with another one, messages that were forgotten could be sent again.
CREATE TABLE IF NOT EXISTS coupon_digest_secret (
    only_one  boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    inner_pad bytea NOT NULL,
    outer_pad bytea NOT NULL
);

DO $$
DECLARE
    secret bytea;
    inner_pad bytea := '';
    outer_pad bytea := '';
    byte int;
    reader text;
BEGIN
    -- gen_random_uuid() takes 122 bits from the system's source each time.
    secret := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
    FOR place IN 0..63 LOOP
        byte := CASE WHEN place < 32 THEN get_byte(secret, place) ELSE 0 END;
        inner_pad := inner_pad || set_byte('\x00', 0, byte # 54);
        outer_pad := outer_pad || set_byte('\x00', 0, byte # 92);
    END LOOP;
    INSERT INTO coupon_digest_secret VALUES (true, inner_pad, outer_pad) ON CONFLICT DO NOTHING;
    -- Whatever default privileges gave.
    FOR reader IN SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
                    FROM pg_class c CROSS JOIN aclexplode(c.relacl) a
                   WHERE c.oid = 'coupon_digest_secret'::regclass AND a.grantee <> c.relowner LOOP
        EXECUTE 'REVOKE ALL ON coupon_digest_secret FROM ' || reader;
    END LOOP;
END
$$;

-- With names that say their schema: indexes are built and restored under an empty search_path.
DO $$
BEGIN
    -- HMAC-SHA256, in hex. It may be called immutable since the secret never changes.
    EXECUTE format($make$
        CREATE OR REPLACE FUNCTION coupon_keyed_digest(value text) RETURNS text
        LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
        DECLARE
            pads %1$I.coupon_digest_secret;
        BEGIN
            SELECT * INTO STRICT pads FROM %1$I.coupon_digest_secret;
            RETURN encode(sha256(pads.outer_pad || sha256(pads.inner_pad || convert_to(value, 'UTF8'))), 'hex');
        END
        $body$ $make$, current_schema());

    -- What stands where a message's key stood, which holds its recipient; of such a digest the digest is itself.
    EXECUTE format($make$
        CREATE OR REPLACE FUNCTION coupon_key_digest(key text) RETURNS text
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $body$
            SELECT CASE WHEN key LIKE 'gone:%%' THEN key ELSE 'gone:' || left(%I.coupon_keyed_digest(key), 30) END
        $body$ $make$, current_schema());

    -- What stands where a recipient stood: one recipient's differ from row to row. Short, as phone numbers' columns are.
    EXECUTE format($make$
        CREATE OR REPLACE FUNCTION coupon_forgotten_recipient(id text, recipient text) RETURNS text
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $body$
            SELECT 'gone:' || left(%I.coupon_keyed_digest(id || ':' || recipient), 6)
        $body$ $make$, current_schema());

    -- An event's key as webhook_events keeps it: MSG91's hold the number that a message went to.
    EXECUTE format($make$
        CREATE OR REPLACE FUNCTION coupon_event_key(provider text, key text) RETURNS text
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $body$
            SELECT CASE WHEN provider = 'msg91' AND key NOT LIKE 'keyed:%%'
                        THEN 'keyed:' || %I.coupon_keyed_digest(key) ELSE key END
        $body$ $make$, current_schema());
END
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
                         '(passw|passcode|secret|token|salt|hash|signature|cookie|authorization|credential|api_?key|nonce'
                         '|session|totp|mfa|recovery|backup|private|bearer|refresh|verify)'
                         '|(^|[_-])(otp|pin|cvv|cvc|sid|jti)($|[_-])|[_-](url|link)$|^idempotency_key$')
                        THEN '"left out"' ELSE coupon_without_secrets(member) END), '{}')
                  FROM jsonb_each(value) AS members (key, member));
    ELSIF jsonb_typeof(value) = 'array' THEN
        RETURN (SELECT COALESCE(jsonb_agg(coupon_without_secrets(element) ORDER BY place), '[]')
                  FROM jsonb_array_elements(value) WITH ORDINALITY AS elements (element, place));
    END IF;
    RETURN value;
END
$$;

-- A body that is JSON, so that secrets can be left out of it; of any other nobody can tell what it holds.
CREATE OR REPLACE FUNCTION coupon_body_json(body bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN convert_from(body, 'UTF8')::jsonb;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN '"left out"';
END
$$;

-- An index that an operator may have built before, CONCURRENTLY and under the same name.
CREATE OR REPLACE FUNCTION coupon_ensure_index(name text, tab text, definition text, is_unique boolean DEFAULT false)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    word CONSTANT text := CASE WHEN is_unique THEN 'UNIQUE ' ELSE '' END;
    known pg_index;
BEGIN
    SELECT * INTO known FROM pg_index WHERE indexrelid = to_regclass(quote_ident(name));
    IF NOT FOUND THEN
        EXECUTE format('CREATE %sINDEX %I ON %I %s', word, name, tab, definition);
    ELSIF NOT known.indisvalid THEN
        RAISE EXCEPTION 'the index % is not valid: its building failed or is still under way; wait for it, or DROP INDEX %,'
                        ' and migrate again', name, quote_ident(name);
    ELSIF known.indrelid <> to_regclass(quote_ident(tab)) OR known.indisunique <> is_unique THEN
        RAISE EXCEPTION 'the index % is another one than CREATE %INDEX % ON % %: DROP INDEX %, and migrate again',
                        name, word, quote_ident(name), quote_ident(tab), definition, quote_ident(name);
    END IF;
END
$$;

-- That rows can be found by a column, by whatever index of the back end's or ours begins with it.
CREATE OR REPLACE FUNCTION coupon_ensure_lookup(tab text, col text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                    WHERE i.indrelid = to_regclass(quote_ident(tab)) AND i.indpred IS NULL AND i.indisvalid
                      AND a.attname = col) THEN
        PERFORM coupon_ensure_index(tab || '_' || col || '_privacy', tab, format('(%I)', col));
    END IF;
END
$$;

-- How far the erasing of a user's data is: written with each of its steps, so that a run that was killed goes on.
CREATE TABLE IF NOT EXISTS privacy_erasures (
    user_id     bigint PRIMARY KEY,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    counts      jsonb NOT NULL DEFAULT '{}'
);
