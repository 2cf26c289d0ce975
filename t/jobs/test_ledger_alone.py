"""Nobody moves money but the ledger's functions, and what others did to it is seen."""
import psycopg2
import pytest

from .ledger_fixtures import D, rich, wallets  # noqa: F401


@pytest.mark.parametrize("statement", [
    "UPDATE ledger_entries SET amount = 1000 WHERE amount > 0", "DELETE FROM ledger_entries",
    "UPDATE ledger_transactions SET cause = 'x'", "DELETE FROM ledger_transactions", "TRUNCATE ledger_transactions CASCADE",
    "INSERT INTO ledger_transactions (key, kind, digest) VALUES ('x', 'x', '')",
    "UPDATE wallet_balances SET available = 1000", "DELETE FROM wallet_balances",
    "INSERT INTO wallet_transactions (amount) VALUES (1)", "UPDATE wallet_transactions SET amount = 1",
    "UPDATE users SET wallet_balance = 1000", "UPDATE users SET lifetime_earnings = 1000",
    "TRUNCATE wallet_transactions", "TRUNCATE wallet_balances",
    "INSERT INTO users (wallet_balance) VALUES (5)", "UPDATE ledger_holds SET status = 'released'",
])
def test_nobody_else_moves_money(wallets, rich, statement):
    wallets.hold("w", rich, "1")
    wallets.fails("CL005", statement)
    assert wallets.balance(rich) == (D("99.00"), D("1.00"))
    wallets.database.run("UPDATE users SET full_name = 'Asha' WHERE id = %s", [rich])


def test_a_session_s_own_tables_change_no_rule(wallets, rich):
    own = wallets.database.connect()
    own.autocommit = True
    cursor = own.cursor()
    cursor.execute("CREATE TEMP TABLE ledger_settings AS SELECT true AS only_row, 'report'::text AS other_writers")
    cursor.execute("CREATE TEMP TABLE wallet_balances (LIKE public.wallet_balances INCLUDING ALL)")
    with pytest.raises(psycopg2.Error):
        cursor.execute("UPDATE users SET wallet_balance = 1000")
    cursor.execute("SELECT wallet_post('k', 'cashback', %s, 1, 'x', '1')", [rich])
    own.close()
    assert wallets.balance(rich) == (D("101.00"), D(0))


@pytest.mark.parametrize("statement, problem", [
    ("DELETE FROM wallet_transactions", "the statement (wallet_transactions) says 0"),
    ("UPDATE wallet_transactions SET amount = 5", "transaction 1 moved 100.00, the statement (wallet_transactions) says 5.00"),
    ("UPDATE users SET lifetime_earnings = 9", "users.lifetime_earnings is 9.00"),
    ("UPDATE users SET wallet_balance = 9", "users.wallet_balance is 9.00"),
    ("UPDATE wallet_balances SET available = 9", "wallet_balances says 9.00 available"),
    ("UPDATE ledger_holds SET amount = 2", "2.00"),
    ("UPDATE wallet_transactions SET balance_after = 9", "which is no change by"),
    ("UPDATE wallet_transactions SET balance_before = balance_before + 1, balance_after = balance_after + 1 WHERE id = 2",
     "the one before ended at 100.00"),
    ("INSERT INTO wallet_transactions (user_id, amount, type) SELECT id, 5000, 'gift' FROM users", "is none of the ledger's"),
    ("DELETE FROM ledger_entries", "has no entries"),
    ("UPDATE ledger_entries SET amount = amount + 1 WHERE account = 'cashback_liability'", "adds up to 1.00"),
])
def test_the_proof_finds_what_was_changed_behind_its_back(wallets, rich, statement, problem):
    wallets.hold("w", rich, "1")
    behind = wallets.database.connect()
    with behind, behind.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")   # as somebody with all rights would
        cursor.execute(statement)
    behind.close()
    assert any(problem in found for found in wallets.problems()), wallets.problems()


def test_other_writers_may_be_reported_instead(wallets, rich):
    wallets.database.run("UPDATE ledger_settings SET other_writers = 'report'")
    wallets.database.run("UPDATE users SET wallet_balance = 1000 WHERE id = %s", [rich])
    entry = wallets.database.row("SELECT action, entity, details FROM audit_logs")
    assert entry["entity"] == "users"
    assert entry["details"]["new"] == {"id": rich, "wallet_balance": 1000, "lifetime_earnings": 100}
    assert any("users.wallet_balance is 1000" in problem for problem in wallets.problems())


def test_what_others_wrote_meanwhile_is_taken_over(wallets, rich):
    """While they are let pass, the next posting does not undo what they did."""
    wallets.database.run("UPDATE ledger_settings SET other_writers = 'report'")
    wallets.database.run("UPDATE users SET wallet_balance = wallet_balance - 70 WHERE id = %s", [rich])
    wallets.credit(rich, "10")
    assert wallets.value("SELECT wallet_balance FROM users WHERE id = %s", rich) == D("40.00")
    assert wallets.balance(rich) == (D("40.00"), D(0))
    assert wallets.value("SELECT amount FROM ledger_entries WHERE account = 'adjustments'") == D("70.00")
    assert wallets.problems() == []


def test_what_others_wrote_unseen_stops_the_user_s_postings(wallets, rich):
    behind = wallets.database.connect()
    with behind, behind.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE users SET wallet_balance = 1000")
    behind.close()
    assert "somebody else has written it" in wallets.fails(
        "CL005", "SELECT wallet_post('k', 'cashback', %s, 1, 'x', '1')", rich)


def test_sums_that_are_null_count_as_nothing(wallets):
    wallets.database.run("ALTER TABLE users ALTER wallet_balance DROP NOT NULL, ALTER lifetime_earnings DROP NOT NULL")
    user = wallets.database.value("INSERT INTO users (wallet_balance, lifetime_earnings) VALUES (NULL, NULL) RETURNING id")
    wallets.credit(user, "10")
    assert wallets.database.row("SELECT wallet_balance, lifetime_earnings FROM users WHERE id = %s", [user]) == {
        "wallet_balance": D(10), "lifetime_earnings": D(10)}
    assert wallets.problems() == []
