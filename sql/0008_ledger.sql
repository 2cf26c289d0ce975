-- The wallet as a double-entry ledger: every change of money is a transaction whose entries add up to zero, written once
-- per key, never changed. FastAPI and the workers call the functions below; nothing else may write what they write.
--
-- Signs: an entry adds to what its account holds; what we owe, or were paid, is positive, what is owed to us negative.
--   user_available, user_held       what a user may spend, and what is set aside for a withdrawal
--   cashback_liability              confirmed cashback that is not credited yet
--   commission_receivable           what the networks owe us
--   margin                          our part of the commissions
--   payouts                         what left to users' banks
--   purchases                       orders paid from a wallet, and given back
--   adjustments, opening            by hand, and the balances that were there before
-- The accounts that are no user's are only ever added up, never updated, so that nobody waits for them.
--
-- Errors: CL001 the key stands for another posting; CL002 the balance does not suffice; CL003 the hold, or the
-- transaction to be reversed, is not in a state for that; CL004 an argument is wrong; CL005 somebody else's write.

DO $$
DECLARE
    misfits text;
BEGIN
    SELECT string_agg(format('wallet_transactions.%s is %s, needs text', attname, format_type(atttypid, atttypmod)), '; ')
      INTO misfits
      FROM pg_attribute
     WHERE attrelid = to_regclass('wallet_transactions') AND attname IN ('type', 'reference_type') AND NOT attisdropped
       AND atttypid NOT IN ('text'::regtype, 'varchar'::regtype);
    IF misfits IS NOT NULL THEN
        RAISE EXCEPTION 'cannot fit: %', misfits;
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS ledger_transactions (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key            text NOT NULL UNIQUE,
    kind           text NOT NULL,
    digest         bytea NOT NULL,       -- SHA-256 over everything the key stands for
    reverses       bigint UNIQUE REFERENCES ledger_transactions (id),
    closes         bigint UNIQUE REFERENCES ledger_transactions (id),   -- the hold that it ends
    reference_type text,
    reference_id   text,
    cause          text,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS ledger_transactions_reference ON ledger_transactions (reference_type, reference_id);

CREATE TABLE IF NOT EXISTS ledger_entries (
    transaction_id bigint NOT NULL REFERENCES ledger_transactions (id),
    line           smallint NOT NULL,
    account        text NOT NULL CHECK (account IN ('user_available', 'user_held', 'cashback_liability', 'commission_receivable',
                                                    'margin', 'payouts', 'purchases', 'adjustments', 'opening')),
    user_id        bigint REFERENCES users (id),
    amount         numeric(14,2) NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (transaction_id, line),
    CHECK ((user_id IS NOT NULL) = (account IN ('user_available', 'user_held')))
);
CREATE INDEX IF NOT EXISTS ledger_entries_user ON ledger_entries (user_id, transaction_id) WHERE user_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS wallet_balances (user_id bigint PRIMARY KEY REFERENCES users (id));
ALTER TABLE wallet_balances
    ADD COLUMN IF NOT EXISTS available  numeric(14,2) NOT NULL DEFAULT 0,   -- posted − held; below zero: a debt
    ADD COLUMN IF NOT EXISTS held       numeric(14,2) NOT NULL DEFAULT 0 CHECK (held >= 0),
    ADD COLUMN IF NOT EXISTS earned_before numeric(14,2) NOT NULL DEFAULT 0,  -- users.lifetime_earnings when the ledger came
    ADD COLUMN IF NOT EXISTS updated_at timestamptz NOT NULL DEFAULT now();

-- Which posting a line of a user's statement is.
ALTER TABLE wallet_transactions ADD COLUMN IF NOT EXISTS ledger_transaction_id bigint REFERENCES ledger_transactions (id);
CREATE INDEX IF NOT EXISTS wallet_transactions_ledger ON wallet_transactions (ledger_transaction_id)
    WHERE ledger_transaction_id IS NOT NULL;

-- A hold is the transaction that opened it; open, then once released, posted or expired.
CREATE TABLE IF NOT EXISTS ledger_holds (
    id             bigint PRIMARY KEY REFERENCES ledger_transactions (id),
    user_id        bigint NOT NULL REFERENCES users (id),
    amount         numeric(14,2) NOT NULL CHECK (amount > 0),
    status         text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'released', 'posted', 'expired')),
    expires_at     timestamptz,
    closed_by      bigint REFERENCES ledger_transactions (id),
    CHECK ((status = 'open') = (closed_by IS NULL))
);
CREATE INDEX IF NOT EXISTS ledger_holds_open ON ledger_holds (expires_at) WHERE status = 'open';

-- Ranges of transactions, each with a hash over what they hold and over the range before.
CREATE TABLE IF NOT EXISTS ledger_seals (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first_id      bigint NOT NULL,
    last_id       bigint NOT NULL CHECK (last_id >= first_id),
    hash          bytea NOT NULL,
    previous_hash bytea NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- other_writers: refuse, or report to audit_logs and let pass, while a back end is being changed over. What passed is
-- taken into the ledger (kind outside) before the user's next posting.
CREATE TABLE IF NOT EXISTS ledger_settings (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    other_writers text NOT NULL DEFAULT 'refuse' CHECK (other_writers IN ('refuse', 'report')),
    since         timestamptz NOT NULL DEFAULT now()    -- when the ledger came
);
INSERT INTO ledger_settings DEFAULT VALUES ON CONFLICT DO NOTHING;

-- --- nobody else writes -----------------------------------------------------------------------------------------------

-- True inside the functions below, and only there: the setting names this very transaction and is taken back at their end.
CREATE OR REPLACE FUNCTION ledger_is_writing() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT COALESCE(current_setting('coupon.ledger', true) = pg_current_xact_id_if_assigned()::text, false)
$$;

CREATE OR REPLACE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND ledger_is_writing() THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: the ledger is only appended to, by its functions', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CL005';
END
$$;

CREATE OR REPLACE FUNCTION ledger_hold_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF ledger_is_writing() AND (TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND OLD.status = 'open' AND NEW.status <> 'open'
            AND (NEW.id, NEW.user_id, NEW.amount) = (OLD.id, OLD.user_id, OLD.amount))) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of ledger_holds is refused: a hold is opened and closed by the ledger''s functions', TG_OP
        USING ERRCODE = 'CL005';
END
$$;

-- For what FastAPI knows as well: wallet_transactions, wallet_balances, and the two sums in users, of which nothing else
-- is written down: a user's row may hold more than anybody should read in a log.
CREATE OR REPLACE FUNCTION ledger_other_writer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := CASE WHEN TG_LEVEL = 'ROW' AND TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_LEVEL = 'ROW' AND TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
BEGIN
    IF ledger_is_writing() THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF (SELECT other_writers FROM ledger_settings) = 'report' THEN
        IF TG_TABLE_NAME = 'users' THEN
            SELECT jsonb_object_agg(key, value) INTO before FROM jsonb_each(before) WHERE key IN ('id', 'wallet_balance', 'lifetime_earnings');
            SELECT jsonb_object_agg(key, value) INTO after FROM jsonb_each(after) WHERE key IN ('id', 'wallet_balance', 'lifetime_earnings');
        END IF;
        INSERT INTO audit_logs (actor, action, entity, entity_id, details)
        VALUES (current_user, 'wallet written beside the ledger', TG_TABLE_NAME, NULL,
                jsonb_build_object('operation', TG_OP, 'old', before, 'new', after));
        RETURN COALESCE(NEW, OLD);
    END IF;
    RAISE EXCEPTION '% of % is refused: money is moved by the ledger''s functions', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'CL005';
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_transactions', 'ledger_entries', 'ledger_seals'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER ledger_append_only BEFORE INSERT OR UPDATE OR DELETE ON %I
                        FOR EACH ROW EXECUTE FUNCTION ledger_append_only()', name);
        EXECUTE format('CREATE OR REPLACE TRIGGER ledger_not_emptied BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()', name);
    END LOOP;
    CREATE OR REPLACE TRIGGER ledger_hold_forward BEFORE INSERT OR UPDATE OR DELETE ON ledger_holds
        FOR EACH ROW EXECUTE FUNCTION ledger_hold_forward();
    CREATE OR REPLACE TRIGGER ledger_not_emptied BEFORE TRUNCATE ON ledger_holds
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
    FOREACH name IN ARRAY ARRAY['wallet_balances', 'wallet_transactions'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER ledger_other_writer BEFORE INSERT OR UPDATE OR DELETE ON %I
                        FOR EACH ROW EXECUTE FUNCTION ledger_other_writer()', name);
        EXECUTE format('CREATE OR REPLACE TRIGGER ledger_not_emptied BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION ledger_other_writer()', name);
    END LOOP;
    CREATE OR REPLACE TRIGGER ledger_other_writer BEFORE UPDATE OF wallet_balance, lifetime_earnings ON users
        FOR EACH ROW WHEN (OLD.wallet_balance IS DISTINCT FROM NEW.wallet_balance
                           OR OLD.lifetime_earnings IS DISTINCT FROM NEW.lifetime_earnings)
        EXECUTE FUNCTION ledger_other_writer();
    CREATE OR REPLACE TRIGGER ledger_other_writer_new BEFORE INSERT ON users
        FOR EACH ROW WHEN (NEW.wallet_balance <> 0 OR NEW.lifetime_earnings <> 0)
        EXECUTE FUNCTION ledger_other_writer();
END
$$;

-- --- the one place that writes ----------------------------------------------------------------------------------------

-- A transaction whose entries are accounts[i], users[i], amounts[i]. The same key again: what it was (nothing happens);
-- with anything else than before: CL001. `may_owe`: a user's balance may end below zero.
CREATE OR REPLACE FUNCTION ledger_record(p_key text, p_kind text, p_accounts text[], p_users bigint[], p_amounts numeric[],
    p_reference_type text, p_reference_id text, p_cause text, p_reverses bigint DEFAULT NULL, p_may_owe boolean DEFAULT false,
    p_closes bigint DEFAULT NULL) RETURNS ledger_transactions
LANGUAGE plpgsql AS $$
DECLARE
    asked  bytea := sha256(convert_to(jsonb_build_array(p_kind, p_accounts, p_users,
                           (SELECT array_agg(trim_scale(amount)::text ORDER BY place)
                              FROM unnest(p_amounts) WITH ORDINALITY AS given (amount, place)),
                           p_reference_type, p_reference_id, p_reverses, p_closes)::text, 'UTF8'));
    made   ledger_transactions;
    change record;
    before wallet_balances;
    shown  numeric;
BEGIN
    IF COALESCE(p_key, '') = '' OR length(p_key) > 200 THEN
        RAISE EXCEPTION 'a posting needs a key of 1 to 200 characters' USING ERRCODE = 'CL004';
    END IF;
    IF (p_key LIKE 'expiry:%' AND p_kind <> 'expiry') OR (p_key LIKE 'opening:%' AND p_kind <> 'opening')
       OR (p_key LIKE 'outside:%' AND p_kind <> 'outside')
       OR (p_key LIKE 'cashback:%' AND p_kind NOT IN ('cashback', 'commission', 'cashback_reversal', 'commission_reversal')) THEN
        RAISE EXCEPTION 'posting %: keys of this kind are the ledger''s own', p_key USING ERRCODE = 'CL004';
    END IF;
    IF cardinality(p_accounts) = 0 OR cardinality(p_accounts) <> cardinality(p_amounts) OR cardinality(p_accounts) <> cardinality(p_users) THEN
        RAISE EXCEPTION 'posting %: accounts, users and amounts are not of one length', p_key USING ERRCODE = 'CL004';
    END IF;
    IF EXISTS (SELECT FROM unnest(p_amounts) AS amount WHERE amount IS NULL OR amount = 'NaN' OR abs(amount) >= 1e12 OR scale(trim_scale(amount)) > 2) THEN
        RAISE EXCEPTION 'posting %: an amount is no number of at most 12 digits and hundredths', p_key USING ERRCODE = 'CL004';
    END IF;
    IF (SELECT sum(amount) FROM unnest(p_amounts) AS amount) <> 0 THEN
        RAISE EXCEPTION 'posting %: its entries do not add up to zero', p_key USING ERRCODE = 'CL004';
    END IF;

    PERFORM set_config('coupon.ledger', pg_current_xact_id()::text, true);
    INSERT INTO ledger_transactions (key, kind, digest, reverses, closes, reference_type, reference_id, cause)
    VALUES (p_key, p_kind, asked, p_reverses, p_closes, p_reference_type, p_reference_id, p_cause)
    ON CONFLICT (key) DO NOTHING RETURNING * INTO made;
    IF made.id IS NULL THEN
        PERFORM set_config('coupon.ledger', '', true);
        SELECT * INTO made FROM ledger_transactions WHERE key = p_key;
        IF made.digest IS DISTINCT FROM asked THEN
            RAISE EXCEPTION 'the key % stands for another posting', p_key USING ERRCODE = 'CL001';
        END IF;
        RETURN made;
    END IF;

    INSERT INTO ledger_entries (transaction_id, line, account, user_id, amount)
    SELECT made.id, place, account, user_id, amount
      FROM unnest(p_accounts, p_users, p_amounts) WITH ORDINALITY AS entry (account, user_id, amount, place);

    FOR change IN
        SELECT user_id, COALESCE(sum(amount) FILTER (WHERE account = 'user_available'), 0) AS available,
               COALESCE(sum(amount) FILTER (WHERE account = 'user_held'), 0) AS held
          FROM unnest(p_accounts, p_users, p_amounts) AS entry (account, user_id, amount)
         WHERE user_id IS NOT NULL GROUP BY user_id ORDER BY user_id
    LOOP
        INSERT INTO wallet_balances (user_id) VALUES (change.user_id) ON CONFLICT DO NOTHING;
        SELECT * INTO before FROM wallet_balances WHERE user_id = change.user_id FOR UPDATE;
        SELECT COALESCE(wallet_balance, 0) INTO shown FROM users WHERE id = change.user_id FOR NO KEY UPDATE;
        IF shown <> before.available AND p_kind NOT IN ('opening', 'outside') THEN
            IF (SELECT other_writers FROM ledger_settings) = 'refuse' THEN
                RAISE EXCEPTION 'users.wallet_balance of user % is %, the ledger says %: somebody else has written it',
                                change.user_id, shown, before.available USING ERRCODE = 'CL005';
            END IF;
            PERFORM ledger_record('outside:' || made.id || ':' || change.user_id, 'outside', ARRAY['user_available', 'adjustments'],
                                  ARRAY[change.user_id, NULL], ARRAY[shown - before.available, before.available - shown], 'user',
                                  change.user_id::text, 'written beside the ledger', NULL, true);
            PERFORM set_config('coupon.ledger', pg_current_xact_id()::text, true);
            before.available := shown;
        END IF;
        IF change.available < 0 AND before.available + change.available < 0 AND NOT p_may_owe THEN
            RAISE EXCEPTION 'user % has % available, % is needed', change.user_id, before.available, -change.available
                USING ERRCODE = 'CL002';
        END IF;
        UPDATE wallet_balances SET available = available + change.available, held = held + change.held, updated_at = now()
         WHERE user_id = change.user_id;
        UPDATE users SET wallet_balance = before.available + change.available, updated_at = now(),
               lifetime_earnings = COALESCE(lifetime_earnings, 0) + CASE WHEN p_kind IN ('cashback', 'cashback_reversal') THEN change.available ELSE 0 END
         WHERE id = change.user_id;
        -- What others have written stands in the user's statement as they wrote it.
        IF p_kind NOT IN ('opening', 'outside') AND change.available <> 0 THEN
            INSERT INTO wallet_transactions (user_id, amount, type, reference_type, reference_id, balance_before, balance_after,
                                             description, ledger_transaction_id)
            VALUES (change.user_id, change.available, p_kind, p_reference_type,
                    CASE WHEN p_reference_id ~ '^[0-9]{1,18}$' THEN p_reference_id::bigint END,
                    before.available, before.available + change.available, p_cause, made.id);
        END IF;
    END LOOP;
    PERFORM set_config('coupon.ledger', '', true);
    RETURN made;
END
$$;

-- --- what FastAPI and the workers call --------------------------------------------------------------------------------

-- Credits a user (amount above zero) from, or debits him to, one account of ours: cashback_liability (kind cashback),
-- purchases (kind purchase, refund), adjustments (kind adjustment). The transaction's id.
CREATE OR REPLACE FUNCTION wallet_post(p_key text, p_kind text, p_user_id bigint, p_amount numeric, p_reference_type text,
    p_reference_id text, p_cause text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    account text := CASE p_kind WHEN 'cashback' THEN 'cashback_liability' WHEN 'purchase' THEN 'purchases'
                                WHEN 'refund' THEN 'purchases' WHEN 'adjustment' THEN 'adjustments' END;
BEGIN
    IF account IS NULL OR p_user_id IS NULL OR COALESCE(p_amount, 0) = 0 OR (p_kind IN ('cashback', 'refund') AND p_amount < 0)
       OR (p_kind = 'purchase' AND p_amount > 0) THEN
        RAISE EXCEPTION 'posting %: kind %, user % and amount % do not fit', p_key, p_kind, p_user_id, p_amount USING ERRCODE = 'CL004';
    END IF;
    RETURN (ledger_record(p_key, p_kind, ARRAY['user_available', account], ARRAY[p_user_id, NULL], ARRAY[p_amount, -p_amount],
                          p_reference_type, p_reference_id, p_cause)).id;
END
$$;

-- A network has confirmed a commission: it owes us `commission`, of which we owe the user `cashback`.
CREATE OR REPLACE FUNCTION ledger_commission(p_key text, p_commission numeric, p_cashback numeric, p_reference_type text,
    p_reference_id text, p_cause text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    accounts text[] := ARRAY['commission_receivable'];
    amounts  numeric[] := ARRAY[-p_commission];
BEGIN
    IF p_cashback <> 0 THEN
        accounts := array_append(accounts, 'cashback_liability');
        amounts := array_append(amounts, p_cashback);
    END IF;
    IF p_commission <> p_cashback THEN
        accounts := array_append(accounts, 'margin');
        amounts := array_append(amounts, p_commission - p_cashback);
    END IF;
    RETURN (ledger_record(p_key, 'commission', accounts, array_fill(NULL::bigint, ARRAY[cardinality(accounts)]), amounts,
                          p_reference_type, p_reference_id, p_cause)).id;
END
$$;

-- Sets an amount aside, for a withdrawal. The hold's id, which is its transaction's.
CREATE OR REPLACE FUNCTION wallet_hold(p_key text, p_user_id bigint, p_amount numeric, p_reference_type text, p_reference_id text,
    p_expires_at timestamptz DEFAULT NULL, p_cause text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    made ledger_transactions;
BEGIN
    IF p_user_id IS NULL OR COALESCE(p_amount, 0) <= 0 THEN
        RAISE EXCEPTION 'hold %: user % and amount % do not fit', p_key, p_user_id, p_amount USING ERRCODE = 'CL004';
    END IF;
    made := ledger_record(p_key, 'hold', ARRAY['user_available', 'user_held'], ARRAY[p_user_id, p_user_id], ARRAY[-p_amount, p_amount],
                          p_reference_type, p_reference_id, p_cause);
    PERFORM set_config('coupon.ledger', pg_current_xact_id()::text, true);
    INSERT INTO ledger_holds (id, user_id, amount, expires_at) VALUES (made.id, p_user_id, p_amount, p_expires_at)
    ON CONFLICT DO NOTHING;
    PERFORM set_config('coupon.ledger', '', true);
    RETURN made.id;
END
$$;

-- Ends a hold once. status: released and expired give the amount back, posted sends it out (account payouts).
CREATE OR REPLACE FUNCTION ledger_close_hold(p_key text, p_hold bigint, p_status text, p_cause text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    hold ledger_holds;
    opened ledger_transactions;
    made ledger_transactions;
BEGIN
    SELECT * INTO hold FROM ledger_holds WHERE id = p_hold FOR UPDATE;
    IF hold.id IS NULL THEN
        RAISE EXCEPTION 'there is no hold %', p_hold USING ERRCODE = 'CL003';
    END IF;
    IF hold.status <> 'open' AND NOT EXISTS (SELECT FROM ledger_transactions WHERE id = hold.closed_by AND key = p_key) THEN
        IF EXISTS (SELECT FROM ledger_transactions WHERE key = p_key) THEN
            RAISE EXCEPTION 'the key % stands for another posting', p_key USING ERRCODE = 'CL001';
        END IF;
        RAISE EXCEPTION 'hold % is % already', p_hold, hold.status USING ERRCODE = 'CL003';
    END IF;
    SELECT * INTO opened FROM ledger_transactions WHERE id = p_hold;
    made := ledger_record(p_key, CASE p_status WHEN 'posted' THEN 'payout' WHEN 'released' THEN 'release' ELSE 'expiry' END,
        CASE p_status WHEN 'posted' THEN ARRAY['user_held', 'payouts'] ELSE ARRAY['user_held', 'user_available'] END,
        CASE p_status WHEN 'posted' THEN ARRAY[hold.user_id, NULL] ELSE ARRAY[hold.user_id, hold.user_id] END,
        ARRAY[-hold.amount, hold.amount], opened.reference_type, opened.reference_id, p_cause, NULL, false, p_hold);
    IF hold.status = 'open' THEN
        PERFORM set_config('coupon.ledger', pg_current_xact_id()::text, true);
        UPDATE ledger_holds SET status = p_status, closed_by = made.id WHERE id = p_hold;
        PERFORM set_config('coupon.ledger', '', true);
    END IF;
    RETURN made.id;
END
$$;

CREATE OR REPLACE FUNCTION wallet_release(p_key text, p_hold bigint, p_cause text DEFAULT NULL) RETURNS bigint
LANGUAGE sql AS $$ SELECT ledger_close_hold(p_key, p_hold, 'released', p_cause) $$;

CREATE OR REPLACE FUNCTION wallet_pay_out(p_key text, p_hold bigint, p_cause text DEFAULT NULL) RETURNS bigint
LANGUAGE sql AS $$ SELECT ledger_close_hold(p_key, p_hold, 'posted', p_cause) $$;

-- Holds whose time is over give their amounts back; how many. For cron.
CREATE OR REPLACE FUNCTION wallet_expire(p_max integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    hold bigint;
    done integer := 0;
BEGIN
    FOR hold IN SELECT id FROM ledger_holds WHERE status = 'open' AND expires_at <= now() ORDER BY id LIMIT p_max
                   FOR UPDATE SKIP LOCKED LOOP
        BEGIN
            PERFORM ledger_close_hold('expiry:' || hold, hold, 'expired', 'its time was over');
            done := done + 1;
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'hold % cannot expire: %', hold, SQLERRM;  -- and keeps no other from it
        END;
    END LOOP;
    RETURN done;
END
$$;

-- Takes a posting back by a counter entry, once; a user may owe us afterwards, and what is credited next pays that first.
-- A payout that the bank returned goes back to what the user may spend.
CREATE OR REPLACE FUNCTION wallet_reverse(p_key text, p_transaction bigint, p_cause text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    original ledger_transactions;
    accounts text[];
    users    bigint[];
    amounts  numeric[];
    existing bigint;
BEGIN
    -- Two reversals of one transaction wait for each other here.
    SELECT * INTO original FROM ledger_transactions WHERE id = p_transaction FOR UPDATE;
    IF original.id IS NULL OR original.kind NOT IN ('cashback', 'commission', 'purchase', 'refund', 'adjustment', 'payout') THEN
        RAISE EXCEPTION 'transaction % cannot be reversed', p_transaction USING ERRCODE = 'CL003';
    END IF;
    SELECT id INTO existing FROM ledger_transactions WHERE reverses = p_transaction AND key <> p_key;
    IF existing IS NOT NULL THEN
        RAISE EXCEPTION 'transaction % is reversed already, by %', p_transaction, existing USING ERRCODE = 'CL003';
    END IF;
    SELECT array_agg(CASE account WHEN 'user_held' THEN 'user_available' ELSE account END ORDER BY line), array_agg(user_id ORDER BY line), array_agg(-amount ORDER BY line)
      INTO accounts, users, amounts FROM ledger_entries WHERE transaction_id = p_transaction;
    RETURN (ledger_record(p_key, original.kind || '_reversal', accounts, users, amounts, original.reference_type,
                          original.reference_id, p_cause, p_transaction, true)).id;
END
$$;

-- --- seals and proof --------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION ledger_hash(p_previous bytea, p_first bigint, p_last bigint) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(p_previous || COALESCE(string_agg(one.hash, ''::bytea ORDER BY one.id), ''::bytea))
      FROM (SELECT t.id, sha256(convert_to(jsonb_build_array(t.id, t.key, t.kind, encode(t.digest, 'hex'), t.reverses, t.closes, t.reference_type,
                         t.reference_id, t.cause, extract(epoch FROM t.created_at),
                         (SELECT jsonb_agg(jsonb_build_array(e.line, e.account, e.user_id, e.amount::text) ORDER BY e.line)
                            FROM ledger_entries e WHERE e.transaction_id = t.id))::text, 'UTF8')) AS hash
              FROM ledger_transactions t WHERE t.id BETWEEN p_first AND p_last) AS one
$$;

-- Seals what was committed since the last seal, at most `max` transactions; the seal's id, NULL when there is nothing.
-- Its lock waits for writers that have a lower number and are not done yet, briefly: it fails with lock_timeout, and is
-- tried again a minute later, rather than make others wait for a long one.
CREATE OR REPLACE FUNCTION ledger_seal(p_max integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
    last ledger_seals;
    first_id bigint;
    last_id bigint;
    made bigint;
BEGIN
    LOCK TABLE ledger_seals IN SHARE ROW EXCLUSIVE MODE;
    LOCK TABLE ledger_transactions IN SHARE MODE;
    SELECT * INTO last FROM ledger_seals ORDER BY id DESC LIMIT 1;
    SELECT min(id), max(id) INTO first_id, last_id
      FROM (SELECT id FROM ledger_transactions WHERE id > COALESCE(last.last_id, 0) ORDER BY id LIMIT p_max) AS next;
    IF first_id IS NULL THEN
        RETURN NULL;
    END IF;
    first_id := COALESCE(last.last_id, 0) + 1;
    PERFORM set_config('coupon.ledger', pg_current_xact_id()::text, true);
    INSERT INTO ledger_seals (first_id, last_id, hash, previous_hash)
    VALUES (first_id, last_id, ledger_hash(COALESCE(last.hash, ''::bytea), first_id, last_id), COALESCE(last.hash, ''::bytea))
    RETURNING id INTO made;
    PERFORM set_config('coupon.ledger', '', true);
    RETURN made;
END
$$;

-- A row for each thing that does not add up; none when all is well.
CREATE OR REPLACE FUNCTION ledger_problems() RETURNS TABLE (problem text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT format('seal %s (transactions %s to %s) does not fit what they hold', s.id, s.first_id, s.last_id)
      FROM ledger_seals s WHERE s.hash <> ledger_hash(s.previous_hash, s.first_id, s.last_id)
    UNION ALL
    SELECT format('seal %s does not follow the one before', s.id)
      FROM (SELECT id, first_id, previous_hash, lag(hash) OVER w AS before, lag(last_id) OVER w AS before_last
              FROM ledger_seals WINDOW w AS (ORDER BY id)) AS s
     WHERE s.previous_hash <> COALESCE(s.before, ''::bytea) OR s.first_id <> COALESCE(s.before_last, 0) + 1
    UNION ALL
    SELECT format('transaction %s adds up to %s', transaction_id, sum(amount))
      FROM ledger_entries GROUP BY transaction_id HAVING sum(amount) <> 0
    UNION ALL
    SELECT format('transaction %s has no entries', t.id)
      FROM ledger_transactions t WHERE NOT EXISTS (SELECT FROM ledger_entries e WHERE e.transaction_id = t.id)
    UNION ALL
    SELECT format('user %s: wallet_balances says %s available and %s held, the entries %s and %s', b.user_id, b.available, b.held,
                  COALESCE(e.available, 0), COALESCE(e.held, 0))
      FROM wallet_balances b FULL JOIN (
           SELECT user_id, COALESCE(sum(amount) FILTER (WHERE account = 'user_available'), 0) AS available,
                  COALESCE(sum(amount) FILTER (WHERE account = 'user_held'), 0) AS held
             FROM ledger_entries WHERE user_id IS NOT NULL GROUP BY user_id) AS e USING (user_id)
     WHERE (b.available, b.held) IS DISTINCT FROM (COALESCE(e.available, 0), COALESCE(e.held, 0))
    UNION ALL
    SELECT format('user %s: users.wallet_balance is %s, the ledger says %s', u.id, u.wallet_balance, COALESCE(b.available, 0))
      FROM users u LEFT JOIN wallet_balances b ON b.user_id = u.id WHERE COALESCE(u.wallet_balance, 0) <> COALESCE(b.available, 0)
    UNION ALL
    SELECT format('user %s: %s held, open holds are %s', COALESCE(b.user_id, h.user_id), COALESCE(b.held, 0), COALESCE(h.amount, 0))
      FROM wallet_balances b FULL JOIN (SELECT user_id, sum(amount) AS amount FROM ledger_holds WHERE status = 'open' GROUP BY user_id) AS h
           ON h.user_id = b.user_id
     WHERE COALESCE(b.held, 0) <> COALESCE(h.amount, 0)
    UNION ALL
    SELECT format('user %s: users.lifetime_earnings is %s, the ledger says %s', u.id, u.lifetime_earnings,
                  COALESCE(b.earned_before, 0) + COALESCE(e.earned, 0))
      FROM users u LEFT JOIN wallet_balances b ON b.user_id = u.id LEFT JOIN (
           SELECT e.user_id, sum(e.amount) AS earned FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
            WHERE e.account = 'user_available' AND t.kind IN ('cashback', 'cashback_reversal') GROUP BY e.user_id) AS e ON e.user_id = u.id
     WHERE COALESCE(u.lifetime_earnings, 0) <> COALESCE(b.earned_before, 0) + COALESCE(e.earned, 0)
    UNION ALL
    SELECT format('user %s: transaction %s moved %s, the statement (wallet_transactions) says %s',
                  COALESCE(e.user_id, w.user_id), COALESCE(e.transaction_id, w.transaction_id), COALESCE(e.amount, 0), COALESCE(w.amount, 0))
      FROM (SELECT e.user_id, e.transaction_id, sum(e.amount) AS amount FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
             WHERE e.account = 'user_available' AND t.kind NOT IN ('opening', 'outside') GROUP BY 1, 2) AS e
      FULL JOIN (SELECT user_id::bigint AS user_id, ledger_transaction_id AS transaction_id, sum(amount) AS amount FROM wallet_transactions
                  WHERE ledger_transaction_id IS NOT NULL GROUP BY 1, 2) AS w USING (user_id, transaction_id)
     WHERE e.amount IS DISTINCT FROM w.amount
    UNION ALL
    SELECT format('user %s: line %s of the statement says %s after %s, which is no change by %s', w.user_id, w.id, w.balance_after, w.balance_before, w.amount)
      FROM wallet_transactions w WHERE w.ledger_transaction_id IS NOT NULL AND w.balance_after - w.balance_before IS DISTINCT FROM w.amount
    UNION ALL
    -- Lines of one user are written one after the other: each begins where the one before ended.
    SELECT format('user %s: line %s of the statement begins at %s, the one before ended at %s', w.user_id, w.id, w.balance_before, w.ended)
      FROM (SELECT id, user_id, balance_before, lag(balance_after) OVER (PARTITION BY user_id ORDER BY id) AS ended
              FROM wallet_transactions WHERE ledger_transaction_id IS NOT NULL) AS w
     WHERE w.balance_before <> w.ended
       AND NOT EXISTS (SELECT FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
                        WHERE e.user_id = w.user_id AND t.kind = 'outside')
    UNION ALL
    SELECT format('user %s: line %s of the statement (%s) is none of the ledger''s', w.user_id, w.id, w.amount)
      FROM wallet_transactions w, ledger_settings s
     WHERE w.ledger_transaction_id IS NULL AND w.created_at > s.since AND s.other_writers = 'refuse'
    UNION ALL
    SELECT format('hold %s is %s, and was ended by transaction %s of kind %s', h.id, h.status, h.closed_by, t.kind)
      FROM ledger_holds h JOIN ledger_transactions t ON t.id = h.closed_by
     WHERE t.closes IS DISTINCT FROM h.id
        OR t.kind <> CASE h.status WHEN 'posted' THEN 'payout' WHEN 'released' THEN 'release' WHEN 'expired' THEN 'expiry' ELSE '' END;
END
$$;

-- --- once -------------------------------------------------------------------------------------------------------------

-- Names mean this schema's, whatever tables a session has made for itself.
DO $$
DECLARE
    one regprocedure;
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                WHERE n.nspname = current_schema() AND (p.proname LIKE 'ledger\_%' OR p.proname LIKE 'wallet\_%') LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', one, current_schema());
    END LOOP;
END
$$;

-- What users had before there was a ledger; those the ledger knows already are left alone.
DO $$
BEGIN
    PERFORM set_config('coupon.ledger', pg_current_xact_id()::text, true);
    INSERT INTO wallet_balances (user_id, earned_before)
    SELECT id, COALESCE(lifetime_earnings, 0) FROM users
     WHERE (wallet_balance <> 0 OR lifetime_earnings <> 0) AND NOT EXISTS (SELECT FROM wallet_balances WHERE user_id = users.id);
    PERFORM ledger_record('opening:' || id, 'opening', ARRAY['user_available', 'opening'], ARRAY[id, NULL],
                          ARRAY[wallet_balance, -wallet_balance], 'user', id::text, 'balance before the ledger', NULL, true)
       FROM users JOIN wallet_balances ON user_id = id
      WHERE wallet_balance <> 0 AND NOT EXISTS (SELECT FROM ledger_entries WHERE user_id = users.id) ORDER BY id;
    PERFORM set_config('coupon.ledger', '', true);
END
$$;
