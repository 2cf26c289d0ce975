-- An order's items.
SELECT coupon_ensure_lookup('order_items', 'order_id');
