"""Fixtures of the worker's tests: a shop without an edge, whose entries the tests put into Redis themselves."""
import contextlib
import functools

import pytest

from .admin_shop import AdminShop
from .cashback_shop import CashbackShop
from .cron_shop import CronShop
from .job_shop import JobShop
from .message_shop import MessageShop


@pytest.fixture
def new_shop_of(postgres, redis_server, template):
    """new_shop_of(Kind, …) → a shop of that kind, the test's own, without a worker yet."""
    servers = {"postgres": postgres, "redis_server": redis_server, "template": template}
    with contextlib.ExitStack() as closing:
        def make(kind, **options):
            shop = kind(**servers | options)
            closing.callback(shop.close)
            return shop

        yield make


@pytest.fixture
def new_job_shop(new_shop_of):
    return functools.partial(new_shop_of, JobShop)


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
def new_message_shop(new_shop_of):
    return functools.partial(new_shop_of, MessageShop)


@pytest.fixture
def message_shop(new_message_shop):
    """A MessageShop whose workers the test starts itself."""
    return new_message_shop()


@pytest.fixture
def new_cron_shop(new_shop_of):
    return functools.partial(new_shop_of, CronShop)


@pytest.fixture
def new_cashback_shop(new_shop_of):
    return functools.partial(new_shop_of, CashbackShop)


@pytest.fixture
def cashback_shop(new_cashback_shop):
    """A CashbackShop with all three networks whose workers the test starts itself."""
    return new_cashback_shop()


@pytest.fixture
def new_admin_shop(new_shop_of):
    return functools.partial(new_shop_of, AdminShop)


@pytest.fixture
def admin_shop(new_admin_shop):
    """An AdminShop with its worker, without NGINX."""
    shop = new_admin_shop()
    shop.start_admin()
    return shop


@pytest.fixture
def fronted_admin_shop(new_admin_shop):
    """An AdminShop with its worker and NGINX in front."""
    shop = new_admin_shop()
    shop.start_admin(front=True)
    return shop
