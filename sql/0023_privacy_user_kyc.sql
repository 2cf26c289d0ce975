-- A user's rows.
SELECT coupon_ensure_lookup('user_kyc', 'user_id');
