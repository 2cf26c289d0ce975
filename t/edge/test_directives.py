"""Wrong directive values stop nginx -t, naming the directive, the file and the line."""
import re

import pytest

from harness.environment import fresh_directory
from harness.nginx import Nginx, Server

GOOD = {
    "coupon_redis": "127.0.0.1:6379 db=0",
    "coupon_postgres": "postgresql://coupon@127.0.0.1:5432/shop",
}

WRONG_IN_HTTP = {
    "coupon_catalog_zone": ["offers", "offers:", ":64m", "offers:x", "offers:1k", "offers:-1"],
    "coupon_rate_zone": ["visitors", "visitors:", "visitors:0"],
    "coupon_redis": ["127.0.0.1:99999", "127.0.0.1:port", "no.such.host.invalid:6379", "unix:",
                     "127.0.0.1:6379 db=x", "127.0.0.1:6379 db=-1", "127.0.0.1:6379 color=red",
                     "127.0.0.1:6379 password=plain", "127.0.0.1:6379 password=env:NO_SUCH_VARIABLE",
                     "127.0.0.1:6379 password=file:/no/such/file", "sentinel=shop",
                     "redis://127.0.0.1:6379", "user@127.0.0.1:6379"],
    "coupon_postgres": ["env:NO_SUCH_VARIABLE", "file:/no/such/file", "nonsense=1", "port=abc",
                        "postgresql://[bad", "env:", "postgresql://u:a@b@127.0.0.1/x"],
    "coupon_journal": ["relative/path", "/tmp/j size=x", "/tmp/j size=0", "/tmp/j segment=1k",
                       "/tmp/j segment=100001", "/tmp/j size=8m segment=8m", "/tmp/j keep=soon",
                       "/tmp/j color=red", "/tmp/j webhooks=-1"],
    "coupon_journal_sync": ["on", "interval", "interval=", "interval=0", "interval=x", "sometimes"],
    "coupon_queue_max": ["0", "-1", "many", "1000 webhooks=x", "1000 color=red"],
    "coupon_edge_id": ["'a b'", "''", "a/b", "x" * 64, "'a\"b'"],
    "coupon_click_key": ["plain", "env:NO_SUCH_VARIABLE", "file:/no/such/file", "file:{short}",
                         "file:{nonhex}", "file:{empty}"],
    "coupon_country": ["geoip2_country_code", "$"],
}

WRONG_IN_LOCATION = {
    "coupon_redirect": ["maybe"],
    "coupon_rate_limit": ["100", "r/m", "0r/m", "-1r/m", "100r/h", "100r", "1.5r/s", "99999999999r/s"],
    "coupon_fallback": ["ftp://x", "shop.test", "'https://x/a b'"],
    "coupon_link_secret": ["plain", "file:/no/such/file", "file:{short}", "env:NO_SUCH_VARIABLE"],
    "coupon_stats": ["on"],
    "coupon_health": ["on"],
    "coupon_metrics": ["on"],
}


@pytest.fixture(scope="module")
def secrets():
    directory = fresh_directory("secrets")
    files = {"short": "abc", "nonhex": "z" * 32, "empty": "\n"}
    for name, text in files.items():
        (directory / name).write_text(text)
    return {name: directory / name for name in files}


def check(settings=None, out="", environment=None):
    nginx = Nginx(settings=GOOD | (settings or {}), servers={"main": Server(out=out)})
    return (nginx, *nginx.check_configuration(environment=environment))


def assert_named(nginx, said, directive):
    line = next(line for line in said.splitlines() if "[emerg]" in line)
    assert directive in line, said
    number = int(re.search(rf"in {re.escape(str(nginx.directory))}/nginx\.conf:(\d+)", line).group(1))
    text = (nginx.directory / "nginx.conf").read_text().splitlines()[number - 1]
    assert directive in text, (number, text)


def test_a_good_configuration_is_accepted():
    _, accepted, said = check()
    assert accepted, said


def cases(table):
    return [pytest.param(name, value, id=f"{name} {value}"[:60])
            for name, values in table.items() for value in values]


@pytest.mark.parametrize("directive,value", cases(WRONG_IN_HTTP))
def test_wrong_value_in_http(secrets, directive, value):
    for name, path in secrets.items():
        value = value.replace("{" + name + "}", str(path))
    nginx, accepted, said = check({directive: value})
    assert not accepted
    assert_named(nginx, said, directive)


@pytest.mark.parametrize("directive,value", cases(WRONG_IN_LOCATION))
def test_wrong_value_in_location(secrets, directive, value):
    for name, path in secrets.items():
        value = value.replace("{" + name + "}", str(path))
    out = f"\n{directive} {value};"
    if directive == "coupon_redirect":
        nginx = Nginx(settings=GOOD, servers={"main": Server(extra=f"location /x/ {{ {out} }}")})
        accepted, said = nginx.check_configuration()
    else:
        nginx, accepted, said = check(out=out)
    assert not accepted
    assert_named(nginx, said, directive)


@pytest.mark.parametrize("directive", ["coupon_catalog_zone", "coupon_rate_zone", "coupon_redis",
                                       "coupon_postgres", "coupon_journal"])
def test_duplicate_is_refused(directive):
    nginx = Nginx(settings=GOOD)
    twice = f"{nginx.settings[directive]};\n    {directive} {nginx.settings[directive]}"
    nginx.settings[directive] = twice
    accepted, said = nginx.check_configuration()
    assert not accepted and directive in said and "duplicate" in said


@pytest.mark.parametrize("directive", ["coupon_catalog_zone", "coupon_redis", "coupon_postgres",
                                       "coupon_journal", "coupon_click_key"])
def test_what_the_redirect_needs_is_asked_for(directive):
    _, accepted, said = check({directive: None})
    assert not accepted
    assert directive in said and "coupon_redirect" in said


def test_a_rate_limit_needs_its_zone():
    _, accepted, said = check({"coupon_rate_zone": None}, out="coupon_rate_limit 5r/s;")
    assert not accepted and "coupon_rate_zone" in said


def test_without_a_redirect_nothing_is_needed():
    nginx = Nginx()
    nginx.settings = {}
    nginx.write_configuration()
    text = nginx.configuration().replace("coupon_redirect on;", "coupon_redirect off;")
    accepted, said = nginx.check_configuration(text)
    assert accepted, said


@pytest.mark.parametrize("directive,value", [
    ("coupon_redis", "unix:/run/redis.sock db=3"), ("coupon_redis", "127.0.0.1:6379"),
    ("coupon_redis", "127.0.0.1:6379 password=env:SOME_SECRET"),
    ("coupon_redis", "sentinel=shop 127.0.0.1:26379 127.0.0.1:26380"),
    ("coupon_postgres", "env:SOME_URL"), ("coupon_postgres", "host=127.0.0.1 dbname=shop user=coupon"),
    ("coupon_journal_sync", "off"), ("coupon_journal_sync", "always"), ("coupon_journal_sync", "interval=1s"),
    ("coupon_journal_sync", "interval=200ms"), ("coupon_queue_max", "1000000 webhooks=256m"),
    ("coupon_queue_max", "5"), ("coupon_click_key", "env:SOME_KEYS"), ("coupon_edge_id", "edge-1.mumbai_a"),
])
def test_good_values(directive, value):
    environment = {"SOME_SECRET": "s3cret", "SOME_URL": "postgresql://coupon@127.0.0.1/shop",
                   "SOME_KEYS": f"{'0a' * 16},{'ff' * 16}"}
    _, accepted, said = check({directive: value}, environment=environment)
    assert accepted, said


def test_secrets_never_reach_the_log(secrets):
    environment = {"SOME_SECRET": "hunter2hunter2", "SOME_URL": "postgresql://u:hunter2@127.0.0.1/x?nonsense=1"}
    for settings in ({"coupon_redis": "127.0.0.1:x password=env:SOME_SECRET"},
                     {"coupon_postgres": "env:SOME_URL"}, {"coupon_click_key": "env:SOME_SECRET"}):
        _, accepted, said = check(settings, environment=environment)
        assert not accepted
        assert "hunter2" not in said


@pytest.mark.parametrize("directive,value", [
    ("coupon_redis", "redis://:hunter2@127.0.0.1:6379"), ("coupon_redis", ":hunter2@127.0.0.1:6379"),
    ("coupon_redis", "redis://:hunter2@127.0.0.1:6379?db=1"), ("coupon_redis", "redis://u:hunter2=@127.0.0.1"),
    ("coupon_redis", "unix://:hunter2@/run/redis.sock"),
    ("coupon_postgres", "postgresql://u:a@hunter2@127.0.0.1/x"),
    ("coupon_postgres", "postgresql://u:a@@hunter2@127.0.0.1/x"),
    ("coupon_postgres", "postgresql://u:a@/hunter2@127.0.0.1/x"),
    ("coupon_postgres", "postgresql://u:1/hunter2@127.0.0.1/x"),
    ("coupon_postgres", "postgresql://u:hunter2/a@127.0.0.1/x"),
])
def test_a_login_that_is_taken_for_an_address_is_not_quoted(directive, value):
    _, accepted, said = check({directive: value})
    assert not accepted
    assert "hunter2" not in said and directive in said


def test_directives_in_the_wrong_place_are_refused():
    for extra in ("coupon_redis 127.0.0.1:6379;", "coupon_redirect on;"):
        nginx = Nginx(settings=GOOD, servers={"main": Server(extra=extra)})
        accepted, said = nginx.check_configuration()
        assert not accepted and "is not allowed here" in said
