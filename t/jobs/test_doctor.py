"""couponctl doctor: a healthy shop has no problem, and whatever is away is a finding, with what to do."""
import json
import os
import shutil
import subprocess
import time

import pytest

from harness.environment import COUPONCTL, fresh_directory

from .doctor_shop import DoctorShop, found


@pytest.fixture
def shop(postgres, template):
    shop = DoctorShop(postgres, template)
    yield shop
    shop.close()


def test_a_healthy_shop_has_no_problem(shop):
    run = shop.run()
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1].startswith("0 problems, ")
    for group in ("Redis", "PostgreSQL", "Journal", "Clock", "Secrets", "Programs", "Edge", "Workers", "Settings"):
        assert f"\n{group}\n" in "\n" + run.stdout, group
    fine = shop.findings(level="ok", status=0)
    for what in ("appendonly yes", "maxmemory-policy noeviction", "migrations are applied", "may do all that edges and workers do",
                 "edges and workers", "partitions reach 3 months", "mode 0700", "on disk after", "it fits this NGINX",
                 "edge and workers have the same click key", "catalogue is complete", "changes of offers and merchants are logged",
                 "Redis's clock", "PostgreSQL's clock"):
        assert any(what in one["what"] for one in fine), what
    assert not any(one["remedy"] for one in fine)


def test_nothing_is_changed(shop):
    before = (shop.redis.dbsize(), sorted(path.name for path in shop.edge.journal.iterdir()),
              shop.database.value("SELECT count(*) FROM audit_logs"), shop.redis_server.client().config_get())
    shop.run()
    assert before == (shop.redis.dbsize(), sorted(path.name for path in shop.edge.journal.iterdir()),
                      shop.database.value("SELECT count(*) FROM audit_logs"), shop.redis_server.client().config_get())


def test_what_is_away_is_a_finding_and_the_rest_is_looked_at(shop):
    dead = {"REDIS_URL": "redis://:hunter2@127.0.0.1:1/0", "DATABASE_URL": "postgresql://coupon:hunter2@127.0.0.1:1/shop",
            "COUPON_EDGE_URL": "http://127.0.0.1:1/stats"}
    problems = shop.problems(**dead)
    assert {one["group"] for one in problems} == {"Redis", "PostgreSQL", "Edge", "Workers"}
    assert "cannot connect" in found(problems, "", "127.0.0.1:1/shop")["what"]
    found(problems, "the edge does not answer")
    everything = shop.run(**dead).stdout
    assert "hunter2" not in everything
    assert "mode 0700" in everything and "it fits this NGINX" in everything


@pytest.mark.parametrize("name, value", [("REDIS_URL", "http://nonsense"), ("DATABASE_URL", "nonsense"), ("DATABASE_URL", "")])
def test_a_setting_that_is_none_is_a_finding(shop, name, value):
    assert found(shop.problems(**{name: value}), "", name)


def test_servers_that_hang_are_waited_for_no_longer_than_half_a_minute(shop):
    shop.redis_server.pause()
    try:
        started = time.monotonic()
        problems = shop.problems()
        assert time.monotonic() - started < 40
    finally:
        shop.redis_server.resume()
    assert any(one["group"] == "Redis" for one in problems)


def test_credentials_in_the_edges_address_are_not_told(shop):
    everything = shop.run(COUPON_EDGE_URL=f"http://ann:hunter2@127.0.0.1:{shop.edge.port()}/stats?token=hunter3").stdout
    assert "hunter" not in everything and f"http://127.0.0.1:{shop.edge.port()}/stats" in everything


def test_programs_are_not_looked_for_in_path(shop):
    folder = fresh_directory("path")
    for name in ("coupon-worker", "nginx"):
        (folder / name).write_text(f"#!/bin/sh\n: >{folder}/ran\n")
        (folder / name).chmod(0o755)
    alone = fresh_directory("alone")
    program = shutil.copy(COUPONCTL, alone)
    subprocess.run([program, "doctor"], capture_output=True, timeout=60,
                   env=os.environ | shop.environment | {"PATH": f"{folder}:{os.environ['PATH']}"})
    assert not (folder / "ran").exists()


def test_a_secret_that_others_may_replace_is_a_problem(shop):
    folder = fresh_directory("open")
    (folder / "key").write_text("0" * 32)
    (folder / "key").chmod(0o600)
    folder.chmod(0o777)
    one = found(shop.problems(COUPON_CLICK_KEY_FILE=str(folder / "key")), "others may put another file in its place")
    assert str(folder) in one["remedy"]


def test_wrong_usage(shop):
    assert shop.run("--nonsense").returncode == 2


def test_the_table_names_what_is_bad_first_and_json_is_one_document(shop):
    shop.redis_server.client().config_set("maxmemory", "900mb")
    shop.redis_server.client().config_set("maxmemory-policy", "allkeys-lru")
    lines = shop.run().stdout.splitlines()
    first = lines.index("Redis")
    assert lines[first + 1].startswith("  PROBLEM ") and "allkeys-lru" in lines[first + 1]
    assert "CONFIG SET maxmemory-policy noeviction" in lines[first + 2]
    report = json.loads(shop.run("--json").stdout)
    assert report["problems"] == 1 and report["findings"][0]["level"] == "problem"
