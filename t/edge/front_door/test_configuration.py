"""NGINX accepts nginx-conf/nginx.conf and what it includes, as they are shipped."""
import re

import pytest

from harness.front_door import FrontDoor


@pytest.fixture
def installed(new_shop, authority):
    """installed(…) → a FrontDoor that is only looked at."""
    def make(**options):
        return FrontDoor(new_shop(start=False, click_worker=False), authority, (8001, 8002), 6380, **options)
    return make


def accepted(door):
    """(without even a warning, what was said); that `user` means nothing where the tests are not root is none."""
    ok, said = door.check_configuration()
    complaints = [line for line in said.splitlines() if re.search(r"\[(warn|error|emerg|alert)\]", line)
                  and "super-user privileges" not in line]
    return ok and not complaints, said


def test_the_whole_configuration_is_accepted(installed):
    ok, said = accepted(installed())
    assert ok, said


def test_without_a_database_of_countries(installed):
    """Its file may be left out; while it is there, the database must be."""
    ok, said = accepted(installed(leave_out=["country.conf"]))
    assert ok, said
    ok, said = accepted(installed(changes={"GeoLite2-Country.mmdb": "Missing.mmdb"}))
    assert not ok and "Missing.mmdb" in said
