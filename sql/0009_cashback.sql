-- Cashback: what the affiliate networks report, whose it is, and what became of it.

CREATE TABLE IF NOT EXISTS affiliate_transactions (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network        text NOT NULL,
    transaction_id text NOT NULL,            -- the network's
    subid          text,                     -- as the network hands it back: our click id, or a front end's
    order_ref      text,
    merchant_ref   text,                     -- the network's id of campaign or advertiser
    status         text,                     -- the network's word
    state          text NOT NULL CHECK (state IN ('pending', 'confirmed', 'payable', 'paid', 'rejected')),
    commission     numeric(14,2),
    sale           numeric(14,2),
    currency       text,
    occurred_at    timestamptz,
    network_updated_at timestamptz,
    raw            jsonb,
    problem        text,                     -- why the record cannot be used, or "no effect: " and why it had none;
                                             -- it is put aside until it changes
    first_seen_at  timestamptz NOT NULL DEFAULT now(),
    last_seen_at   timestamptz NOT NULL DEFAULT now(),
    changed_at     timestamptz NOT NULL DEFAULT now(),
    version        integer NOT NULL DEFAULT 1,    -- goes up when something that counts has changed
    processed      integer NOT NULL DEFAULT 0,    -- the version that has had its effect
    run_id         bigint,                        -- whose change it was
    click_id       uuid,
    user_id        bigint,                   -- set where it is a user's, and only there
    offer_id       bigint,
    merchant_id    bigint,
    clicked_at     timestamptz,
    unmatched      text,                     -- why nothing is credited for it; NULL: matched, or not looked at yet
    matched_subid  text,                     -- what the owner was found by; its click may be purged since
    duplicate_of   bigint,                   -- another report of the same order, which stays
    effect_state   text,                     -- the state of the version that has had its effect
    looked_at      timestamptz,              -- when it was last looked at again, without a word of the network's
    UNIQUE (network, transaction_id)
);
CREATE INDEX IF NOT EXISTS affiliate_transactions_to_do ON affiliate_transactions (id) WHERE processed < version;
CREATE INDEX IF NOT EXISTS affiliate_transactions_click ON affiliate_transactions (click_id) WHERE click_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS affiliate_transactions_order ON affiliate_transactions (order_ref) WHERE order_ref IS NOT NULL;
CREATE INDEX IF NOT EXISTS affiliate_transactions_unmatched ON affiliate_transactions (first_seen_at) WHERE unmatched IS NOT NULL;
-- What may still wait for the network's word, by age.
CREATE INDEX IF NOT EXISTS affiliate_transactions_waiting ON affiliate_transactions (network, occurred_at)
    WHERE state IN ('pending', 'confirmed', 'payable');
CREATE INDEX IF NOT EXISTS affiliate_transactions_problem ON affiliate_transactions (first_seen_at) WHERE problem IS NOT NULL;
CREATE INDEX IF NOT EXISTS affiliate_transactions_duplicate ON affiliate_transactions (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX IF NOT EXISTS affiliate_transactions_user ON affiliate_transactions (user_id, id) WHERE user_id IS NOT NULL;

-- Every change of a transaction's or a cashback's state, and why.
CREATE TABLE IF NOT EXISTS cashback_transitions (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id      bigint NOT NULL REFERENCES affiliate_transactions (id),
    event_id       bigint,                   -- the row of cashback_events, where it is one's
    at             timestamptz NOT NULL DEFAULT now(),
    from_state     text,
    to_state       text NOT NULL,
    amount         numeric(14,2),
    cause          text NOT NULL             -- a run, a postback, a person; with the network's word
);
CREATE INDEX IF NOT EXISTS cashback_transitions_source ON cashback_transitions (source_id, id);

-- A transaction that is credited, taken back and credited again has an event for each time: generations 1, 2, …
ALTER TABLE cashback_events
    ADD COLUMN IF NOT EXISTS source_id         bigint REFERENCES affiliate_transactions (id),
    ADD COLUMN IF NOT EXISTS generation        integer NOT NULL DEFAULT 1,
    ADD COLUMN IF NOT EXISTS share_at          timestamptz,      -- whose rule and rate the amounts are by
    ADD COLUMN IF NOT EXISTS ledger_commission bigint REFERENCES ledger_transactions (id),
    ADD COLUMN IF NOT EXISTS ledger_credit     bigint REFERENCES ledger_transactions (id),
    ADD COLUMN IF NOT EXISTS ledger_reversal   bigint REFERENCES ledger_transactions (id);
CREATE UNIQUE INDEX IF NOT EXISTS cashback_events_source ON cashback_events (source_id, generation) WHERE source_id IS NOT NULL;

-- What was given before there was a ledger, until its transaction is reported.
CREATE INDEX IF NOT EXISTS cashback_events_before ON cashback_events (click_id) WHERE source_id IS NULL;

-- A front end's own id of a click, as networks hand it back.
CREATE INDEX IF NOT EXISTS coupon_clicks_frontend ON offer_clicks (frontend_click_id) WHERE frontend_click_id IS NOT NULL;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('offer_clicks_legacy') AND NOT attisdropped
                  AND attname = 'frontend_click_id' AND atttypid IN ('text'::regtype, 'varchar'::regtype)) THEN
        CREATE INDEX IF NOT EXISTS coupon_legacy_clicks_frontend ON offer_clicks_legacy (frontend_click_id)
            WHERE frontend_click_id IS NOT NULL;
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS network_runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network     text NOT NULL,
    cause       text NOT NULL,               -- schedule, daily, demand, postback
    window_from timestamptz,
    window_to   timestamptz,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    pages       integer NOT NULL DEFAULT 0,
    seen        integer NOT NULL DEFAULT 0,
    changed     integer NOT NULL DEFAULT 0,
    put_aside   integer NOT NULL DEFAULT 0,
    error       text,
    failures    integer NOT NULL DEFAULT 0,  -- of scheduled runs in a row, this one included
    retry_at    timestamptz                  -- of a scheduled run that failed: when it is tried again
);
CREATE INDEX IF NOT EXISTS network_runs_network ON network_runs (network, id);
-- What the schedule asks for, beside any number of runs for postbacks.
CREATE INDEX IF NOT EXISTS network_runs_scheduled ON network_runs (network, cause, id) WHERE cause IN ('schedule', 'daily');
-- What is under way, or was when its process died.
CREATE INDEX IF NOT EXISTS network_runs_open ON network_runs (network) WHERE finished_at IS NULL;

-- Everything the network changed before this time is stored.
CREATE TABLE IF NOT EXISTS network_cursors (
    network    text PRIMARY KEY,
    read_until timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS network_tokens (
    network       text PRIMARY KEY,
    access_token  text NOT NULL,
    refresh_token text,
    obtained_at   timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL
);

-- Units of `into_currency` for one of `currency`, from a time on. Without a rate an amount stays in its currency and is
-- not credited.
CREATE TABLE IF NOT EXISTS exchange_rates (
    currency      text NOT NULL,
    into_currency text NOT NULL DEFAULT 'INR',
    valid_from    timestamptz NOT NULL,
    rate          numeric(18,8) NOT NULL CHECK (rate > 0),
    PRIMARY KEY (currency, into_currency, valid_from)
);

-- --- crediting --------------------------------------------------------------------------------------------------------
-- Each is one step of one transaction, and the same call again does nothing. What is due is decided elsewhere.

-- What a user reads beside the amount.
CREATE OR REPLACE FUNCTION cashback_title(p_merchant_id bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'Cashback' || COALESCE((SELECT ' for a purchase at ' || COALESCE(name::text, slug::text)
                                     FROM merchants WHERE id = p_merchant_id), '')
$$;

-- Pays the transaction's open cashback: the commission's posting, the credit, the event, its transition and, where the user
-- is to be told and has an address or a number, the messages. The event's id. CL003: there is none that is open.
CREATE OR REPLACE FUNCTION cashback_credit(p_source_id bigint, p_cause text, p_tell boolean DEFAULT true) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    event      cashback_events;
    ledger_key text;
    title      text;
    commission bigint;
    posting    bigint;
BEGIN
    SELECT * INTO event FROM cashback_events WHERE source_id = p_source_id ORDER BY generation DESC LIMIT 1 FOR UPDATE;
    IF event.status::text = 'paid' THEN
        RETURN event.id;
    END IF;
    IF event.id IS NULL OR event.status::text NOT IN ('pending', 'confirmed') THEN
        RAISE EXCEPTION 'transaction % has no cashback that is open', p_source_id USING ERRCODE = 'CL003';
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

-- Queues the news of a paid cashback, once per address.
CREATE OR REPLACE FUNCTION cashback_tell(p_event_id bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    news  jsonb;
    email text;
    phone text;
BEGIN
    SELECT jsonb_strip_nulls(jsonb_build_object(
               'cashback_event_id', e.id, 'amount', e.cashback_amount::numeric(14,2)::text, 'currency', e.currency::text,
               'name', NULLIF(u.full_name::text, ''), 'merchant', COALESCE(m.name::text, m.slug::text),
               'order_number', NULLIF(t.order_ref, ''), 'wallet_balance', u.wallet_balance::numeric(14,2)::text)),
           NULLIF(btrim(u.email::text), ''), NULLIF(btrim(u.mobile::text), '')
      INTO news, email, phone
      FROM cashback_events e JOIN users u ON u.id = e.user_id LEFT JOIN merchants m ON m.id = e.merchant_id
      LEFT JOIN affiliate_transactions t ON t.id = e.source_id
     WHERE e.id = p_event_id;
    IF email IS NOT NULL THEN
        INSERT INTO email_queue (type, "to", data, idempotency_key)
        VALUES ('cashback_credited', email, news, coupon_message_key('cashback_credited', email, news, NULL))
        ON CONFLICT DO NOTHING;
    END IF;
    IF phone IS NOT NULL THEN
        INSERT INTO sms_queue (type, "to", data, idempotency_key)
        VALUES ('cashback_credited', phone, news, coupon_message_key('cashback_credited', phone, news, NULL))
        ON CONFLICT DO NOTHING;
    END IF;
END
$$;

-- Takes back what the transaction's cashback paid, by counter entries. The event's id; NULL: nothing is paid.
CREATE OR REPLACE FUNCTION cashback_reverse(p_source_id bigint, p_cause text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    event      cashback_events;
    ledger_key text;
    posting    bigint;
BEGIN
    SELECT * INTO event FROM cashback_events WHERE source_id = p_source_id AND status::text = 'paid'
     ORDER BY generation DESC LIMIT 1 FOR UPDATE;
    IF event.id IS NULL THEN
        RETURN NULL;
    END IF;
    ledger_key := format('cashback:%s:%s', p_source_id, event.generation);
    posting := wallet_reverse(ledger_key || ':reversal', event.ledger_credit,
                              cashback_title(event.merchant_id) || ' was taken back');
    PERFORM wallet_reverse(ledger_key || ':commission:reversal', event.ledger_commission, p_cause);
    UPDATE cashback_events SET status = 'reversed', updated_at = now(), ledger_reversal = posting WHERE id = event.id;
    INSERT INTO cashback_transitions (source_id, event_id, from_state, to_state, amount, cause)
    VALUES (p_source_id, event.id, 'paid', 'reversed', -event.cashback_amount, p_cause);
    RETURN event.id;
END
$$;
