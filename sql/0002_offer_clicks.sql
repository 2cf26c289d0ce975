-- Every click, partitioned by month. A plain offer_clicks of FastAPI's becomes offer_clicks_legacy; the view
-- offer_clicks_all unites both. Unique per (click_id, clicked_at); clicked_at is the click id's own millisecond.

DO $$
DECLARE
    readers text;
    reference record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('offer_clicks') AND relkind = 'r') THEN
        RETURN;
    END IF;
    IF to_regclass('offer_clicks_legacy') IS NOT NULL THEN
        RAISE EXCEPTION 'cannot fit: offer_clicks is a plain table and offer_clicks_legacy exists already';
    END IF;
    -- A view follows the renamed table and would silently show old clicks only.
    SELECT string_agg(DISTINCT format('%s.%s', n.nspname, v.relname), ', ')
      INTO readers
      FROM pg_depend d
      JOIN pg_rewrite w ON w.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_class v ON v.oid = w.ev_class
      JOIN pg_namespace n ON n.oid = v.relnamespace
     WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = 'offer_clicks'::regclass AND v.oid <> d.refobjid;
    IF readers IS NOT NULL THEN
        RAISE EXCEPTION 'cannot fit: view % reads offer_clicks, which becomes offer_clicks_legacy', readers
            USING HINT = 'Drop the view, migrate, and make it again over offer_clicks_all.';
    END IF;
    ALTER TABLE offer_clicks RENAME TO offer_clicks_legacy;
    -- New clicks are not in the old table, so a reference to it would refuse them.
    FOR reference IN SELECT conname, conrelid::regclass AS tab FROM pg_constraint
                      WHERE contype = 'f' AND confrelid = 'offer_clicks_legacy'::regclass AND conparentid = 0 LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', reference.tab, reference.conname);
        RAISE WARNING 'dropped the foreign key % of %, which pointed at the old offer_clicks', reference.conname, reference.tab;
    END LOOP;
END
$$;

-- FastAPI may insert here as well: it needs to give neither id nor time.
CREATE TABLE IF NOT EXISTS offer_clicks (
    click_id          uuid NOT NULL DEFAULT gen_random_uuid(),
    offer_id          bigint,
    offer_uuid        uuid,
    merchant_id       bigint,
    user_id           bigint,
    ip_address        inet,
    user_agent        text,
    referrer_url      text,
    device_type       text,
    frontend_click_id text,
    flags             text[] NOT NULL DEFAULT '{}',
    clicked_at        timestamptz NOT NULL DEFAULT now(),
    edge              text,
    segment           uuid,
    seq               bigint
) PARTITION BY RANGE (clicked_at);

DO $$
BEGIN
    IF (SELECT count(*) FROM pg_attribute
         WHERE attrelid = 'offer_clicks'::regclass AND NOT attisdropped
           AND attname IN ('click_id', 'offer_id', 'offer_uuid', 'merchant_id', 'user_id', 'ip_address', 'user_agent',
                           'referrer_url', 'device_type', 'frontend_click_id', 'flags', 'clicked_at', 'edge', 'segment', 'seq')) < 15
       OR pg_get_partkeydef('offer_clicks'::regclass) IS DISTINCT FROM 'RANGE (clicked_at)' THEN
        RAISE EXCEPTION 'cannot fit: offer_clicks is partitioned already, but not by RANGE (clicked_at) with the columns needed';
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS offer_clicks_default PARTITION OF offer_clicks DEFAULT;

-- Names of our own: an index of the old table keeps its name, and IF NOT EXISTS would take it for this one.
CREATE UNIQUE INDEX IF NOT EXISTS coupon_clicks_id_time ON offer_clicks (click_id, clicked_at);
CREATE INDEX IF NOT EXISTS coupon_clicks_segment_seq ON offer_clicks (segment, seq);
CREATE INDEX IF NOT EXISTS coupon_clicks_offer_time ON offer_clicks (offer_id, clicked_at);
CREATE INDEX IF NOT EXISTS coupon_clicks_user_time ON offer_clicks (user_id, clicked_at) WHERE user_id IS NOT NULL;

-- Makes the partitions of this month and the next months_ahead; returns how many were new. Rows of such a month that
-- wait in the default partition move in the same transaction. Attaching takes no lock that stops writers of other
-- partitions; where the default partition is busy for longer than lock_timeout it fails and is tried again later.
CREATE OR REPLACE FUNCTION coupon_ensure_click_partitions(months_ahead integer DEFAULT 3) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
    month_start timestamptz;
    month_end   timestamptz;
    partition   text;
    made        integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('coupon_ensure_click_partitions'));
    FOR ahead IN 0..months_ahead LOOP
        month_start := date_trunc('month', now()) + make_interval(months => ahead);
        month_end := month_start + interval '1 month';
        partition := 'offer_clicks_' || to_char(month_start, 'YYYY_MM');
        CONTINUE WHEN to_regclass(partition) IS NOT NULL;

        EXECUTE format('CREATE TABLE %I (LIKE offer_clicks INCLUDING ALL)', partition);
        LOCK TABLE offer_clicks_default IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('WITH moved AS (DELETE FROM offer_clicks_default WHERE clicked_at >= %L AND clicked_at < %L RETURNING *)
                        INSERT INTO %I SELECT * FROM moved', month_start, month_end, partition);
        EXECUTE format('ALTER TABLE offer_clicks ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       partition, month_start, month_end);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

SELECT coupon_ensure_click_partitions(3);

-- An address as text that may be anything: NULL where it is none.
CREATE OR REPLACE FUNCTION coupon_inet(address text) RETURNS inet LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN address::inet;
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END
$$;

-- The old table's columns are FastAPI's choice: one that is missing reads as NULL, another type is cast.
DO $$
DECLARE
    legacy text := '';
BEGIN
    IF to_regclass('offer_clicks_legacy') IS NOT NULL THEN
        SELECT ' UNION ALL SELECT ' || string_agg(
                   CASE WHEN old.attname IS NULL THEN format('%s::%s', 'NULL', want.type)
                        WHEN want.name = 'ip_address' AND old.atttypid <> 'inet'::regtype THEN format('coupon_inet(%I::text)', want.name)
                        WHEN format_type(old.atttypid, NULL) = want.type THEN format('%I', want.name)
                        WHEN old.atttypid = 'timestamp'::regtype THEN format('%I AT TIME ZONE ''UTC''', want.name)
                        WHEN want.type = 'uuid' THEN format('%I::text::uuid', want.name)
                        WHEN want.type = 'text[]' THEN 'NULL::text[]'
                        ELSE format('%I::%s', want.name, want.type) END, ', ' ORDER BY want.place) || ' FROM offer_clicks_legacy'
          INTO legacy
          FROM (VALUES (1, 'click_id', 'uuid'), (2, 'offer_id', 'bigint'), (3, 'offer_uuid', 'uuid'), (4, 'merchant_id', 'bigint'),
                       (5, 'user_id', 'bigint'), (6, 'ip_address', 'inet'), (7, 'user_agent', 'text'), (8, 'referrer_url', 'text'),
                       (9, 'device_type', 'text'), (10, 'frontend_click_id', 'text'), (11, 'flags', 'text[]'),
                       (12, 'clicked_at', 'timestamp with time zone'), (13, 'edge', 'text'), (14, 'segment', 'uuid'),
                       (15, 'seq', 'bigint')) AS want(place, name, type)
          LEFT JOIN pg_attribute old ON old.attrelid = to_regclass('offer_clicks_legacy')
                                    AND old.attname = want.name AND NOT old.attisdropped;
    END IF;
    EXECUTE 'CREATE OR REPLACE VIEW offer_clicks_all AS
             SELECT click_id, offer_id, offer_uuid, merchant_id, user_id, ip_address, user_agent, referrer_url, device_type,
                    frontend_click_id, flags, clicked_at, edge, segment, seq FROM offer_clicks' || legacy;
END
$$;
