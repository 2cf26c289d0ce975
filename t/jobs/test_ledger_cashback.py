"""What cashback_events says of money is what the ledger says of it, and the proof finds where it is not."""
import pytest

from .ledger_fixtures import D, wallets  # noqa: F401


def confirmed(wallets, user, order):
    """A cashback of 25.00 that may be paid; its transaction's id."""
    source = wallets.value(
        "INSERT INTO affiliate_transactions (network, transaction_id, state, order_ref, click_id, user_id, processed)"
        " VALUES ('admitad', %s, 'confirmed', %s, '018f0000-0000-7000-8000-000000000001', %s, 1) RETURNING id",
        order, order, user)
    wallets.database.run("INSERT INTO cashback_events (source_id, user_id, commission_amount, cashback_amount, status)"
                         " VALUES (%s, %s, 100, 25, 'confirmed')", [source, user])
    return source


@pytest.fixture
def paid(wallets):
    """A cashback that is paid, and one that was and is taken back; the first one's user."""
    user = wallets.user()
    kept, taken = confirmed(wallets, user, "OD-1"), confirmed(wallets, user, "OD-2")
    for source in (kept, taken):
        wallets.value("SELECT cashback_credit(%s, 'test')", source)
    wallets.value("SELECT cashback_reverse(%s, 'test')", taken)
    assert wallets.problems() == []
    return user


@pytest.mark.parametrize("statement, problem", [
    ("UPDATE cashback_events SET cashback_amount = 20 WHERE id = 1",
     "cashback event 1: 20.00 of user 1 is paid, its posting (cashback:1:1) says 25.00 of user 1"),
    ("UPDATE cashback_events SET ledger_credit = NULL WHERE id = 1",
     "cashback event 1: 25.00 of user 1 is paid, its posting (none) says 0 of user none"),
    ("UPDATE cashback_events SET ledger_credit = (SELECT ledger_credit FROM cashback_events WHERE id = 2) WHERE id = 1",
     "its posting (cashback:2:1) says 25.00"),
    ("UPDATE cashback_events SET commission_amount = 90 WHERE id = 1",
     "cashback event 1: the commission is 90.00, its posting (cashback:1:1:commission) says 100.00"),
    ("DELETE FROM cashback_events WHERE id = 1",
     "transaction 2 (cashback:1:1) credits 25.00 to user 1 for a cashback event that is not there"),
    ("UPDATE cashback_events SET status = 'confirmed' WHERE id = 1", "cashback event 1 is confirmed, and has the posting 2"),
    ("UPDATE cashback_events SET status = 'reversed' WHERE id = 1",
     "cashback event 1 is reversed, its reversal (none) takes 0 of 25.00"),
    ("UPDATE cashback_events SET status = 'paid' WHERE id = 2", "cashback event 2 is paid, and was taken back by transaction 5"),
    ("UPDATE cashback_events SET ledger_reversal = NULL WHERE id = 2", "cashback event 2 is reversed, its reversal (5)"),
    ("UPDATE ledger_entries SET amount = amount / 5 WHERE transaction_id = 5",
     "cashback event 2 is reversed, its reversal (5) takes 5.00 of 25.00"),
    ("SELECT wallet_reverse('by hand', 2)", "cashback event 1 is paid, and was taken back by transaction"),
    ("INSERT INTO cashback_events (user_id, cashback_amount, status) VALUES (1, 70, 'paid')",
     "cashback event 3: 70.00 of user 1 is paid since the ledger came, without a posting"),
    ("UPDATE affiliate_transactions SET order_ref = 'OD-1'; UPDATE cashback_events SET status = 'paid'",
     "order OD-1 of click 018f0000-0000-7000-8000-000000000001 is paid 2 times, by the cashback events 1, 2"),
])
def test_the_proof_compares_cashback_with_its_postings(wallets, paid, statement, problem):
    behind = wallets.database.connect()
    with behind, behind.cursor() as cursor:
        if not statement.startswith("SELECT"):
            cursor.execute("SET LOCAL session_replication_role = replica")   # as somebody with all rights would
        cursor.execute(statement)
    behind.close()
    assert any(problem in found for found in wallets.problems()), wallets.problems()


def test_what_was_paid_before_the_ledger_needs_no_posting(wallets, paid):
    """And what FastAPI pays by the ledger's functions has one."""
    wallets.database.run("INSERT INTO cashback_events (user_id, cashback_amount, status, paid_at)"
                         " VALUES (%s, 70, 'paid', now() - interval '1 year')", [paid])
    own = wallets.value("INSERT INTO cashback_events (user_id, cashback_amount, status) VALUES (%s, 5, 'paid') RETURNING id", paid)
    wallets.value("SELECT wallet_post('welcome', 'cashback', %s, 5, 'cashback', %s)", paid, str(own))
    assert wallets.problems() == []
    assert wallets.balance(paid) == (D("30.00"), D(0))
