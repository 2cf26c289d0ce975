"""Ranges of the ledger that are sealed by a hash."""
from .ledger_fixtures import rich, wallets  # noqa: F401


def test_seals_find_what_was_tampered_with(wallets, rich):
    for number in range(50):
        wallets.credit(rich, "1")
    assert wallets.value("SELECT ledger_seal(20)") == 1
    assert wallets.value("SELECT ledger_seal()") == 2
    assert wallets.value("SELECT ledger_seal()") is None
    assert wallets.problems() == []
    tamper = wallets.database.connect()
    with tamper, tamper.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")   # as somebody with all rights would
        cursor.execute("UPDATE ledger_transactions SET cause = 'nothing' WHERE id = 30")
    tamper.close()
    assert wallets.problems() == ["seal 2 (transactions 21 to 51) does not fit what they hold"]


def test_a_seal_does_not_pass_over_a_writer_that_is_not_done(wallets, rich):
    slow = wallets.database.connect()
    with slow.cursor() as cursor:
        cursor.execute("SELECT wallet_post('slow', 'cashback', %s, 1, 'x', '1')", [wallets.user()])
        wallets.fails("55P03", "SELECT ledger_seal()")
    slow.commit()
    slow.close()
    assert wallets.value("SELECT ledger_seal()") == 1
    assert wallets.problems() == []
