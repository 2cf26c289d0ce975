"""couponctl privacy erase --archive: only files of the archive are touched, and only whole ones."""
import gzip
import json
import os

import pytest

from .privacy_person import make_person, traces


@pytest.fixture
def shop(cashback_shop):
    return cashback_shop


@pytest.fixture
def person(shop):
    return make_person(shop)


@pytest.fixture
def archive(tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


def add_file(shop, person, path, name=None, finished=True):
    path.write_bytes(gzip.compress((json.dumps({"to": person.email}) + "\n").encode()))
    shop.database.run("INSERT INTO archived_files (name, host, source, rows, bytes, finished_at) VALUES (%s, 'h', 'email_queue', 1, %s,"
                      " CASE WHEN %s THEN now() END)", [name or path.name, path.stat().st_size, finished])


def refused(shop, person, archive, why):
    before = traces(shop.database, person)
    run = shop.couponctl("privacy", "erase", person.id, "--yes", "--archive", archive)
    assert run.returncode == 1 and why in run.stderr, run.stdout + run.stderr
    assert traces(shop.database, person) == before


def test_a_file_that_is_still_written_is_waited_for(shop, person, archive):
    add_file(shop, person, archive / "a.ndjson.gz")
    add_file(shop, person, archive / "b.ndjson.gz", finished=False)
    before = (archive / "a.ndjson.gz").read_bytes()
    refused(shop, person, archive, "try again")
    assert (archive / "a.ndjson.gz").read_bytes() == before


@pytest.mark.parametrize("name", ["../outside.gz", ".hidden.gz"])
def test_names_that_lead_elsewhere_are_refused(shop, person, archive, name):
    path = archive / name
    add_file(shop, person, path, name)
    before = path.read_bytes()
    refused(shop, person, archive, "none of the archive's")
    assert path.read_bytes() == before


@pytest.mark.parametrize("plant", [lambda path, real: path.symlink_to(real), lambda path, real: os.mkfifo(path)], ids=["link", "pipe"])
def test_what_is_no_file_is_refused(shop, person, archive, plant):
    real = archive.parent / "real.gz"
    add_file(shop, person, real, "a.ndjson.gz")
    before = real.read_bytes()
    plant(archive / "a.ndjson.gz", real)
    refused(shop, person, archive, "is no file")
    assert real.read_bytes() == before


def test_one_goes_through_the_archive_at_a_time(shop, person, archive):
    connection = shop.database.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('couponctl privacy archive'), 0)")
        refused(shop, person, archive, "another one goes through")
    connection.close()
