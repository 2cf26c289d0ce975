-- A small catalogue to try: two merchants, three live offers and one that has expired.
INSERT INTO merchants (slug, name, affiliate_network, affiliate_id, tracking_url_template, subid_param, allowed_hosts)
VALUES ('books', 'Books & Co', 'direct', 'coupon-1', 'https://books.example/?ref={affiliate_id}', 'subid', '{books.example}'),
       ('shoes', 'Shoes', 'direct', 'coupon-2', NULL, NULL, '{}')
ON CONFLICT (slug) DO NOTHING;

INSERT INTO offers (uuid, merchant_id, title, affiliate_url, is_verified, expires_at)
SELECT seed.uuid::uuid, merchants.id, seed.title, seed.url, true, seed.expires_at::timestamptz
FROM (VALUES
    ('11111111-1111-4111-8111-111111111111', 'books', 'Ten percent off novels',
     'https://books.example/novels?ref={affiliate_id}&subid={subid}', NULL),
    ('22222222-2222-4222-8222-222222222222', 'books', 'Anything (the merchant''s own link)', NULL, NULL),
    ('33333333-3333-4333-8333-333333333333', 'shoes', 'Free delivery',
     'https://shoes.example/sale/{device}?click={click_id}&u={user_id}', NULL),
    ('44444444-4444-4444-8444-444444444444', 'shoes', 'Last year''s sale',
     'https://shoes.example/old?click={click_id}', '2020-01-01')
) AS seed (uuid, merchant, title, url, expires_at)
JOIN merchants ON merchants.slug = seed.merchant
WHERE NOT EXISTS (SELECT 1 FROM offers WHERE offers.uuid = seed.uuid::uuid);
