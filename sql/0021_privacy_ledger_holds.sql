-- A user's rows.
SELECT coupon_ensure_lookup('ledger_holds', 'user_id');
