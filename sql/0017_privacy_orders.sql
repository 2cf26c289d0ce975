-- A user's orders.
SELECT coupon_ensure_lookup('orders', 'user_id');
