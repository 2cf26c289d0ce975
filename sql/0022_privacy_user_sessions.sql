-- A user's rows.
SELECT coupon_ensure_lookup('user_sessions', 'user_id');
