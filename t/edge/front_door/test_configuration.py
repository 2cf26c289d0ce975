"""nginx-conf/nginx.conf and the files it shares with other configurations: NGINX accepts each as it is shipped."""
import re

import pytest

from harness.authority import Authority
from harness.front_door import SHIPPED, FrontDoor


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def installed(new_shop, authority):
    """installed(…) → a FrontDoor that is only looked at."""
    def make(**options):
        return FrontDoor(new_shop(start=False, click_worker=False), authority, (8001, 8002), 6380, **options)
    return make


def accepted(door, text=None):
    ok, said = door.check_configuration(text)
    return ok and not re.search(r"\[(warn|error|emerg|alert)\]", said.replace('the "user" directive makes sense', "")), said


def test_the_whole_configuration_is_accepted(installed):
    ok, said = accepted(installed())
    assert ok, said


def existing_configuration():
    """The example at the head of coupon.conf, as somebody would copy it."""
    text = (SHIPPED / "coupon.conf").read_text()
    example = re.search(r"^#     (load_module.*?)^#\n# file:", text, re.S | re.M)[1]
    example = re.sub(r"^#(     )?", "", example, flags=re.M)
    assert "include coupon.conf;" in example and "include coupon/locations.conf;" in example
    return example.replace("…", "listen 80; server_name old.example; location / { return 200 old; }")


def test_it_is_included_in_a_configuration_that_is_there(installed):
    door = installed()
    example = existing_configuration().replace("load_module modules/ngx_http_coupon_module.so;", f"load_module {door.module};")
    ok, said = accepted(door, f"{example}\npid {door.root}/nginx.pid; events {{}}")
    assert ok, said


def test_without_a_database_of_countries(installed):
    """Its file may be left out; while it is there, the database must be."""
    ok, said = accepted(installed(leave_out=["country.conf"]))
    assert ok, said
    door = installed()
    door.changes["GeoLite2-Country.mmdb"] = "Missing.mmdb"
    ok, said = accepted(door)
    assert not ok and "Missing.mmdb" in said
