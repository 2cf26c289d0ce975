-- The shop's tables, as FastAPI's queries name them. On an empty database they are made here; over a database
-- that FastAPI's own migrations made, only missing columns are added. What cannot fit stops with its name.

DO $$
DECLARE
    misfits text;
BEGIN
    SELECT string_agg(format('%s is a %s, needs a table', c.relname,
                             CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                                            WHEN 'f' THEN 'foreign table' ELSE 'relation of another kind' END), '; ')
      INTO misfits
      FROM unnest(ARRAY['users', 'user_sessions', 'user_kyc', 'merchants', 'merchant_commissions', 'categories', 'offers',
                        'offer_clicks', 'products', 'product_variants', 'orders', 'order_items', 'payments',
                        'wallet_transactions', 'cashback_events', 'withdrawals', 'referrals', 'audit_logs']) AS shop(name)
      JOIN pg_class c ON c.oid = to_regclass(shop.name)
     WHERE c.relkind NOT IN ('r', 'p');
    IF misfits IS NOT NULL THEN
        RAISE EXCEPTION 'cannot fit: %', misfits;
    END IF;

    SELECT string_agg(format('%s.%s is %s, needs %s', need.tab, need.col, format_type(a.atttypid, a.atttypmod), need.kind),
                      '; ' ORDER BY need.tab, need.col)
      INTO misfits
      FROM (VALUES
            ('users', 'id', 'an integer'), ('users', 'uuid', 'uuid'), ('users', 'wallet_balance', 'numeric'),
            ('users', 'lifetime_earnings', 'numeric'), ('users', 'created_at', 'a timestamp'),
            ('merchants', 'id', 'an integer'), ('merchants', 'uuid', 'uuid'), ('merchants', 'slug', 'text'),
            ('merchants', 'affiliate_id', 'text'), ('merchants', 'tracking_url_template', 'text'),
            ('merchants', 'is_active', 'boolean'), ('merchants', 'subid_param', 'text'),
            ('merchants', 'allowed_hosts', 'text[]'),
            ('merchant_commissions', 'merchant_id', 'an integer'), ('merchant_commissions', 'commission_value', 'numeric'),
            ('merchant_commissions', 'cashback_value', 'numeric'),
            ('offers', 'id', 'an integer'), ('offers', 'uuid', 'uuid'), ('offers', 'merchant_id', 'an integer'),
            ('offers', 'affiliate_url', 'text'), ('offers', 'is_verified', 'boolean'), ('offers', 'is_active', 'boolean'),
            ('offers', 'starts_at', 'a timestamp'), ('offers', 'expires_at', 'a timestamp'),
            ('offers', 'deleted_at', 'a timestamp'), ('offers', 'clicks_count', 'an integer'),
            ('offers', 'updated_at', 'a timestamp'),
            ('orders', 'id', 'an integer'), ('orders', 'uuid', 'uuid'), ('orders', 'user_id', 'an integer'),
            ('orders', 'status', 'text'), ('orders', 'payment_status', 'text'), ('orders', 'total_amount', 'numeric'),
            ('orders', 'wallet_amount', 'numeric'), ('orders', 'currency', 'text'),
            ('order_items', 'order_id', 'an integer'), ('order_items', 'unit_price', 'numeric'),
            ('order_items', 'voucher_codes', 'jsonb'),
            ('payments', 'id', 'an integer'), ('payments', 'order_id', 'an integer'), ('payments', 'gateway', 'text'),
            ('payments', 'gateway_order_id', 'text'), ('payments', 'gateway_payment_id', 'text'),
            ('payments', 'amount', 'numeric'), ('payments', 'status', 'text'), ('payments', 'gateway_response', 'jsonb'),
            ('wallet_transactions', 'user_id', 'an integer'), ('wallet_transactions', 'amount', 'numeric'),
            ('wallet_transactions', 'balance_before', 'numeric'), ('wallet_transactions', 'balance_after', 'numeric'),
            ('cashback_events', 'id', 'an integer'), ('cashback_events', 'user_id', 'an integer'),
            ('cashback_events', 'click_id', 'uuid'), ('cashback_events', 'merchant_id', 'an integer'),
            ('cashback_events', 'affiliate_transaction_id', 'text'), ('cashback_events', 'transaction_amount', 'numeric'),
            ('cashback_events', 'commission_amount', 'numeric'), ('cashback_events', 'cashback_amount', 'numeric'),
            ('cashback_events', 'status', 'text'),
            ('withdrawals', 'id', 'an integer'), ('withdrawals', 'user_id', 'an integer'),
            ('withdrawals', 'amount', 'numeric'), ('withdrawals', 'status', 'text'),
            ('audit_logs', 'details', 'jsonb')
           ) AS need(tab, col, kind)
      JOIN pg_attribute a ON a.attrelid = to_regclass(need.tab) AND a.attname = need.col AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
      JOIN pg_type base ON base.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
     WHERE NOT CASE need.kind
               WHEN 'an integer'  THEN base.typname IN ('int8', 'int4', 'int2')
               WHEN 'text'        THEN base.typname IN ('text', 'varchar', 'bpchar', 'citext') OR base.typtype = 'e'
               WHEN 'a timestamp' THEN base.typname IN ('timestamptz', 'timestamp')
               WHEN 'boolean'     THEN base.typname = 'bool'
               WHEN 'jsonb'       THEN base.typname IN ('jsonb', 'json')
               WHEN 'text[]'      THEN base.typname IN ('_text', '_varchar')
               ELSE base.typname = need.kind
               END;
    IF misfits IS NOT NULL THEN
        RAISE EXCEPTION 'cannot fit: %', misfits;
    END IF;
END
$$;

-- One list of columns serves both cases: the table is made with its key only, everything else is added where missing.

CREATE TABLE IF NOT EXISTS users (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE users
    ADD COLUMN IF NOT EXISTS uuid              uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN IF NOT EXISTS email             text UNIQUE,
    ADD COLUMN IF NOT EXISTS mobile            text UNIQUE,
    ADD COLUMN IF NOT EXISTS full_name         text,
    ADD COLUMN IF NOT EXISTS wallet_balance    numeric(14,2) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS lifetime_earnings numeric(14,2) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS created_at        timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at        timestamptz NOT NULL DEFAULT now();

CREATE TABLE IF NOT EXISTS user_sessions (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE user_sessions
    ADD COLUMN IF NOT EXISTS user_id    bigint REFERENCES users (id),
    ADD COLUMN IF NOT EXISTS created_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS expires_at timestamptz;

CREATE TABLE IF NOT EXISTS user_kyc (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE user_kyc
    ADD COLUMN IF NOT EXISTS user_id    bigint REFERENCES users (id),
    ADD COLUMN IF NOT EXISTS status     text NOT NULL DEFAULT 'pending',
    ADD COLUMN IF NOT EXISTS created_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at timestamptz NOT NULL DEFAULT now();

CREATE TABLE IF NOT EXISTS categories (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE categories
    ADD COLUMN IF NOT EXISTS slug       text UNIQUE,
    ADD COLUMN IF NOT EXISTS name       text,
    ADD COLUMN IF NOT EXISTS parent_id  bigint REFERENCES categories (id),
    ADD COLUMN IF NOT EXISTS created_at timestamptz NOT NULL DEFAULT now();

CREATE TABLE IF NOT EXISTS merchants (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE merchants
    ADD COLUMN IF NOT EXISTS uuid                  uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN IF NOT EXISTS slug                  text NOT NULL UNIQUE,
    ADD COLUMN IF NOT EXISTS name                  text,
    ADD COLUMN IF NOT EXISTS website_url           text,
    ADD COLUMN IF NOT EXISTS affiliate_network     text,
    ADD COLUMN IF NOT EXISTS affiliate_id          text,
    ADD COLUMN IF NOT EXISTS tracking_url_template text,
    ADD COLUMN IF NOT EXISTS is_active             boolean NOT NULL DEFAULT true,
    ADD COLUMN IF NOT EXISTS subid_param           text,
    ADD COLUMN IF NOT EXISTS allowed_hosts         text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS created_at            timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at            timestamptz NOT NULL DEFAULT now();

CREATE TABLE IF NOT EXISTS merchant_commissions (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE merchant_commissions
    ADD COLUMN IF NOT EXISTS merchant_id      bigint NOT NULL REFERENCES merchants (id),
    ADD COLUMN IF NOT EXISTS category_id      bigint REFERENCES categories (id),
    ADD COLUMN IF NOT EXISTS commission_type  text NOT NULL DEFAULT 'percentage',
    ADD COLUMN IF NOT EXISTS commission_value numeric(14,2) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS cashback_type    text NOT NULL DEFAULT 'percentage',
    ADD COLUMN IF NOT EXISTS cashback_value   numeric(14,2) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS max_cashback     numeric(14,2),
    ADD COLUMN IF NOT EXISTS min_order_amount numeric(14,2),
    ADD COLUMN IF NOT EXISTS valid_from       timestamptz,
    ADD COLUMN IF NOT EXISTS valid_to         timestamptz;

CREATE TABLE IF NOT EXISTS offers (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE offers
    ADD COLUMN IF NOT EXISTS uuid          uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN IF NOT EXISTS merchant_id   bigint NOT NULL REFERENCES merchants (id),
    ADD COLUMN IF NOT EXISTS category_id   bigint REFERENCES categories (id),
    ADD COLUMN IF NOT EXISTS title         text,
    ADD COLUMN IF NOT EXISTS coupon_code   text,
    ADD COLUMN IF NOT EXISTS affiliate_url text,
    ADD COLUMN IF NOT EXISTS is_verified   boolean NOT NULL DEFAULT false,
    ADD COLUMN IF NOT EXISTS is_active     boolean NOT NULL DEFAULT true,
    ADD COLUMN IF NOT EXISTS starts_at     timestamptz,
    ADD COLUMN IF NOT EXISTS expires_at    timestamptz,
    ADD COLUMN IF NOT EXISTS deleted_at    timestamptz,
    ADD COLUMN IF NOT EXISTS clicks_count  bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS created_at    timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at    timestamptz NOT NULL DEFAULT now();

CREATE TABLE IF NOT EXISTS products (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE products
    ADD COLUMN IF NOT EXISTS uuid        uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN IF NOT EXISTS merchant_id bigint REFERENCES merchants (id),
    ADD COLUMN IF NOT EXISTS name        text,
    ADD COLUMN IF NOT EXISTS is_active   boolean NOT NULL DEFAULT true,
    ADD COLUMN IF NOT EXISTS created_at  timestamptz NOT NULL DEFAULT now();

CREATE TABLE IF NOT EXISTS product_variants (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE product_variants
    ADD COLUMN IF NOT EXISTS product_id bigint REFERENCES products (id),
    ADD COLUMN IF NOT EXISTS name       text,
    ADD COLUMN IF NOT EXISTS price      numeric(14,2) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS is_active  boolean NOT NULL DEFAULT true;

CREATE TABLE IF NOT EXISTS orders (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE orders
    ADD COLUMN IF NOT EXISTS uuid            uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN IF NOT EXISTS order_number    text UNIQUE,
    ADD COLUMN IF NOT EXISTS user_id         bigint REFERENCES users (id),
    ADD COLUMN IF NOT EXISTS status          text NOT NULL DEFAULT 'pending',
    ADD COLUMN IF NOT EXISTS payment_status  text NOT NULL DEFAULT 'pending',
    ADD COLUMN IF NOT EXISTS total_amount    numeric(14,2) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS wallet_amount   numeric(14,2) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS currency        text NOT NULL DEFAULT 'INR',
    ADD COLUMN IF NOT EXISTS delivery_email  text,
    ADD COLUMN IF NOT EXISTS delivery_mobile text,
    ADD COLUMN IF NOT EXISTS created_at      timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at      timestamptz NOT NULL DEFAULT now();

CREATE TABLE IF NOT EXISTS order_items (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE order_items
    ADD COLUMN IF NOT EXISTS order_id      bigint REFERENCES orders (id),
    ADD COLUMN IF NOT EXISTS product_id    bigint REFERENCES products (id),
    ADD COLUMN IF NOT EXISTS variant_id    bigint REFERENCES product_variants (id),
    ADD COLUMN IF NOT EXISTS quantity      integer NOT NULL DEFAULT 1,
    ADD COLUMN IF NOT EXISTS unit_price    numeric(14,2) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS voucher_codes jsonb;

CREATE TABLE IF NOT EXISTS payments (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE payments
    ADD COLUMN IF NOT EXISTS order_id           bigint REFERENCES orders (id),
    ADD COLUMN IF NOT EXISTS gateway            text,
    ADD COLUMN IF NOT EXISTS gateway_order_id   text,
    ADD COLUMN IF NOT EXISTS gateway_payment_id text,
    ADD COLUMN IF NOT EXISTS amount             numeric(14,2) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS currency           text NOT NULL DEFAULT 'INR',
    ADD COLUMN IF NOT EXISTS status             text NOT NULL DEFAULT 'created',
    ADD COLUMN IF NOT EXISTS gateway_response   jsonb,
    ADD COLUMN IF NOT EXISTS error_message      text,
    ADD COLUMN IF NOT EXISTS created_at         timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at         timestamptz NOT NULL DEFAULT now();

CREATE TABLE IF NOT EXISTS wallet_transactions (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE wallet_transactions
    ADD COLUMN IF NOT EXISTS user_id        bigint REFERENCES users (id),
    ADD COLUMN IF NOT EXISTS amount         numeric(14,2) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS type           text,
    ADD COLUMN IF NOT EXISTS reference_type text,
    ADD COLUMN IF NOT EXISTS reference_id   bigint,
    ADD COLUMN IF NOT EXISTS balance_before numeric(14,2),
    ADD COLUMN IF NOT EXISTS balance_after  numeric(14,2),
    ADD COLUMN IF NOT EXISTS description    text,
    ADD COLUMN IF NOT EXISTS created_at     timestamptz NOT NULL DEFAULT now();

CREATE TABLE IF NOT EXISTS cashback_events (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE cashback_events
    ADD COLUMN IF NOT EXISTS user_id                  bigint REFERENCES users (id),
    ADD COLUMN IF NOT EXISTS offer_id                 bigint REFERENCES offers (id),
    ADD COLUMN IF NOT EXISTS click_id                 uuid,
    ADD COLUMN IF NOT EXISTS merchant_id              bigint REFERENCES merchants (id),
    ADD COLUMN IF NOT EXISTS affiliate_transaction_id text,
    ADD COLUMN IF NOT EXISTS transaction_amount       numeric(14,2),
    ADD COLUMN IF NOT EXISTS commission_amount        numeric(14,2),
    ADD COLUMN IF NOT EXISTS cashback_amount          numeric(14,2),
    ADD COLUMN IF NOT EXISTS currency                 text NOT NULL DEFAULT 'INR',
    ADD COLUMN IF NOT EXISTS status                   text NOT NULL DEFAULT 'pending',
    ADD COLUMN IF NOT EXISTS paid_at                  timestamptz,
    ADD COLUMN IF NOT EXISTS created_at               timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at               timestamptz NOT NULL DEFAULT now();

CREATE TABLE IF NOT EXISTS withdrawals (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE withdrawals
    ADD COLUMN IF NOT EXISTS user_id      bigint REFERENCES users (id),
    ADD COLUMN IF NOT EXISTS amount       numeric(14,2) NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS method       text,
    ADD COLUMN IF NOT EXISTS upi_id       text,
    ADD COLUMN IF NOT EXISTS status       text NOT NULL DEFAULT 'pending',
    ADD COLUMN IF NOT EXISTS utr          text,
    ADD COLUMN IF NOT EXISTS created_at   timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS processed_at timestamptz;

CREATE TABLE IF NOT EXISTS referrals (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE referrals
    ADD COLUMN IF NOT EXISTS referrer_id bigint REFERENCES users (id),
    ADD COLUMN IF NOT EXISTS referred_id bigint REFERENCES users (id),
    ADD COLUMN IF NOT EXISTS status      text NOT NULL DEFAULT 'pending',
    ADD COLUMN IF NOT EXISTS created_at  timestamptz NOT NULL DEFAULT now();

CREATE TABLE IF NOT EXISTS audit_logs (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
ALTER TABLE audit_logs
    ADD COLUMN IF NOT EXISTS actor      text,
    ADD COLUMN IF NOT EXISTS action     text,
    ADD COLUMN IF NOT EXISTS entity     text,
    ADD COLUMN IF NOT EXISTS entity_id  text,
    ADD COLUMN IF NOT EXISTS details    jsonb,
    ADD COLUMN IF NOT EXISTS created_at timestamptz NOT NULL DEFAULT now();

-- The edge looks a missing offer up by its uuid and reloads all offers of a changed merchant.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_index i
                     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                    WHERE i.indrelid = 'offers'::regclass AND i.indisunique AND i.indnkeyatts = 1
                      AND i.indpred IS NULL AND a.attname = 'uuid') THEN
        CREATE UNIQUE INDEX offers_uuid_key ON offers (uuid);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_index i
                     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                    WHERE i.indrelid = 'offers'::regclass AND i.indpred IS NULL AND a.attname = 'merchant_id') THEN
        CREATE INDEX offers_merchant_id_idx ON offers (merchant_id);
    END IF;
END
$$;
