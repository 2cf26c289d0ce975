"""Fixtures of the tests about the ledger: a database, and what its wallets hold."""
import decimal
import random

import psycopg2
import pytest

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
