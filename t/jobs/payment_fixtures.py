"""Fixtures of the tests about what webhooks do."""
import pytest

from .paying_shop import PayingShop


@pytest.fixture
def idle_shop(postgres, redis_server, template):
    """A PayingShop whose worker the test starts itself."""
    shop = PayingShop(postgres, redis_server, template)
    yield shop
    shop.close()


@pytest.fixture
def paying_shop(idle_shop):
    idle_shop.start_worker()
    return idle_shop
