"""couponctl autoscale: how many instances run by how much waits. systemctl is played by a script."""
import json
import os
import stat
import time

import pytest

from harness.environment import fresh_directory
from harness.process import free_port
from harness.shop import couponctl

SYSTEMCTL = """#!/bin/sh
# Knows units by the lines of `units`, and writes down what it is asked.
cd "{directory}" || exit 9
echo "$*" >> calls
verb=$1
shift
case $verb in
    list-units)
        for last; do :; done
        while read -r line; do
            case ${{line%% *}} in $last) echo "$line" ;; esac
        done < units ;;
    start|stop)
        if [ -e broken ]; then echo "Failed to connect to bus: No such file or directory" >&2; exit 1; fi
        shift
        for unit; do
            grep -v "^$unit " units > others
            mv others units
            [ "$verb" = stop ] || echo "$unit loaded active running Coupon worker" >> units
        done ;;
esac
"""


class Systemctl:
    """The script, and what it has been asked."""

    def __init__(self, **environment):
        self.directory = fresh_directory("systemctl")
        self.path = self.directory / "systemctl"
        self.path.write_text(SYSTEMCTL.format(directory=self.directory))
        self.path.chmod(0o755)
        self.state = self.directory / "state.json"
        self.units = self.directory / "units"
        self.units.write_text("")
        self.environment = environment

    def runs(self, role, *numbers, active="active"):
        with open(self.units, "a") as units:
            for number in numbers:
                units.write(f"coupon-worker-{role}@{number}.service loaded {active} running Coupon worker {role}\n")

    def running(self, role):
        found = [line.split() for line in self.units.read_text().splitlines()]
        return sorted(int(unit.partition("@")[2].removesuffix(".service")) for unit, _, active, *_ in found
                      if unit.startswith(f"coupon-worker-{role}@") and active == "active")

    def calls(self, *verbs):
        calls = self.directory / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [line for line in lines if line.split()[0] in (verbs or ("start", "stop"))]

    def autoscale(self, *arguments, status=0, **environment):
        run = couponctl("autoscale", "--systemctl", self.path, "--state", self.state, *arguments,
                        environment=self.environment | environment)
        assert run.returncode == status, run.stdout + run.stderr
        return run.stdout if status == 0 else run.stdout + run.stderr


@pytest.fixture
def systemctl(job_shop):
    """autoscale's environment: this shop's PostgreSQL and Redis."""
    made = Systemctl(**job_shop.environment)
    made.shop = job_shop
    return made


def wait_in_redis(shop, role, count):
    shop.redis.delete(f"queue:{role}")
    if count:
        shop.redis.rpush(f"queue:{role}", *(["{}"] * count))


def add_mails(shop, count, scheduled="now()"):
    shop.database.run('INSERT INTO email_queue (type, "to", idempotency_key, scheduled_at) SELECT \'otp\', \'a@b.test\','
                      f" gen_random_uuid()::text, {scheduled} FROM generate_series(1, %s)", [count])


# --- up and down

def test_more_than_a_thousand_start_all_five(systemctl):
    systemctl.runs("email", 1, 2)
    wait_in_redis(systemctl.shop, "email", 1000)
    assert "2 instances stay" in systemctl.autoscale("email")
    wait_in_redis(systemctl.shop, "email", 1001)
    said = systemctl.autoscale("email")
    assert said == ("email: 1001 pending (1001 in Redis, 0 due rows), more than 1000: 2 → 5 instances,"
                    " starting 3, 4, 5\n")
    assert systemctl.calls() == ["start --no-block coupon-worker-email@3.service coupon-worker-email@4.service"
                                 " coupon-worker-email@5.service"]
    assert systemctl.autoscale("email").endswith("5 instances stay\n")
    assert len(systemctl.calls()) == 1


def test_fewer_than_a_hundred_stop_all_but_two_once_it_has_been_calm(systemctl):
    systemctl.runs("email", 1, 2, 3, 4, 5)
    wait_in_redis(systemctl.shop, "email", 99)
    assert "fewer than 100 in 1 of 3 readings: 5 instances stay" in systemctl.autoscale("email", "--calm", 3)
    assert "in 2 of 3 readings" in systemctl.autoscale("email", "--calm", 3)
    assert systemctl.calls() == []
    assert "5 → 2 instances, stopping 5, 4, 3" in systemctl.autoscale("email", "--calm", 3)
    assert systemctl.running("email") == [1, 2]
    assert "2 instances stay" in systemctl.autoscale("email", "--calm", 3)


def test_a_reading_between_the_thresholds_changes_nothing_and_ends_the_calm(systemctl):
    systemctl.runs("email", 1, 2, 3)
    for waiting in (0, 100, 1000, 0, 500, 0):
        wait_in_redis(systemctl.shop, "email", waiting)
        assert "3 instances stay" in systemctl.autoscale("email", "--calm", 2), waiting
    assert systemctl.calls() == []
    assert "stopping 3" in systemctl.autoscale("email", "--calm", 2)


@pytest.mark.parametrize("seconds_ago, low", [(500, 2), (700, 1), (-60, 1)])
def test_an_old_reading_says_nothing_about_now(systemctl, seconds_ago, low):
    systemctl.runs("email", 1, 2, 3)
    systemctl.state.write_text(json.dumps({"email": {"low": 1, "at": int(time.time()) - seconds_ago}}))
    assert f"in {low} of 3 readings" in systemctl.autoscale("email", "--calm", 3)


def test_rows_that_are_due_count_and_those_of_later_do_not(systemctl):
    systemctl.runs("email", 1, 2)
    wait_in_redis(systemctl.shop, "email", 500)
    add_mails(systemctl.shop, 500)
    add_mails(systemctl.shop, 700, "now() + interval '1 hour'")
    assert "1000 pending (500 in Redis, 500 due rows), from 100 to 1000" in systemctl.autoscale("email")
    add_mails(systemctl.shop, 1)
    assert "1001 pending (500 in Redis, 501 due rows), more than 1000: 2 → 5" in systemctl.autoscale("email")


def test_webhooks_wait_as_rows_of_two_tables(systemctl):
    systemctl.runs("webhooks", 1, 2)
    systemctl.shop.database.run("INSERT INTO webhook_logs (id, provider, verdict) SELECT gen_random_uuid(), 'hmac',"
                                " 'accepted' FROM generate_series(1, 30)")
    systemctl.shop.add_call()
    assert "31 pending (0 in Redis, 31 due rows)" in systemctl.autoscale("webhooks")


def test_thresholds_of_each_role(systemctl):
    systemctl.runs("sms", 1)
    systemctl.runs("clicks", 1, 2)
    wait_in_redis(systemctl.shop, "sms", 11)
    wait_in_redis(systemctl.shop, "clicks", 5000)
    said = systemctl.autoscale(AUTOSCALE_SMS="1 3 10 5", AUTOSCALE_CLICKS="2 4 5000 100").splitlines()
    assert said[0].startswith("clicks: 5000 pending") and said[0].endswith("2 instances stay")
    assert said[1].endswith("more than 10: 1 → 3 instances, starting 2, 3")
    assert not any("email" in call for call in systemctl.calls("list-units")), "a role without a line is left alone"


# --- the limits

def test_the_fewest_run_whatever_waits(systemctl):
    assert "at least 2 should run: 0 → 2 instances, starting 1, 2" in systemctl.autoscale("email")
    assert systemctl.running("email") == [1, 2]


def test_gaps_are_filled_first_and_more_than_allowed_are_stopped(systemctl):
    systemctl.runs("email", 2, 4)
    wait_in_redis(systemctl.shop, "email", 2000)
    systemctl.autoscale("email")
    assert systemctl.running("email") == [1, 2, 3, 4, 5]
    systemctl.runs("email", 6, 11)
    assert "at most 5 should run: 7 → 5 instances, stopping 11, 6" in systemctl.autoscale("email")
    assert systemctl.running("email") == [1, 2, 3, 4, 5]


def test_those_that_end_do_not_count_those_that_start_do_and_failed_ones_are_named(systemctl):
    systemctl.runs("email", 1)
    systemctl.runs("email", 2, active="activating")
    systemctl.runs("email", 3, active="deactivating")
    systemctl.runs("email", 4, active="failed")
    systemctl.runs("email", "by-hand")
    wait_in_redis(systemctl.shop, "email", 500)
    said = systemctl.autoscale("email")
    assert said.endswith("2 instances stay; failed: 4 (journalctl -u coupon-worker-email@4)\n")


# --- nothing is done

def test_a_dry_run_changes_nothing(systemctl):
    systemctl.runs("email", 1, 2)
    wait_in_redis(systemctl.shop, "email", 2000)
    assert "2 → 5 instances, would start 3, 4, 5" in systemctl.autoscale("email", "--dry-run")
    assert systemctl.calls() == []
    assert not systemctl.state.exists()


@pytest.mark.parametrize("missing", ["REDIS_URL", "DATABASE_URL"])
def test_nothing_is_changed_while_redis_or_postgres_is_away(systemctl, missing):
    """Zero pending because nobody could be asked would stop what is needed most."""
    systemctl.runs("email", 1, 2, 3)
    systemctl.autoscale("email", "--calm", 2)
    before = systemctl.state.read_bytes()
    nobody = {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
              "DATABASE_URL": f"postgresql://coupon:hidden@127.0.0.1:{free_port()}/shop"}
    said = systemctl.autoscale("email", "--calm", 2, status=1, **{missing: nobody[missing]})
    assert "nothing is started or stopped: " in said and "hidden" not in said
    assert systemctl.calls() == []
    assert systemctl.state.read_bytes() == before


def test_nothing_is_changed_where_the_state_cannot_be_kept(systemctl):
    wait_in_redis(systemctl.shop, "email", 2000)
    systemctl.state = systemctl.directory / "none" / "state.json"
    said = systemctl.autoscale("email", status=2)
    assert "none/state.json" in said and "No such file" in said
    assert systemctl.calls() == []


def test_a_state_that_is_none_is_written_anew(systemctl):
    systemctl.runs("email", 1, 2, 3)
    for text in ("", "[1, 2]", '{"email": 3}', '{"email": {"low": "x", "at": 1}}'):
        systemctl.state.write_text(text)
        assert "in 1 of 2 readings" in systemctl.autoscale("email", "--calm", 2), text
    assert stat.S_IMODE(os.stat(systemctl.state).st_mode) == 0o600
    assert not systemctl.state.with_name("state.json.new").exists()


def test_a_link_where_the_state_goes_is_not_followed(systemctl):
    """Root writes it: whoever may write into the folder must not choose another file."""
    precious = systemctl.directory / "precious"
    precious.write_text("as it was")
    for name in ("state.json", "state.json.new"):
        (systemctl.directory / name).symlink_to(precious)
    systemctl.runs("email", 1, 2)
    systemctl.autoscale("email")
    assert precious.read_text() == "as it was"
    assert not systemctl.state.is_symlink() and json.loads(systemctl.state.read_text())


def test_what_systemctl_does_not_do_is_said_and_the_others_go_on(systemctl):
    systemctl.runs("email", 1, 2, 3)
    wait_in_redis(systemctl.shop, "email", 2000)
    (systemctl.directory / "broken").touch()
    said = systemctl.autoscale("clicks", "email", status=1)
    assert said.count("left with status 1: Failed to connect to bus: No such file or directory") == 2
    assert len(systemctl.calls("start")) == 2, "both roles were tried"
    systemctl.path = systemctl.directory / "nowhere"
    said = systemctl.autoscale("email", status=1)
    assert "nothing is started or stopped" in said and "cannot be run: No such file or directory" in said


# --- refusals

@pytest.mark.parametrize("role", ["cashback", "cron", "admin"])
def test_roles_of_which_one_works_at_a_time(systemctl, role):
    said = systemctl.autoscale(role, status=2)
    assert f"the {role} role is not scaled" in said and f"start coupon-worker-{role}@1.service" in said
    said = systemctl.autoscale(status=2, **{f"AUTOSCALE_{role.upper()}": "2 5 1000 100"})
    assert f"AUTOSCALE_{role.upper()}: the {role} role is not scaled" in said


@pytest.mark.parametrize("name", ["AUTOSCALE_EMIAL", "AUTOSCALE_email", "AUTOSCALE_"])
def test_a_misspelt_variable_is_refused(systemctl, name):
    said = systemctl.autoscale("email", status=2, **{name: "2 5 1000 100"})
    assert f"{name}: there is no such role to scale; there are clicks, webhooks, email and sms" in said


def test_without_any_role_it_says_what_to_set(systemctl):
    assert 'AUTOSCALE_EMAIL="2 5 1000 100"' in systemctl.autoscale(status=2)
    assert "there is no such role" in systemctl.autoscale("mails", status=2)


@pytest.mark.parametrize("text, why", [
    ("2 5 1000", 'it takes four numbers, "min max up down" such as "2 5 1000 100"; there are 3'),
    ("2 5 1000 100 1", "there are 5"),
    ("2 5 many 100", '"many" is no whole number'),
    ("2 5 1e3 100", '"1e3" is no whole number'),
    ("2 5 99999999999999999999 100", "is no whole number"),
    ("0 5 1000 100", "min is 0; at least 1 instance has to run"),
    ("3 2 1000 100", "max is 2; it has to be from min, 3, to 50"),
    ("2 51 1000 100", "max is 51"),
    ("2 5 100 100", "down has to be at least 1 and less than up"),
    ("2 5 100 1000", "down is 1000 and up is 100"),
    ("2 5 1000 0", "down has to be at least 1"),
    ("2 5 1000001 100", "at most 1000000 pending jobs are counted")])
def test_limits_that_make_no_sense(systemctl, text, why):
    systemctl.runs("email", 1)
    said = systemctl.autoscale(status=2, AUTOSCALE_EMAIL=text)
    assert said.startswith("couponctl: AUTOSCALE_EMAIL: ") and why in said and said.count("\n") == 1
    assert systemctl.calls("list-units", "start", "stop") == []


# --- for programs

def test_as_json(systemctl):
    systemctl.runs("email", 1, 3)
    wait_in_redis(systemctl.shop, "email", 1001)
    add_mails(systemctl.shop, 1)
    said = json.loads(systemctl.autoscale("email", "--json", "--dry-run"))
    assert said["dry_run"] is True
    assert said["roles"] == [{
        "role": "email", "pending": 1002, "queued": 1001, "due": 1, "running": [1, 3], "failed": [], "wanted": 5,
        "start": [2, 4, 5], "stop": [], "reason": "1002 pending (1001 in Redis, 1 due rows), more than 1000"}]
