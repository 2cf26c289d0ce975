"""couponctl clicks audit --access-log: which words of a line are click ids, and what becomes of them."""
import time
import uuid

import pytest

from harness.environment import fresh_directory
from harness.shop import couponctl


def version_7(millisecond=None):
    random = uuid.uuid4().int & (2**80 - 1)
    return str(uuid.UUID(int=((millisecond or int(time.time() * 1000)) << 80 | random) & ~(0xF << 76) & ~(3 << 62)
                         | 7 << 76 | 2 << 62))


@pytest.fixture(scope="module")
def database(postgres, template):
    fresh = postgres.create_database(template)
    yield fresh
    fresh.close()


def audit(database, text):
    log = fresh_directory("log") / "access.log"
    log.write_bytes(text if isinstance(text, bytes) else text.encode())
    return couponctl("clicks", "audit", "--access-log", log, environment={"DATABASE_URL": database.url})


def store(database, click_id):
    database.run("INSERT INTO offer_clicks (click_id, clicked_at) VALUES (%s, to_timestamp(%s))",
                 [click_id, (uuid.UUID(click_id).int >> 80) / 1000])


FORMATS = ["{}", 'click={} offer=x', '"GET /out/m/{other} HTTP/1.1" 302 click={}', '{{"click_id":"{}","status":302}}',
           "192.0.2.1|302|{}", '{{"offer":"{other}","click_id":"{}","note":"click={other}","correlation_id":"{other}"}}',
           '{{"host":"a","line":{{"coupon_click_id":"{}","offer":"{other}"}}}}', '{{"click_id":"{}", cut off', '"{}"', "\tcoupon_click_id:{}\t", '"GET /out/m/{other}?c={other} HTTP/1.1" {} "https://a/?click_id={other}"']


@pytest.mark.parametrize("line", FORMATS)
def test_ids_are_found_in_many_formats(database, line):
    click_id = version_7()
    text = line.format(click_id, other=version_7()) + "\n"
    run = audit(database, text)
    assert run.returncode == 1 and f"missing {click_id}" in run.stdout and "1 click ids" in run.stdout
    store(database, click_id)
    run = audit(database, text)
    assert run.returncode == 0 and "0 ids missing" in run.stdout


def test_other_lines_hold_none(database):
    run = audit(database, f"GET /out/m/{version_7()} 404 click=-\n{uuid.uuid4()}\n\xff\x00\n\n" + "-" * 5000)
    assert run.returncode == 0 and " 0 click ids" in run.stdout


def test_unjournaled_clicks_are_told_apart(database):
    run = audit(database, f"click={version_7()} verdict=unjournaled\n")
    assert run.returncode == 0 and "1 lines unjournaled" in run.stdout


def test_unjournaled_clicks_in_json(database):
    run = audit(database, f'{{"click_id":"{version_7()}","verdict":"unjournaled"}}\n{{"path":"/unjournaled","click_id":""}}\n')
    assert run.returncode == 0 and "1 lines unjournaled" in run.stdout and " 0 click ids" in run.stdout


def test_a_rejected_click_is_not_missing(database):
    click_id = version_7()
    database.run("INSERT INTO click_rejects (id, click_id, reason, raw) VALUES (gen_random_uuid(), %s, 'why', '')",
                 [click_id])
    assert audit(database, f"click={click_id}").returncode == 0


def test_thousands_of_ids_over_many_months(database):
    ids = [version_7(1_700_000_000_000 + number * 10_000_000) for number in range(12_000)]
    database.run("INSERT INTO offer_clicks (click_id, clicked_at)"
                 " SELECT id, to_timestamp(1700000000 + (number - 1) * 10000)"
                 " FROM unnest(%s::uuid[]) WITH ORDINALITY AS click (id, number)", [ids])
    run = audit(database, "\n".join(f"click={click_id}" for click_id in ids * 2))
    assert run.returncode == 0 and "12000 click ids" in run.stdout, run.stdout


def test_a_log_that_cannot_be_read(database):
    run = couponctl("clicks", "audit", "--access-log", "/nonexistent/log", environment={"DATABASE_URL": database.url})
    assert run.returncode == 2 and "/nonexistent/log" in run.stderr
