"""Settings of cron, its --check, and couponctl cron."""
import json
import os
import subprocess

import pytest

from harness.environment import COUPON_WORKER
from harness.shop import couponctl

from .cron_runs import add_offers, leads, reaches, run_of, runs, worker_id


@pytest.fixture
def shop(new_cron_shop):
    return new_cron_shop(settings={"COUPON_TZ": "Europe/Berlin"})


def cron(shop, *arguments, **environment):
    return subprocess.run([str(COUPON_WORKER), "cron", *arguments], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **shop.environment, **environment})


def ctl(shop, *arguments, status=0, **environment):
    run = couponctl("cron", *arguments, environment=shop.environment | environment)
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout if status == 0 else run.stdout + run.stderr


# --- settings


def test_check_finds_everything_fine(shop):
    run = cron(shop, "--check")
    assert run.returncode == 0 and run.stderr == "coupon-worker cron: settings, Redis and PostgreSQL are fine\n"


SCHEDULE = ('is no schedule: give one like "daily 02:00", "weekly sun 03:30", "hourly :15", "every 5m" or "off"')


@pytest.mark.parametrize("setting, value, said", [
    ("CRON_WALLET_CHECK", "daily 2:00", f"CRON_WALLET_CHECK {SCHEDULE}"),
    ("CRON_EXPIRE_OFFERS", "0 2 * * *", f"CRON_EXPIRE_OFFERS {SCHEDULE}"),
    ("CRON_EXPIRE_OFERS", "daily 02:00", "CRON_EXPIRE_OFERS names no job of cron; there are CRON_"),
    ("COUPON_TZ", "Mars/Olympus", "COUPON_TZ names no time zone this system knows"),
])
def test_a_wrong_setting_is_refused(shop, setting, value, said):
    checked = cron(shop, "--check", **{setting: value})
    assert checked.returncode == 1 and f"coupon-worker cron: {said}" in checked.stderr
    started = cron(shop, **{setting: value})
    assert started.returncode == 2 and json.loads(started.stderr.splitlines()[-1])["error"].startswith(said)


def test_a_schedule_comes_from_a_file_as_well(shop, tmp_path):
    path = tmp_path / "schedule"
    path.write_text("weekly tue 04:05\n")
    worker = shop.start_cron(CRON_EXPIRE_OFFERS="", CRON_EXPIRE_OFFERS_FILE=str(path))
    leads(shop, worker)
    row = shop.database.row("SELECT schedule, zone, next_at AT TIME ZONE zone AS local FROM cron_jobs"
                            " WHERE name = 'expire_offers'")
    assert (row["schedule"], row["zone"]) == ("weekly tue 04:05", "Europe/Berlin")
    assert f"{row['local']:%a %H:%M}" == "Tue 04:05"


def test_what_others_call_cron_is_no_matter(shop):
    assert cron(shop, "--check", CRON_TZ="Europe/Berlin", CRON_LOG_FILE="/nowhere/cron.log").returncode == 0


def test_check_misses_tables(shop):
    shop.database.run("DROP TABLE cron_runs")
    run = cron(shop, "--check")
    assert run.returncode == 1
    assert run.stderr == "coupon-worker cron: PostgreSQL has no table cron_runs: run couponctl migrate\n"


# --- couponctl


def test_list(shop):
    assert ctl(shop, "list").endswith("no cron worker has led yet\n")
    worker = shop.start_cron(CRON_EXPIRE_OFFERS="daily 02:00")
    leads(shop, worker)
    text = ctl(shop, "list")
    line = next(line for line in text.splitlines() if line.startswith("expire_offers"))
    assert "daily 02:00" in line and "Switch off offers whose time is over" in line
    assert text.endswith(f"{worker_id(shop, worker)} leads; schedules are times of Europe/Berlin, all others UTC\n")
    add_offers(shop, 1)
    ctl(shop, "run", "expire_offers", "--wait")
    listed = {job["name"]: job for job in json.loads(ctl(shop, "list", "--json"))}
    job = listed["expire_offers"]
    assert job["last_status"] == "completed" and job["leader"] == worker_id(shop, worker) and job["leader_seen_s"] < 30
    assert listed["wallet_check"]["next_at"] is None and job["next_at"].endswith("Z")
    assert worker.stop() == 0
    assert "no cron worker leads, for " in ctl(shop, "list")


def test_run_and_history(shop):
    said = ctl(shop, "run", "expire_offers", status=1)
    assert said == "couponctl: cron run: there is no such job; see cron list (it is empty until a cron worker has led)\n"
    worker = shop.start_cron()
    leads(shop, worker)
    assert worker.stop() == 0
    add_offers(shop, 2)
    first = ctl(shop, "run", "expire_offers", "--actor", "asha")
    number = int(first.split()[1])
    assert first == f"run {number} is requested\n"
    assert ctl(shop, "run", "expire_offers") == f"run {number} is requested already, and has not begun\n"
    assert (run_of(shop, number)["cause"], run_of(shop, number)["requested_by"]) == ("manual", "asha")
    audit = shop.database.run("SELECT actor, entity, entity_id FROM audit_logs WHERE action LIKE 'cron%%'")
    assert audit == [{"actor": "asha", "entity": "cron_runs", "entity_id": str(number)}]
    shop.start_cron()
    assert ctl(shop, "run", "expire_offers", "--wait").splitlines()[-1].startswith("completed in ")
    reaches(shop, number, "completed")

    shop.database.run("ALTER FUNCTION wallet_expire(integer) RENAME TO wallet_expire_")
    said = ctl(shop, "run", "release_holds", "--wait", status=1)
    assert said.splitlines()[-1].startswith("failed in ") and "wallet_expire" in said
    history = ctl(shop, "history").splitlines()
    assert history[0].split() == ["run", "job", "due", "cause", "status", "took", "result"]
    assert "failed" in history[1] and "wallet_expire" in history[1]
    assert '"expired": 2' in history[-1]
    rows = json.loads(ctl(shop, "history", "expire_offers", "--limit", "1", "--json"))
    last = runs(shop, "expire_offers")[-1]
    assert [row["id"] for row in rows] == [last["id"]]
    assert rows[0]["result"] == last["result"] and rows[0]["worker"] == last["worker"] and rows[0]["ms"] >= 0
    assert ctl(shop, "history", "nonsense", status=1) == "couponctl: cron history: there is no such job; see cron list\n"
