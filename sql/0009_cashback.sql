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
    problem        text,                     -- why the record cannot be used; it is put aside until it changes
    first_seen_at  timestamptz NOT NULL DEFAULT now(),
    last_seen_at   timestamptz NOT NULL DEFAULT now(),
    changed_at     timestamptz NOT NULL DEFAULT now(),
    version        integer NOT NULL DEFAULT 1,    -- goes up when something that counts has changed
    processed      integer NOT NULL DEFAULT 0,    -- the version that has had its effect
    run_id         bigint,                        -- whose change it was
    click_id       uuid,
    user_id        bigint,
    offer_id       bigint,
    merchant_id    bigint,
    clicked_at     timestamptz,
    unmatched      text,                     -- the reason; NULL: matched, or not looked at yet
    UNIQUE (network, transaction_id)
);
CREATE INDEX IF NOT EXISTS affiliate_transactions_to_do ON affiliate_transactions (id) WHERE processed < version;
CREATE INDEX IF NOT EXISTS affiliate_transactions_click ON affiliate_transactions (click_id) WHERE click_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS affiliate_transactions_order ON affiliate_transactions (order_ref) WHERE order_ref IS NOT NULL;
CREATE INDEX IF NOT EXISTS affiliate_transactions_unmatched ON affiliate_transactions (first_seen_at) WHERE unmatched IS NOT NULL;
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
    ADD COLUMN IF NOT EXISTS ledger_commission bigint REFERENCES ledger_transactions (id),
    ADD COLUMN IF NOT EXISTS ledger_credit     bigint REFERENCES ledger_transactions (id),
    ADD COLUMN IF NOT EXISTS ledger_reversal   bigint REFERENCES ledger_transactions (id);
CREATE UNIQUE INDEX IF NOT EXISTS cashback_events_source ON cashback_events (source_id, generation) WHERE source_id IS NOT NULL;

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
