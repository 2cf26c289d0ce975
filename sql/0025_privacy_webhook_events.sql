-- A webhook's effects.
SELECT coupon_ensure_lookup('webhook_events', 'log_id');
