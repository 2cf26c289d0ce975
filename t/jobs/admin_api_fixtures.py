"""Fixtures of the tests of the admin worker's API."""
import pytest

from .admin_api_shop import AdminApiShop


@pytest.fixture
def idle_api_shop(new_shop_of):
    """An AdminApiShop whose workers the test starts itself."""
    return new_shop_of(AdminApiShop)


@pytest.fixture
def api_shop(idle_api_shop):
    return idle_api_shop.start()
