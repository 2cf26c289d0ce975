"""One shop and one browser for all tests here; each test has a page of its own, and rows of its own."""
import pytest

from .admin_shop import PASSWORDS, AdminShop
from .browser import Browser


@pytest.fixture(scope="session")
def browser():
    browser = Browser()
    yield browser
    browser.end()


@pytest.fixture(scope="session")
def shop(browser, postgres, redis_server, template):
    shop = AdminShop(postgres, redis_server, template)
    try:
        shop.start()
        yield shop
    finally:
        shop.close()


@pytest.fixture
def page(browser, shop):
    """The browser; its console must be clean at the end."""
    yield browser
    browser.close_page()


@pytest.fixture
def signed_in(page, shop):
    """signed_in("asha", section="dead/email", width=390…) → the page of a section, signed in."""
    def sign_in(name="asha", section="overview", **options):
        page.open(f"{shop.url}#/{section}", **options)
        page.fill("#user", name)
        page.fill("#password", PASSWORDS[name][1])
        page.press("Enter")
        page.wait("#main h1")
        return page
    return sign_in
