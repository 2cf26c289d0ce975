"""Fixtures of all parts. PostgreSQL and Redis are started once a run; each shop has its own
databases in them, so shops do not see each other."""
import contextlib
import itertools
import signal

import pytest

from harness.environment import MODULE, PATIENCE
from harness.postgres import Postgres
from harness.redis_server import Redis
from harness.shop import Shop, migrate

TEST_DEADLINE_S = 120


@pytest.fixture(scope="session", autouse=True)
def built():
    if not MODULE.exists():
        pytest.exit(f"{MODULE} is not built; t/run builds it", returncode=3)


@pytest.fixture(autouse=True)
def deadline(request):
    """No test hangs for ever; @pytest.mark.deadline(seconds) sets another limit."""
    mark = request.node.get_closest_marker("deadline")
    seconds = (mark.args[0] if mark else TEST_DEADLINE_S) * PATIENCE

    def expired(*_):
        raise TimeoutError(f"the test took longer than {seconds} s")
    signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session")
def postgres():
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server():
    server = Redis()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template(postgres):
    """Name of a migrated, empty database that new ones are copied from."""
    database = postgres.create_database()
    migrate(database)
    database.close()
    return database.name


@pytest.fixture
def new_shop(postgres, redis_server, template):
    """new_shop(…) → a Shop of the test's own whose edge runs; start=False leaves it stopped."""
    with contextlib.ExitStack() as closing:
        def make(start=True, **options):
            shop = Shop(postgres, redis_server, template, **options)
            closing.callback(shop.close)
            if start:
                shop.edge.start()
            return shop

        yield make


@pytest.fixture
def address():
    """A client address nobody else has: rate limits of tests do not meet."""
    return next_address()


_addresses = itertools.count(1)


def next_address():
    number = next(_addresses)
    return f"127.77.{number // 250}.{number % 250 + 1}"
