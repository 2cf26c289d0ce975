"""The wallet's functions in PostgreSQL: money moves once per key, adds up whatever happens, and nobody else moves it."""
import collections
import concurrent.futures
import decimal
import random

import psycopg2
import pytest

from harness.environment import CHECKOUT
from harness.shop import migrate

D = decimal.Decimal


class Wallets:
    def __init__(self, database):
        self.database = database

    def user(self):
        return self.database.value("INSERT INTO users DEFAULT VALUES RETURNING id")

    def value(self, statement, *parameters):
        return self.database.value(statement, list(parameters))

    def post(self, key, kind, user, amount, reference="1"):
        return self.value("SELECT wallet_post(%s, %s, %s, %s, 'cashback', %s)", key, kind, user, amount, reference)

    def credit(self, user, amount, key=None):
        return self.post(key or f"credit-{random.random()}", "cashback", user, amount)

    def hold(self, key, user, amount, expires_at=None):
        return self.value("SELECT wallet_hold(%s, %s, %s, 'withdrawal', '7', %s)", key, user, amount, expires_at)

    def balance(self, user):
        row = self.database.row("SELECT available, held FROM wallet_balances WHERE user_id = %s", [user])
        return (row["available"], row["held"]) if row else (D(0), D(0))

    def problems(self):
        return [row["problem"] for row in self.database.run("SELECT problem FROM ledger_problems()")]

    def fails(self, code, *call):
        with pytest.raises(psycopg2.Error) as failure:
            self.value(*call)
        assert failure.value.pgcode == code, failure.value
        return str(failure.value)


@pytest.fixture
def wallets(postgres, template):
    database = postgres.create_database(template)
    yield Wallets(database)
    database.close()


@pytest.fixture
def rich(wallets):
    """A user with 100.00."""
    user = wallets.user()
    wallets.credit(user, "100.00", "first")
    return user


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
    assert wallets.balance(rich) == (D("100.00"), D(0))


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


def test_a_table_that_cannot_hold_its_words_stops_the_migration(postgres):
    database = postgres.create_database()
    try:
        database.run("CREATE TYPE kinds AS ENUM ('credit', 'debit')")
        database.run("CREATE TABLE wallet_transactions (id bigint PRIMARY KEY, type kinds)")
        with pytest.raises(AssertionError, match="cannot fit: wallet_transactions.type is kinds, needs text"):
            migrate(database)
    finally:
        database.close()


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


class Model:
    """What one user's wallet must be after what was acknowledged."""

    def __init__(self):
        self.available, self.holds = D(0), {}

    @property
    def state(self):
        return self.available, sum(self.holds.values(), D(0))


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


def test_any_interleaving_adds_up(wallets):
    """Eight connections, random credits, purchases, holds, ends of holds, reversals and repeated keys; a few users, so
    that they meet. Each keeps to one user of its own for the model, and disturbs a shared one."""
    shared = wallets.user()

    def play(seed):
        dice = random.Random(seed)
        connection = wallets.database.connect()
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("INSERT INTO users DEFAULT VALUES RETURNING id")
        user = cursor.fetchone()["id"]
        model, credits, calls = Model(), [], []

        def call(statement, *parameters):
            cursor.execute(statement, parameters)
            return next(iter(cursor.fetchone().values()))

        for step in range(150):
            amount = D(dice.randrange(1, 5000)) / 100
            what = dice.choice(["credit", "credit", "buy", "hold", "release", "pay", "reverse", "again", "shared"])
            key = f"{seed}:{step}"
            try:
                if what == "credit":
                    calls.append(("SELECT wallet_post(%s, 'cashback', %s, %s, 'c', '1')", (key, user, amount)))
                    credits.append((call(calls[-1][0], *calls[-1][1]), amount))
                    model.available += amount
                elif what == "buy":
                    call("SELECT wallet_post(%s, 'purchase', %s, %s, 'o', '1')", key, user, -amount)
                    model.available -= amount
                    assert model.available >= 0
                elif what == "hold":
                    hold = call("SELECT wallet_hold(%s, %s, %s, 'w', '1')", key, user, amount)
                    model.available -= amount
                    assert model.available >= 0
                    model.holds[hold] = amount
                elif what in ("release", "pay") and model.holds:
                    hold = dice.choice(list(model.holds))
                    call(f"SELECT wallet_{'release' if what == 'release' else 'pay_out'}(%s, %s)", key, hold)
                    amount = model.holds.pop(hold)
                    model.available += amount if what == "release" else 0
                elif what == "reverse" and credits:
                    transaction, amount = credits.pop(dice.randrange(len(credits)))
                    call("SELECT wallet_reverse(%s, %s)", key, transaction)
                    model.available -= amount
                elif what == "again" and calls:
                    statement, parameters = dice.choice(calls)
                    call(statement, *parameters)
                elif what == "shared":
                    call("SELECT wallet_post(%s, 'adjustment', %s, %s, 's', '1')", key, shared, amount)
                    cursor.execute("SELECT wallet_post(%s, 'adjustment', %s, %s, 's', '1')", [key + "-", shared, -amount])
            except psycopg2.Error as error:
                assert error.pgcode == "CL002", error
                assert model.available < amount
            cursor.execute("SELECT available, held FROM wallet_balances WHERE user_id = %s", [user])
            row = cursor.fetchone()
            assert row is None or (row["available"], row["held"]) == model.state, (seed, step, what)
        connection.close()
        return user, model.state

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        ends = dict(pool.map(play, range(8)))
    assert {user: wallets.balance(user) for user in ends} == ends
    assert wallets.balance(shared) == (D(0), D(0))
    wallets.value("SELECT ledger_seal(1000000)")
    assert wallets.problems() == []
    steps = collections.defaultdict(list)
    for row in wallets.database.run("SELECT user_id, balance_before, balance_after FROM wallet_transactions ORDER BY id"):
        steps[row["user_id"]].append(row)
    for user, rows in steps.items():
        assert all(one["balance_after"] == two["balance_before"] for one, two in zip(rows, rows[1:])), user


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
