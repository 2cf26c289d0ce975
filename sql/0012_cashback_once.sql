-- Cashback once an order, whoever reports it and whoever credited it before; events proved against their postings; and
-- functions of money that are planned for the tables as they are.

-- Columns that some databases got with their tables, and others, whose tables are older, did not.
ALTER TABLE ledger_transactions ADD COLUMN IF NOT EXISTS closes bigint UNIQUE REFERENCES ledger_transactions (id);
ALTER TABLE ledger_settings ADD COLUMN IF NOT EXISTS since timestamptz NOT NULL DEFAULT now();
ALTER TABLE affiliate_transactions
    ADD COLUMN IF NOT EXISTS matched_subid text,
    ADD COLUMN IF NOT EXISTS duplicate_of  bigint,
    ADD COLUMN IF NOT EXISTS effect_state  text,
    ADD COLUMN IF NOT EXISTS looked_at     timestamptz;
ALTER TABLE network_runs
    ADD COLUMN IF NOT EXISTS failures integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS retry_at timestamptz;
CREATE INDEX IF NOT EXISTS affiliate_transactions_duplicate ON affiliate_transactions (duplicate_of) WHERE duplicate_of IS NOT NULL;

-- Of an event from before the ledger: which order it was for, where the shop knows it.
ALTER TABLE cashback_events ADD COLUMN IF NOT EXISTS order_ref text;
-- A user's events and lines of his statement from before the ledger, when another report of what they were for comes in.
CREATE INDEX IF NOT EXISTS cashback_events_before_user ON cashback_events (user_id) WHERE source_id IS NULL;
CREATE INDEX IF NOT EXISTS wallet_transactions_before ON wallet_transactions (user_id) WHERE ledger_transaction_id IS NULL;

-- --- crediting --------------------------------------------------------------------------------------------------------

-- Pays the transaction's open cashback: the commission's posting, the credit, the event, its transition and, where the user
-- is to be told and has an address or a number, the messages. The event's id. CL003: there is none that is open, or the
-- order is paid already, by another report of it; whichever network that is of, and whoever calls this.
CREATE OR REPLACE FUNCTION cashback_credit(p_source_id bigint, p_cause text, p_tell boolean DEFAULT true) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    event      cashback_events;
    ledger_key text;
    title      text;
    commission bigint;
    posting    bigint;
    paid       record;
BEGIN
    -- As the workers do: two reports of one order are not credited beside each other.
    PERFORM pg_advisory_xact_lock(hashtext('coupon cashback effects'));
    SELECT * INTO event FROM cashback_events WHERE source_id = p_source_id ORDER BY generation DESC LIMIT 1 FOR UPDATE;
    IF event.status::text = 'paid' THEN
        RETURN event.id;
    END IF;
    IF event.id IS NULL OR event.status::text NOT IN ('pending', 'confirmed') THEN
        RAISE EXCEPTION 'transaction % has no cashback that is open', p_source_id USING ERRCODE = 'CL003';
    END IF;
    SELECT e.id, one.order_ref INTO paid
      FROM affiliate_transactions one
      JOIN affiliate_transactions other ON other.click_id = one.click_id AND other.order_ref = one.order_ref AND other.id <> one.id
      JOIN cashback_events e ON e.source_id = other.id AND e.status::text = 'paid'
     WHERE one.id = p_source_id LIMIT 1;
    IF paid.id IS NOT NULL THEN
        RAISE EXCEPTION 'order % is credited already, as cashback event %', paid.order_ref, paid.id USING ERRCODE = 'CL003';
    END IF;
    ledger_key := format('cashback:%s:%s', p_source_id, event.generation);
    title := cashback_title(event.merchant_id);
    commission := ledger_commission(ledger_key || ':commission', event.commission_amount, event.cashback_amount, 'cashback',
                                    event.id::text, p_cause);
    posting := wallet_post(ledger_key, 'cashback', event.user_id, event.cashback_amount, 'cashback', event.id::text, title);
    UPDATE cashback_events SET status = 'paid', paid_at = now(), updated_at = now(), ledger_commission = commission,
           ledger_credit = posting
     WHERE id = event.id;
    INSERT INTO cashback_transitions (source_id, event_id, from_state, to_state, amount, cause)
    VALUES (p_source_id, event.id, event.status::text, 'paid', event.cashback_amount, p_cause);
    IF p_tell THEN
        PERFORM cashback_tell(event.id);
    END IF;
    RETURN event.id;
END
$$;

-- --- proof ------------------------------------------------------------------------------------------------------------

-- A row for each cashback that is not what the ledger says of it, and for each posting of one that nothing is known of.
-- What was paid before there was a ledger has no posting.
CREATE OR REPLACE FUNCTION cashback_problems() RETURNS TABLE (problem text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    WITH credits AS (
        SELECT t.id, t.key, t.kind, e.user_id, e.amount, back.id AS reversal, taken.amount AS taken
          FROM ledger_transactions t
          JOIN ledger_entries e ON e.transaction_id = t.id AND e.account = 'user_available'
          LEFT JOIN ledger_transactions back ON back.reverses = t.id
          LEFT JOIN ledger_entries taken ON taken.transaction_id = back.id AND taken.account = 'user_available'
         WHERE t.kind = 'cashback'),
    commissions AS (
        SELECT t.id, t.key, -e.amount AS amount, back.id AS reversal
          FROM ledger_transactions t
          JOIN ledger_entries e ON e.transaction_id = t.id AND e.account = 'commission_receivable'
          LEFT JOIN ledger_transactions back ON back.reverses = t.id
         WHERE t.kind = 'commission'),
    events AS (
        SELECT e.id, e.user_id::bigint AS user_id, e.status::text AS status, e.cashback_amount::numeric AS cashback,
               e.commission_amount::numeric AS commission, e.ledger_credit, e.ledger_commission, e.ledger_reversal,
               format('cashback:%s:%s', e.source_id, e.generation) AS key
          FROM cashback_events e
         WHERE e.ledger_credit IS NOT NULL OR (e.source_id IS NOT NULL AND e.status::text IN ('paid', 'reversed')))
    SELECT found.problem
      FROM events e LEFT JOIN credits p ON p.id = e.ledger_credit LEFT JOIN commissions c ON c.id = e.ledger_commission
     CROSS JOIN LATERAL (VALUES
        (CASE WHEN e.status NOT IN ('paid', 'reversed')
              THEN format('cashback event %s is %s, and has the posting %s', e.id, e.status, e.ledger_credit) END),
        (CASE WHEN (p.key, p.user_id, p.amount) IS DISTINCT FROM (e.key, e.user_id, e.cashback)
              THEN format('cashback event %s: %s of user %s is %s, its posting (%s) says %s of user %s', e.id, e.cashback,
                          e.user_id, e.status, COALESCE(p.key, 'none'), COALESCE(p.amount, 0), COALESCE(p.user_id::text, 'none')) END),
        (CASE WHEN (c.key, c.amount) IS DISTINCT FROM (e.key || ':commission', e.commission)
              THEN format('cashback event %s: the commission is %s, its posting (%s) says %s', e.id, e.commission,
                          COALESCE(c.key, 'none'), COALESCE(c.amount, 0)) END),
        (CASE WHEN e.status = 'paid' AND (p.reversal IS NOT NULL OR c.reversal IS NOT NULL)
              THEN format('cashback event %s is paid, and was taken back by transaction %s', e.id,
                          COALESCE(p.reversal, c.reversal)) END),
        (CASE WHEN e.status = 'reversed' AND (p.reversal IS NULL OR c.reversal IS NULL OR p.taken <> -e.cashback
                                              OR e.ledger_reversal IS DISTINCT FROM p.reversal)
              THEN format('cashback event %s is reversed, its reversal (%s) takes %s of %s', e.id,
                          COALESCE(p.reversal::text, 'none'), COALESCE(-p.taken, 0), e.cashback) END)) AS found (problem)
     WHERE found.problem IS NOT NULL
    UNION ALL
    SELECT format('transaction %s (%s) credits %s to user %s for a cashback event that is not there', p.id, p.key, p.amount, p.user_id)
      FROM credits p
     WHERE p.key ~ '^cashback:[0-9]+:[0-9]+$' AND NOT EXISTS (SELECT FROM cashback_events e WHERE e.ledger_credit = p.id)
    UNION ALL
    SELECT format('cashback event %s: %s of user %s is paid since the ledger came, without a posting', e.id, e.cashback_amount, e.user_id)
      FROM cashback_events e, ledger_settings s
     WHERE e.source_id IS NULL AND e.ledger_credit IS NULL AND e.status::text = 'paid' AND e.cashback_amount <> 0
       AND COALESCE(e.paid_at, e.created_at) > s.since AND s.other_writers = 'refuse'
       AND NOT EXISTS (SELECT FROM ledger_transactions t WHERE t.reference_type = 'cashback' AND t.reference_id = e.id::text)
    UNION ALL
    SELECT format('order %s of click %s is paid %s times, by the cashback events %s', t.order_ref, t.click_id, count(*),
                  string_agg(e.id::text, ', ' ORDER BY e.id))
      FROM cashback_events e JOIN affiliate_transactions t ON t.id = e.source_id
     WHERE e.status::text = 'paid' AND t.click_id IS NOT NULL AND t.order_ref <> '' AND t.processed >= t.version
     GROUP BY t.click_id, t.order_ref HAVING count(*) > 1;
END
$$;

-- One question for all of it: what the ledger finds in itself keeps its words under another name.
DO $$
BEGIN
    IF (SELECT prosrc NOT LIKE '%cashback_problems%' FROM pg_proc WHERE oid = to_regprocedure('ledger_problems()')) THEN
        DROP FUNCTION IF EXISTS ledger_own_problems();
        ALTER FUNCTION ledger_problems() RENAME TO ledger_own_problems;
    END IF;
END
$$;
CREATE OR REPLACE FUNCTION ledger_problems() RETURNS TABLE (problem text) LANGUAGE sql STABLE AS $$
    SELECT problem FROM ledger_own_problems() UNION ALL SELECT problem FROM cashback_problems()
$$;

-- --- how the functions run --------------------------------------------------------------------------------------------

-- Names mean this schema's, whatever tables a session has made for itself. And a plan that a session made while a table was
-- empty would read all of it once it is full: what these look up, they look up by an index, also for foreign keys. (Planning
-- each time anew would do as well, and takes more than twice the time.)
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT p.oid::regprocedure AS name, p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'plpgsql') AS keeps_plans
                 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                WHERE n.nspname = current_schema() AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype
                  AND (p.proname LIKE 'ledger\_%' OR p.proname LIKE 'wallet\_%' OR p.proname LIKE 'cashback\_%') LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', one.name, current_schema());
        IF one.keeps_plans AND one.name::text NOT LIKE '%\_problems()' THEN
            EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', one.name);
            EXECUTE format('ALTER FUNCTION %s SET jit = off', one.name);
        END IF;
    END LOOP;
END
$$;
-- The proof reads everything: what was never counted must not lead it to read everything again for each row.
ALTER FUNCTION cashback_problems() SET enable_nestloop = off;
ALTER FUNCTION cashback_problems() SET jit = off;
