"""The wallet's functions in PostgreSQL: money moves once per key, and adds up."""
import concurrent.futures

import pytest

from .ledger_fixtures import D, rich, wallets  # noqa: F401


def test_a_credit(wallets, rich):
    assert wallets.balance(rich) == (D("100.00"), D(0))
    assert wallets.database.row("SELECT wallet_balance, lifetime_earnings FROM users WHERE id = %s", [rich]) == {
        "wallet_balance": D("100.00"), "lifetime_earnings": D("100.00")}
    assert wallets.database.run("SELECT amount, type, balance_before, balance_after FROM wallet_transactions") == [
        {"amount": D("100.00"), "type": "cashback", "balance_before": D(0), "balance_after": D("100.00")}]
    assert wallets.problems() == []


def test_the_same_key_again_is_the_same_answer(wallets, rich):
    first = wallets.credit(rich, "5.00", "again")
    assert wallets.credit(rich, "5", "again") == first
    assert wallets.balance(rich) == (D("105.00"), D(0))
    assert "stands for another posting" in wallets.fails(
        "CL001", "SELECT wallet_post('again', 'cashback', %s, 6, 'cashback', '1')", rich)
    assert wallets.balance(rich) == (D("105.00"), D(0))


def test_a_retried_refund_pays_once(wallets, rich):
    """The caller times out and repeats itself, on several connections at once."""
    def refund(_):
        connection = wallets.database.connect()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT wallet_post('refund:order-9', 'refund', %s, 40, 'order', '9') AS id", [rich])
                return cursor.fetchone()["id"]
        finally:
            connection.close()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(refund, range(24)))) == 1
    assert wallets.balance(rich) == (D("140.00"), D(0))


def test_a_hold_counts_in_what_is_available(wallets, rich):
    wallets.hold("w1", rich, "80")
    assert wallets.balance(rich) == (D("20.00"), D("80.00"))
    assert wallets.value("SELECT wallet_balance FROM users WHERE id = %s", rich) == D("20.00")
    wallets.fails("CL002", "SELECT wallet_hold('w2', %s, 20.01, 'withdrawal', '8')", rich)
    wallets.fails("CL002", "SELECT wallet_post('buy', 'purchase', %s, -21, 'order', '3')", rich)
    wallets.hold("w3", rich, "20")
    assert wallets.balance(rich) == (D(0), D("100.00"))


def test_a_hold_ends_once(wallets, rich):
    hold = wallets.hold("w1", rich, "80")
    paid = wallets.value("SELECT wallet_pay_out('w1:paid', %s)", hold)
    assert wallets.value("SELECT wallet_pay_out('w1:paid', %s)", hold) == paid
    wallets.fails("CL003", "SELECT wallet_release('w1:released', %s)", hold)
    wallets.fails("CL003", "SELECT wallet_pay_out('w1:paid again', %s)", hold)
    wallets.fails("CL001", "SELECT wallet_release('w1:paid', %s)", hold)
    assert wallets.balance(rich) == (D("20.00"), D(0))
    assert wallets.value("SELECT sum(amount) FROM ledger_entries WHERE account = 'payouts'") == D("80.00")


def test_a_key_ends_one_hold(wallets, rich):
    """Of two holds that look alike, each is ended by a key of its own."""
    first, second = wallets.hold("a", rich, "30"), wallets.hold("b", rich, "30")
    wallets.value("SELECT wallet_release('end', %s)", first)
    wallets.fails("CL001", "SELECT wallet_release('end', %s)", second)
    assert wallets.balance(rich) == (D("70.00"), D("30.00"))
    wallets.value("SELECT wallet_release('another end', %s)", second)
    assert wallets.balance(rich) == (D("100.00"), D(0))
    assert wallets.problems() == []


def test_one_hold_that_cannot_expire_keeps_no_other_from_it(wallets, rich):
    stuck, free = wallets.hold("a", rich, "10", "2020-01-01"), wallets.hold("b", rich, "10", "2020-01-01")
    wallets.fails("CL004", "SELECT wallet_post(%s, 'adjustment', %s, 1, 'x', '1')", f"expiry:{stuck}", rich)
    wallets.database.run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                         f" IF NEW.id = {stuck} THEN RAISE 'no'; END IF; RETURN NEW; END $$")
    wallets.database.run("CREATE TRIGGER refuse BEFORE UPDATE ON ledger_holds FOR EACH ROW EXECUTE FUNCTION refuse()")
    assert wallets.value("SELECT wallet_expire()") == 1
    assert wallets.value("SELECT status FROM ledger_holds WHERE id = %s", free) == "expired"
    assert wallets.problems() == []


def test_a_released_and_an_expired_hold_give_back(wallets, rich):
    wallets.value("SELECT wallet_release('a:released', %s)", wallets.hold("a", rich, "30"))
    expired = wallets.hold("b", rich, "30", "2020-01-01")
    lasting = wallets.hold("c", rich, "10", "2100-01-01")
    assert wallets.value("SELECT wallet_expire()") == 1
    assert wallets.value("SELECT wallet_expire()") == 0
    assert wallets.balance(rich) == (D("90.00"), D("10.00"))
    assert [wallets.value("SELECT status FROM ledger_holds WHERE id = %s", hold) for hold in (expired, lasting)] == [
        "expired", "open"]


def test_a_reversal_makes_a_debt_that_the_next_cashback_pays_first(wallets):
    user = wallets.user()
    credit = wallets.credit(user, "50", "credit")
    wallets.post("buy", "purchase", user, "-45")
    reversal = wallets.value("SELECT wallet_reverse('credit:reversed', %s, 'the network took it back')", credit)
    assert wallets.value("SELECT wallet_reverse('credit:reversed', %s, 'the network took it back')", credit) == reversal
    assert wallets.balance(user) == (D("-45.00"), D(0))
    wallets.fails("CL003", "SELECT wallet_reverse('another', %s)", credit)
    wallets.fails("CL002", "SELECT wallet_hold('w', %s, 1, 'withdrawal', '1')", user)
    wallets.credit(user, "60")
    assert wallets.balance(user) == (D("15.00"), D(0))
    assert wallets.value("SELECT lifetime_earnings FROM users WHERE id = %s", user) == D("60.00")
    assert wallets.problems() == []


@pytest.mark.parametrize("call", [
    "SELECT wallet_post('', 'cashback', %s, 1, 'x', '1')",
    "SELECT wallet_post('k', 'gift', %s, 1, 'x', '1')",
    "SELECT wallet_post('k', 'cashback', %s, 0, 'x', '1')",
    "SELECT wallet_post('k', 'cashback', %s, -1, 'x', '1')",
    "SELECT wallet_post('k', 'cashback', %s, 0.001, 'x', '1')",
    "SELECT wallet_post('k', 'cashback', %s, 'NaN', 'x', '1')",
    "SELECT wallet_post('k', 'cashback', %s, 1e12, 'x', '1')",
    "SELECT wallet_post('k', 'cashback', %s, NULL, 'x', '1')",
    "SELECT wallet_hold('k', %s, 0, 'x', '1')",
    "SELECT wallet_hold('k', %s, -1, 'x', '1')",
    "SELECT ledger_record('k', 'x', '{user_available,payouts}', ARRAY[%s, NULL]::bigint[], '{1,-2}', 'x', '1', '')",
])
def test_what_makes_no_sense_is_refused(wallets, rich, call):
    wallets.fails("CL004", call, rich)


def test_system_accounts_serialise_nobody(wallets):
    """Two users are credited in transactions that are open at the same time."""
    first, second = wallets.user(), wallets.user()
    open_one = wallets.database.connect()
    with open_one.cursor() as cursor:
        cursor.execute("SELECT wallet_post('one', 'cashback', %s, 1, 'x', '1')", [first])
        wallets.database.run("SET lock_timeout = '1s'")
        wallets.credit(second, "1")
    open_one.rollback()
    open_one.close()
    assert (wallets.balance(first)[0], wallets.balance(second)[0]) == (0, 1)


def test_plans_of_empty_tables_read_no_full_ones(wallets):
    """Sessions keep their plans: what was planned while a table was empty must not read all of it later."""
    users = [wallets.user() for _ in range(3)]
    wallets.database.run("ANALYZE")
    session = wallets.database.connect()
    with session, session.cursor() as cursor:
        for number in range(30):
            user = users[number % 3]
            cursor.execute("SELECT wallet_post(%s, 'cashback', %s, 5, 'x', '1') AS id", [f"c{number}", user])
            credit = cursor.fetchone()["id"]
            cursor.execute("SELECT wallet_hold(%s, %s, 1, 'withdrawal', '7') AS id", [f"h{number}", user])
            cursor.execute("SELECT wallet_release(%s, %s)", [f"r{number}", cursor.fetchone()["id"]])
            cursor.execute("SELECT wallet_reverse(%s, %s)", [f"b{number}", credit])
        cursor.execute("SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0 AND relname <> 'ledger_settings'")
        assert cursor.fetchall() == []
    session.close()
    assert wallets.problems() == []


def test_a_commission(wallets):
    """What the network owes us is what we owe the user, and our margin; reversed, nothing of it stays."""
    def accounts():
        return {row["account"]: row["sum"] for row in wallets.database.run(
            "SELECT account, sum(amount) FROM ledger_entries GROUP BY account")}
    made = wallets.value("SELECT ledger_commission('c', 80, 30.50, 'x', '1')")
    assert accounts() == {"commission_receivable": D(-80), "cashback_liability": D("30.50"), "margin": D("49.50")}
    wallets.value("SELECT ledger_commission('all of it', 10, 10, 'x', '1')")
    wallets.value("SELECT ledger_commission('none of it', 5, 0, 'x', '1')")
    wallets.value("SELECT wallet_reverse('c:reversed', %s)", made)
    assert accounts() == {"commission_receivable": D(-15), "cashback_liability": D(10), "margin": D(5)}
    assert wallets.problems() == []
