"""The ledger is laid over a database that had wallets before."""
import pytest

from harness.environment import CHECKOUT
from harness.shop import migrate

from .ledger_fixtures import D, Wallets


def test_a_table_that_cannot_hold_its_words_stops_the_migration(postgres):
    database = postgres.create_database()
    try:
        database.run("CREATE TYPE kinds AS ENUM ('credit', 'debit')")
        database.run("CREATE TABLE wallet_transactions (id bigint PRIMARY KEY, type kinds)")
        with pytest.raises(AssertionError, match="cannot fit: wallet_transactions.type is kinds, needs text"):
            migrate(database)
    finally:
        database.close()


def test_columns_that_older_tables_lack_are_added(postgres, template):
    """Tables that were made before a column was thought of get it from a later file."""
    late = {"affiliate_transactions": ["matched_subid", "duplicate_of", "effect_state", "looked_at"],
            "network_runs": ["failures", "retry_at"], "ledger_transactions": ["closes"], "ledger_settings": ["since"]}
    database = postgres.create_database(template)
    try:
        for table, columns in late.items():
            for column in columns:
                database.run(f"ALTER TABLE {table} DROP COLUMN {column}")
        database.run("DELETE FROM coupon_migrations WHERE name = '0012_cashback_once.sql'")
        migrate(database)
        found = {(row["table_name"], row["column_name"]) for row in database.run(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")}
        assert {(table, column) for table, columns in late.items() for column in columns} <= found
        assert Wallets(database).problems() == []
    finally:
        database.close()


def test_balances_from_before_are_opened_once(postgres):
    """What users had when the ledger came is one opening entry each, and applying sql/ again adds nothing."""
    database = postgres.create_database()
    try:
        migrate(database)
        old = database.connect()
        with old, old.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")   # before there were triggers
            cursor.execute("INSERT INTO users (wallet_balance, lifetime_earnings)"
                           " VALUES (12.34, 50), (0, 7), (-5, 0), (0, 0) RETURNING id")
            rich, poor, owing, new = (row["id"] for row in cursor.fetchall())
        old.close()
        for _ in range(2):
            database.run((CHECKOUT / "sql" / "0008_ledger.sql").read_text())
            wallets = Wallets(database)
            assert [wallets.balance(user)[0] for user in (rich, poor, owing, new)] == [D("12.34"), 0, D("-5.00"), 0]
            assert wallets.problems() == []
    finally:
        database.close()
