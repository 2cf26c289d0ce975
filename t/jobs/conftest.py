"""Fixtures of the worker's tests: a shop without an edge, whose entries the tests put into Redis themselves."""
import contextlib

import pytest

from .cashback_shop import CashbackShop
from .job_shop import JobShop
from .message_shop import MessageShop


@pytest.fixture
def new_job_shop(postgres, redis_server, template):
    """new_job_shop(…) → a JobShop of the test's own, without a worker yet."""
    with contextlib.ExitStack() as closing:
        def make(**options):
            shop = JobShop(options.pop("postgres", postgres), options.pop("redis_server", redis_server),
                           options.pop("template", template), **options)
            closing.callback(shop.close)
            return shop

        yield make


@pytest.fixture
def job_shop(new_job_shop):
    """A JobShop whose worker the test starts itself."""
    return new_job_shop()


@pytest.fixture
def running_shop(job_shop):
    """A JobShop with one worker."""
    job_shop.start_worker()
    return job_shop


@pytest.fixture
def new_message_shop(postgres, redis_server, template):
    """new_message_shop(…) → a MessageShop of the test's own, without a worker yet."""
    with contextlib.ExitStack() as closing:
        def make(**options):
            shop = MessageShop(options.pop("postgres", postgres), options.pop("redis_server", redis_server),
                               options.pop("template", template), **options)
            closing.callback(shop.close)
            return shop

        yield make


@pytest.fixture
def message_shop(new_message_shop):
    """A MessageShop whose workers the test starts itself."""
    return new_message_shop()


@pytest.fixture
def new_cashback_shop(postgres, redis_server, template):
    """new_cashback_shop(…) → a CashbackShop of the test's own, without a worker yet."""
    with contextlib.ExitStack() as closing:
        def make(**options):
            shop = CashbackShop(options.pop("postgres", postgres), options.pop("redis_server", redis_server),
                                options.pop("template", template), **options)
            closing.callback(shop.close)
            return shop

        yield make


@pytest.fixture
def cashback_shop(new_cashback_shop):
    """A CashbackShop with all three networks whose workers the test starts itself."""
    return new_cashback_shop()
