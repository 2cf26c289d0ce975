"""The wallet's functions while PostgreSQL is killed: what was acknowledged stays, what was not is repeated under its key
and counts once."""
import concurrent.futures
import decimal
import random
import time

import psycopg2
import pytest

D = decimal.Decimal


@pytest.fixture
def database(postgres, template):
    made = postgres.create_database(template)
    yield made
    made.close()


def post_until(database, user, number, ends):
    """Posts 1.25 again and again, each under a key of its own, until it is acknowledged: how many."""
    cursor, done, repeated = None, 0, 0
    while time.monotonic() < ends:
        try:
            if cursor is None:
                connection = database.connect()
                connection.autocommit = True
                cursor = connection.cursor()
            cursor.execute("SELECT wallet_post(%s, 'cashback', %s, 1.25, 'x', '1')", [f"{number}:{done}", user])
            done += 1
        except psycopg2.Error:
            cursor = None
            repeated += 1
            time.sleep(0.02)
    return done, repeated


@pytest.mark.deadline(240)
def test_postings_acknowledged_and_then_postgres_killed(postgres, database, counts):
    users = [database.value("INSERT INTO users DEFAULT VALUES RETURNING id") for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        ends = time.monotonic() + 9
        ended = [pool.submit(post_until, database, user, number, ends) for number, user in enumerate(users)]
        for _ in range(4):
            time.sleep(random.uniform(0.3, 1.2))
            postgres.kill()
            postgres.start()
    done = {user: end.result()[0] for user, end in zip(users, ended)}
    wallets = {row["id"]: row["wallet_balance"] for row in database.run("SELECT id, wallet_balance FROM users")}
    counts.add(faults=4, accepted=sum(done.values()), stored=database.value("SELECT count(*) FROM ledger_transactions"))
    assert min(done.values()) > 0 and max(end.result()[1] for end in ended) > 0
    # The last one may have been committed without its answer.
    for user in users:
        assert wallets[user] in (done[user] * D("1.25"), (done[user] + 1) * D("1.25"))
    assert database.run("SELECT problem FROM ledger_problems()") == []
