-- What is asked for by a person or every ten minutes, of tables that only grow.

-- The last day's transactions, of which the unmatched are a share.
CREATE INDEX IF NOT EXISTS affiliate_transactions_first_seen ON affiliate_transactions (first_seen_at);
-- By what a network handed back. Texts from outside may be longer than an ordered index takes.
CREATE INDEX IF NOT EXISTS affiliate_transactions_subid ON affiliate_transactions USING hash (subid) WHERE subid IS NOT NULL;

-- The postbacks about a transaction, or a click.
CREATE INDEX IF NOT EXISTS cashback_jobs_transaction ON cashback_jobs USING hash ((data ->> 'id')) WHERE type = 'postback';
CREATE INDEX IF NOT EXISTS cashback_jobs_click ON cashback_jobs USING hash ((data ->> 'click')) WHERE type = 'postback';

-- What a user has asked for since he was paid.
CREATE INDEX IF NOT EXISTS withdrawals_user ON withdrawals (user_id);
