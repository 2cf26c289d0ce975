"""What a hostile neighbour may not do."""
import os
import subprocess

import pytest

from harness.environment import AS_ROOT, as_user, fresh_directory, sanitizer_environment


def refuses_to_start(edge):
    edge.write_configuration()
    run = subprocess.run([*map(str, edge.command())], capture_output=True, text=True, timeout=30,
                         env={**os.environ, **sanitizer_environment()})
    edge.error_log.unlink(missing_ok=True)
    return run.returncode != 0 and '"coupon_journal"' in run.stderr


def test_a_refused_body_is_not_the_next_request(new_shop):
    shop = new_shop()
    offer = shop.offer()
    inner = f"GET {offer.path_for(666)} HTTP/1.1\r\nHost: x\r\n\r\n"
    with shop.edge.connect() as connection:
        connection.send((f"POST {offer.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(inner)}\r\n\r\n{inner}"
                         f"HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n").encode())
        assert connection.read().status == 405
        assert connection.read("HEAD").status == 200
    assert shop.redis.llen("queue:clicks") == 0 and shop.clicks_of(offer) == 0


@pytest.mark.skipif(not AS_ROOT, reason="the master must be root")
def test_root_gives_nothing_away_through_a_link(new_shop):
    shop = new_shop(start=False)
    victim = fresh_directory("victim")
    (victim / "file").write_text("x")
    link = shop.edge.directory / "journal-link"
    subprocess.run([*as_user("nobody"), "ln", "-s", victim, link], check=True)
    shop.edge.settings["coupon_journal"] = f"{link} size=64m segment=1m"
    assert shop.edge.check_configuration()[0]
    assert refuses_to_start(shop.edge)
    state = os.stat(victim)
    assert (state.st_uid, state.st_mode & 0o777) == (0, 0o755)


@pytest.mark.skipif(not AS_ROOT, reason="the master must be root")
def test_root_gives_no_folder_away_that_is_in_use(new_shop):
    shop = new_shop(start=False)
    used = fresh_directory("used")
    (used / "file").write_text("x")
    shop.edge.settings["coupon_journal"] = f"{used} size=64m segment=1m"
    assert refuses_to_start(shop.edge)
    assert os.stat(used).st_uid == 0


def test_a_temporary_table_does_not_catch_the_catalogue_log(new_shop):
    shop = new_shop(start=False)
    offer = shop.offer()
    shop.sql("DELETE FROM catalog_log")
    shop.sql("CREATE TEMP TABLE catalog_log (kind text, id bigint);"
             f"UPDATE offers SET affiliate_url = 'https://other.example/' WHERE id = {offer.id}")
    assert shop.database.value("SELECT count(*) FROM public.catalog_log") == 1
