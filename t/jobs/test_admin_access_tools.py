"""couponctl admin and coupon-worker admin --check: how somebody gets into the files, and what is wrong with them."""
import os
import pty
import subprocess

import pytest
from harness.environment import COUPON_WORKER, COUPONCTL
from harness.shop import couponctl

from .admin_shop import OPERATOR, READER


def make_password(name, password, role="operator"):
    return subprocess.run([COUPONCTL, "admin", "password", name, "--role", role], input=password, text=True,
                          capture_output=True, timeout=60, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})


def check(shop, **environment):
    run = subprocess.run([COUPON_WORKER, "admin", "--check"], capture_output=True, text=True, timeout=60,
                         env={**os.environ, **shop.environment, **environment})
    return run.returncode, run.stderr


def test_a_line_made_by_couponctl_lets_its_owner_in(admin_shop):
    made = make_password("new.person@shop", "a long enough one\n", "read-only")
    assert made.returncode == 0 and made.stdout.startswith("new.person@shop:read-only:$y$")
    assert "a long enough one" not in made.stdout + made.stderr
    with open(admin_shop.passwords, "a") as file:
        file.write(made.stdout)
    assert admin_shop.client().sign_in("new.person@shop", "a long enough one").json["role"] == "read-only"


def test_two_lines_of_one_password_differ():
    assert make_password("a", "the same password\n").stdout != make_password("a", "the same password\n").stdout


def test_a_terminal_is_asked_twice_and_shows_nothing():
    terminal, side = pty.openpty()  # what is typed goes in at one end and would be echoed there
    with subprocess.Popen([COUPONCTL, "admin", "password", "a", "--role", "operator"], stdin=side,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as asking:
        os.close(side)
        asking.stderr.read(1)  # it asks: the echo is off
        os.write(terminal, b"a long enough one\n")
        asking.stderr.readline()
        asking.stderr.read(1)
        os.write(terminal, b"another long one\n")
        assert asking.wait(30) == 1
        assert b"the two differ" in asking.stderr.read() and asking.stdout.read() == b""
    os.set_blocking(terminal, False)
    try:
        assert b"long" not in os.read(terminal, 4096)
    except OSError:
        pass  # nothing was echoed at all
    os.close(terminal)


@pytest.mark.parametrize("password", ["", "short\n", "x" * 600 + "\n", "with\0nul bytes\n"])
def test_passwords_that_are_none_are_refused(password):
    made = make_password("a", password)
    assert made.returncode == 1 and made.stdout == "" and made.stderr.startswith("couponctl: admin password: ")


@pytest.mark.parametrize("arguments", [["a b", "--role", "operator"], ["", "--role", "operator"],
                                       ["a:b", "--role", "operator"], ["a", "--role", "root"], ["a"], []])
def test_names_and_roles_that_are_none_are_refused(arguments):
    for what in ("password", "token"):
        made = couponctl("admin", what, *arguments)
        assert made.returncode == 2 and made.stdout == ""


def test_a_token_is_shown_once_and_only_its_digest_kept(admin_shop):
    made = couponctl("admin", "token", "robot", "--role", "operator")
    token = made.stderr.split()[-1]
    assert made.returncode == 0 and len(token) == 43 and token not in made.stdout
    admin_shop.tokens.write_text(made.stdout)
    client = admin_shop.client()
    client.headers = {"Authorization": f"Bearer {token}"}
    assert client.get("api/v1/session").json == {"user": "robot", "role": "operator", "csrf": ""}


def test_the_check_of_good_settings_passes(new_admin_shop):
    shop = new_admin_shop()
    shop.token()
    assert check(shop) == (0, "coupon-worker admin: settings, Redis and PostgreSQL are fine\n")


@pytest.mark.parametrize("name, value, said", [
    ("ADMIN_LISTEN", "127.0.0.1:80", "ADMIN_LISTEN is not unix:PATH"),
    ("ADMIN_LISTEN", "unix:relative", "ADMIN_LISTEN is not unix:PATH"),
    ("ADMIN_LISTEN", "unix:/" + "x" * 200, "at most 107 bytes"),
    ("ADMIN_SOCKET_MODE", "rw", "ADMIN_SOCKET_MODE is no octal mode"),
    ("ADMIN_SOCKET_GROUP", "nobody-has-this", "there is no group"),
    ("ADMIN_SESSION_HOURS", "0", "ADMIN_SESSION_HOURS"),
    ("ADMIN_SESSION_HOURS", "12h", "ADMIN_SESSION_HOURS"),
    ("ADMIN_SECURE_COOKIE", "no", "ADMIN_SECURE_COOKIE is neither on nor off"),
    ("ADMIN_ORIGIN", "shop.example", "ADMIN_ORIGIN is not like"),
    ("ADMIN_ORIGIN", "https://shop.example/", "ADMIN_ORIGIN is not like"),
    ("ADMIN_PASSWORDS", "/nowhere/passwords", "ADMIN_PASSWORDS: /nowhere/passwords cannot be read"),
    ("ADMIN_TOKENS", "/nowhere/tokens", "ADMIN_TOKENS: /nowhere/tokens cannot be read"),
    ("DASHBOARD_DIR", "/nowhere", "holds no index.html"),
    ("REDIS_URL", "redis://127.0.0.1:1/0", "cannot reach Redis")])
def test_the_check_says_what_is_wrong(new_admin_shop, name, value, said):
    shop = new_admin_shop()
    shop.token()
    code, text = check(shop, **{name: value})
    assert code == 1 and said in text, text


def test_the_check_names_the_wrong_line_and_not_what_it_holds(new_admin_shop):
    shop = new_admin_shop()
    shop.token()
    shop.passwords.write_text(shop.password_line(*OPERATOR, "operator") + f"rita:read-only:{READER[1]}\n")
    code, text = check(shop)
    assert code == 1 and "ADMIN_PASSWORDS: line 2 does not count" in text and READER[1] not in text


def test_without_any_file_nobody_could_be_let_in(new_admin_shop):
    code, text = check(new_admin_shop(), ADMIN_PASSWORDS="", ADMIN_TOKENS="")
    assert code == 1 and "nobody could be let in" in text
