"""What a person asks about one purchase, and what a worker asks every few minutes, of tables that have grown."""
import pytest

from harness.waiting import eventually

ROWS = 20_000  # in each table; 50 a day

# What else the tables are full of. Nobody is told of it, and the ledger's own rules are not asked.
FILL = """
SET session_replication_role = replica;
INSERT INTO affiliate_transactions (network, transaction_id, subid, order_ref, status, state, commission, sale, currency,
                                    first_seen_at, processed, click_id, user_id, unmatched)
SELECT (ARRAY['admitad', 'cuelinks', 'vcommission'])[n %% 3 + 1], 'other-' || n, 'sub-' || n, 'order-' || n, 'approved',
       'confirmed', 1, 1, 'INR', now() - n * interval '1 day' / 50, 1, CASE WHEN n %% 20 > 0 THEN gen_random_uuid() END,
       CASE WHEN n %% 20 > 0 THEN 1000000 + n END, CASE WHEN n %% 20 = 0 THEN 'the sub-id is none of ours' END
  FROM generate_series(1, %(rows)s) AS n;
INSERT INTO cashback_events (user_id, source_id, click_id, cashback_amount, currency, status, paid_at)
SELECT user_id, id, click_id, 1, 'INR', 'paid', now() FROM affiliate_transactions WHERE user_id > 1000000;
INSERT INTO cashback_transitions (source_id, to_state, cause) SELECT id, 'confirmed', 'other' FROM affiliate_transactions;
INSERT INTO ledger_transactions (key, kind, digest) SELECT 'other-' || n, 'other', '' FROM generate_series(1, %(rows)s) AS n;
INSERT INTO ledger_entries (transaction_id, line, account, amount)
SELECT id, line, 'margin', line * 2 - 3 FROM ledger_transactions, generate_series(1, 2) AS line WHERE kind = 'other';
INSERT INTO wallet_transactions (user_id, amount, type, ledger_transaction_id)
SELECT 1000000 + id, 1, 'cashback', id FROM ledger_transactions WHERE kind = 'other';
INSERT INTO withdrawals (user_id, amount) SELECT 1000000 + n, 1 FROM generate_series(1, %(rows)s) AS n;
INSERT INTO cashback_jobs (type, network, data, status)
SELECT 'postback', 'admitad', jsonb_build_object('id', 'other-' || n, 'click', 'sub-' || n, 'webhook_log', gen_random_uuid()),
       'completed' FROM generate_series(1, %(rows)s) AS n;
INSERT INTO webhook_logs (id, provider, verdict, status)
SELECT (data ->> 'webhook_log')::uuid, 'admitad', 'accepted', 'completed' FROM cashback_jobs WHERE data ? 'webhook_log';
INSERT INTO offer_clicks (click_id, offer_id, user_id, clicked_at)
SELECT gen_random_uuid(), 1, 1000000 + n, now() FROM generate_series(1, %(rows)s) AS n;
INSERT INTO orders (order_number, user_id) SELECT 'SHOP-' || n, 1000000 + n FROM generate_series(1, %(rows)s) AS n;
SET session_replication_role = origin;
"""


@pytest.fixture
def shop(new_cashback_shop):
    """A purchase that is paid and was called about, among very many others."""
    shop = new_cashback_shop(networks=["admitad"])
    shop.asha = shop.user()
    shop.click_id = shop.click(shop.offer(), shop.asha)
    shop.purchase = shop.admitad.world.add(shop.click_id, status="approved", order="ORDER-7")
    shop.once()
    shop.add_job("postback", "admitad", {"id": str(shop.purchase.id), "click": shop.click_id}, status="completed")
    shop.database.run(FILL, {"rows": ROWS})
    shop.database.run("ANALYZE")
    return shop


def read_through(shop):
    """How often each of the large tables was read from end to end, by those who are gone."""
    eventually(lambda: not shop.database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"), "the others have left")
    return {row["relname"]: row["seq_scan"] for row in shop.database.run(
        "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE n_live_tup >= %s", [ROWS // 2])}


def test_a_trace_reads_no_table_from_end_to_end(shop):
    before = read_through(shop)
    assert len(before) > 10, before
    for key in (shop.click_id, "ORDER-7", shop.purchase.id, f"admitad:{shop.purchase.id}", f"user:{shop.asha}", "SHOP-1",
                "sub-7", "front-end-click"):
        shop.couponctl("cashback", "trace", key)
        assert read_through(shop) == before, key


def test_a_look_at_the_unmatched_reads_no_table_from_end_to_end(shop):
    """The worker's first one comes as it starts; the network is not asked."""
    before = read_through(shop)
    worker = shop.start_cashback(UNMATCHED_ALERT="1", CASHBACK_EVERY="1d")
    eventually(lambda: "too many of the last day's transactions are unmatched" in shop.log(), "the alert")
    assert worker.stop() == 0
    assert read_through(shop) == before


def entries_read(shop):
    return shop.database.value("SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes"
                               " WHERE relname = 'affiliate_transactions'")


def test_a_batch_reads_its_own_transactions_though_none_were_counted(new_cashback_shop):
    """During a long first run PostgreSQL knows nothing of the table yet."""
    shop = new_cashback_shop(networks=["admitad"])
    shop.database.run("ALTER TABLE affiliate_transactions SET (autovacuum_enabled = false)")
    shop.database.run("INSERT INTO affiliate_transactions (network, transaction_id, state, processed)"
                      " SELECT 'admitad', 'other-' || n, 'pending', 0 FROM generate_series(1, %s) AS n", [ROWS])
    shop.database.run("UPDATE affiliate_transactions SET processed = version")
    shop.admitad.world.add(shop.click(shop.offer(), shop.user()), status="pending")
    read_through(shop)
    before = entries_read(shop)
    shop.once()
    read_through(shop)
    # What is done was in the index of what is to do: it is met once, and then no more.
    assert entries_read(shop) - before < 2 * ROWS
