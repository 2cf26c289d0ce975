"""One shop and one browser for all tests here; each test has a page of its own, and rows of its own."""
import collections
import contextlib
import time

import pytest

from .admin_shop import PASSWORDS, AdminShop
from .browser import Browser


@pytest.fixture(scope="session")
def browser():
    browser = Browser()
    yield browser
    browser.end()


@contextlib.contextmanager
def started(shop):
    try:
        shop.start()
        yield shop
    finally:
        shop.close()


@pytest.fixture(scope="session")
def shop(browser, postgres, redis_server, template):
    with started(AdminShop(postgres, redis_server, template)) as shop:
        yield shop


@pytest.fixture
def gated_shop(browser, postgres, redis_server, template):
    """A test's own, whose PostgreSQL and Redis it takes away."""
    with started(AdminShop(postgres, redis_server, template, gates=True)) as shop:
        yield shop


@pytest.fixture
def page(browser):
    """The browser; its console must be clean at the end."""
    yield browser
    browser.close_page()


class Pace:
    """The admin worker lets an address sign in ten times at once, then once in six seconds; some tests sign in by
    themselves."""
    AT_ONCE, EVERY_S = 6, 6.5

    def __init__(self):
        self.room, self.looked = float(self.AT_ONCE), time.monotonic()

    def wait(self):
        now = time.monotonic()
        self.room = min(self.AT_ONCE, self.room + (now - self.looked) / self.EVERY_S) - 1
        self.looked = now
        if self.room < 0:
            time.sleep(-self.room * self.EVERY_S)


@pytest.fixture(scope="session")
def pace():
    return collections.defaultdict(Pace)


@pytest.fixture
def signed_in(page, request, pace):
    """signed_in("asha", section="dead/email", width=390…) → the page of a section, signed in; `at`: another shop."""
    def sign_in(name="asha", section="overview", at=None, **options):
        url = (at or request.getfixturevalue("shop")).url
        pace[url].wait()
        page.open(f"{url}#/{section}", **options)
        page.fill("#user", name)
        page.fill("#password", PASSWORDS[name][1])
        page.press("Enter")
        page.wait("#main h1")
        return page
    return sign_in
