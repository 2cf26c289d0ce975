"""Whatever eight connections do to wallets at once: it is what a model of each says, and adds up."""
import collections
import concurrent.futures
import random

import psycopg2

from .ledger_fixtures import D, wallets  # noqa: F401


class Model:
    """What one user's wallet must be after what was acknowledged."""

    def __init__(self):
        self.available, self.holds = D(0), {}

    @property
    def state(self):
        return self.available, sum(self.holds.values(), D(0))


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
