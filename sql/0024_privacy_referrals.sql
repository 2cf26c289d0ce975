-- Whom a user brought, and who brought him.
SELECT coupon_ensure_lookup('referrals', 'referrer_id');
SELECT coupon_ensure_lookup('referrals', 'referred_id');
