-- What changed in the catalogue. The edges poll all visible rows with xid >= their cursor and load those ids anew; the
-- transaction id, not a sequence or a time, is what lets a late commit be seen. cron keeps the log for a day.

CREATE TABLE IF NOT EXISTS catalog_log (
    xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind      text NOT NULL CHECK (kind IN ('offer', 'merchant')),
    id        bigint NOT NULL,
    logged_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS catalog_log_xid ON catalog_log (xid);
CREATE INDEX IF NOT EXISTS catalog_log_logged_at ON catalog_log (logged_at);

-- Runs with its owner's rights: whoever may change an offer need not be granted the log. The log is named with its
-- schema and nothing is looked up in pg_temp, where the caller could have put a table of that name. NOTIFY only wakes
-- the edges.
CREATE OR REPLACE FUNCTION coupon_log_catalog_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed_kind text := TG_ARGV[0];
    log_change   text := format('INSERT INTO %I.catalog_log (kind, id) VALUES ($1, $2)', TG_TABLE_SCHEMA);
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        EXECUTE format('INSERT INTO %1$I.catalog_log (kind, id) SELECT $1, id FROM %1$I.%2$I', TG_TABLE_SCHEMA, TG_TABLE_NAME)
          USING changed_kind;
        PERFORM pg_notify('coupon_catalog', '');
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        EXECUTE log_change USING changed_kind, OLD.id;
    END IF;
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.id <> OLD.id) THEN
        EXECUTE log_change USING changed_kind, NEW.id;
    END IF;
    PERFORM pg_notify('coupon_catalog', '');
    RETURN NULL;
END
$$;

-- clicks_count changes with every batch of clicks and must not come near the log: only columns an edge uses are named.
CREATE OR REPLACE TRIGGER coupon_catalog_offer_made AFTER INSERT OR DELETE ON offers
    FOR EACH ROW EXECUTE FUNCTION coupon_log_catalog_change('offer');
CREATE OR REPLACE TRIGGER coupon_catalog_offer_changed
    AFTER UPDATE OF id, uuid, merchant_id, affiliate_url, is_verified, is_active, starts_at, expires_at, deleted_at ON offers
    FOR EACH ROW WHEN ((OLD.id, OLD.uuid, OLD.merchant_id, OLD.affiliate_url, OLD.is_verified, OLD.is_active,
                        OLD.starts_at, OLD.expires_at, OLD.deleted_at)
                       IS DISTINCT FROM
                       (NEW.id, NEW.uuid, NEW.merchant_id, NEW.affiliate_url, NEW.is_verified, NEW.is_active,
                        NEW.starts_at, NEW.expires_at, NEW.deleted_at))
    EXECUTE FUNCTION coupon_log_catalog_change('offer');
CREATE OR REPLACE TRIGGER coupon_catalog_offers_emptied BEFORE TRUNCATE ON offers
    FOR EACH STATEMENT EXECUTE FUNCTION coupon_log_catalog_change('offer');

CREATE OR REPLACE TRIGGER coupon_catalog_merchant_made AFTER INSERT OR DELETE ON merchants
    FOR EACH ROW EXECUTE FUNCTION coupon_log_catalog_change('merchant');
CREATE OR REPLACE TRIGGER coupon_catalog_merchant_changed
    AFTER UPDATE OF id, slug, affiliate_id, tracking_url_template, subid_param, allowed_hosts, is_active ON merchants
    FOR EACH ROW WHEN ((OLD.id, OLD.slug, OLD.affiliate_id, OLD.tracking_url_template, OLD.subid_param, OLD.allowed_hosts,
                        OLD.is_active)
                       IS DISTINCT FROM
                       (NEW.id, NEW.slug, NEW.affiliate_id, NEW.tracking_url_template, NEW.subid_param, NEW.allowed_hosts,
                        NEW.is_active))
    EXECUTE FUNCTION coupon_log_catalog_change('merchant');
CREATE OR REPLACE TRIGGER coupon_catalog_merchants_emptied BEFORE TRUNCATE ON merchants
    FOR EACH STATEMENT EXECUTE FUNCTION coupon_log_catalog_change('merchant');
