-- A user's rows.
SELECT coupon_ensure_lookup('cashback_events', 'user_id');
