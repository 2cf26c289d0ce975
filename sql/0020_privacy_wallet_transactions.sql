-- A user's rows.
SELECT coupon_ensure_lookup('wallet_transactions', 'user_id');
