"""Fixtures of the tests about what webhooks do."""
import pytest

from .paying_shop import PayingShop


@pytest.fixture
def idle_shop(new_shop_of):
    """A PayingShop whose worker the test starts itself."""
    return new_shop_of(PayingShop)


@pytest.fixture
def paying_shop(idle_shop):
    idle_shop.start_worker()
    return idle_shop
