"""The sitemap: what is in it, and that who reads it meanwhile finds whole files."""
import gzip
import os
import pathlib
import xml.etree.ElementTree as ET

import pytest

from harness.catalog import add_merchant, add_offer
from harness.disks import small_disk
from harness.waiting import eventually

NS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "sitemap"
    folder.mkdir()
    return folder


@pytest.fixture
def shop(new_cron_shop, folder):
    return new_cron_shop(settings={"SITEMAP_DIR": str(folder), "SHOP_URL": "https://shop.test/"})


def entries(path):
    text = path.read_bytes()
    root = ET.fromstring(gzip.decompress(text) if path.suffix == ".gz" else text)
    return [{child.tag.removeprefix(NS): child.text for child in entry} for entry in root]


def urls(folder):
    """Of all files that sitemap.xml names."""
    files = [entry["loc"].removeprefix("https://shop.test/") for entry in entries(folder / "sitemap.xml")]
    return [entry for file in files for entry in entries(folder / file)]


def test_live_offers_and_merchants_with_their_last_change(shop, folder):
    merchant = add_merchant(shop.database)
    live = add_offer(shop.database, merchant)
    add_offer(shop.database, merchant, is_active=False)
    add_offer(shop.database, merchant, is_verified=False)
    add_offer(shop.database, merchant, expires_at="2020-01-01T00:00:00Z")
    add_offer(shop.database, merchant, deleted_at="2020-01-01T00:00:00Z")
    shop.database.run("UPDATE offers SET updated_at = '2026-03-04 05:06:07+00' WHERE id = %s", [live.id])
    assert shop.run("sitemap") == {"urls": 2, "files": 1}
    found = {entry["loc"]: entry["lastmod"] for entry in urls(folder)}
    assert found[f"https://shop.test/offers/{live.uuid}"] == "2026-03-04T05:06:07Z"
    slug = shop.database.value("SELECT slug FROM merchants WHERE id = %s", [merchant.id])
    assert set(found) == {f"https://shop.test/offers/{live.uuid}", f"https://shop.test/stores/{slug}"}


def test_no_file_has_more_than_50000_urls(shop, folder):
    merchant = add_merchant(shop.database)
    shop.database.run("INSERT INTO offers (merchant_id, title, affiliate_url, is_verified) SELECT %s, 't',"
                      " 'https://m.test/', true FROM generate_series(1, 100500)", [merchant.id])
    assert shop.run("sitemap", within_s=180) == {"urls": 100_501, "files": 3}
    sizes = [len(entries(folder / entry["loc"].rpartition("/")[2])) for entry in entries(folder / "sitemap.xml")]
    assert sizes == [50_000, 50_000, 501]
    assert len({entry["loc"] for entry in urls(folder)}) == 100_501


def test_who_has_just_read_the_index_still_finds_its_files(shop, folder):
    add_offer(shop.database, add_merchant(shop.database))
    generations = []
    for _ in range(3):
        shop.run("sitemap")
        generations.append({entry["loc"].rpartition("/")[2] for entry in entries(folder / "sitemap.xml")})
    there = {file.name for file in folder.iterdir()}
    assert there == generations[1] | generations[2] | {"sitemap.xml"}


def test_what_a_kill_left_is_cleared_away(shop, folder):
    (folder / "sitemap-1-1.xml.gz").write_bytes(b"half")
    for name in ("sitemap-1-2.xml.gz.0a1b.tmp", "sitemap.xml.0a1b.tmp", "of-somebody-else.tmp"):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (1, 1))
    (folder / "sitemap-1-3.xml.gz.0a1b.tmp").write_bytes(b"somebody writes it")
    (folder / "of-somebody-else.xml").write_text("stays")
    shop.run("sitemap")
    names = {file.name for file in folder.iterdir()} - {entry["loc"].rpartition("/")[2] for entry in entries(folder / "sitemap.xml")}
    assert names == {"sitemap.xml", "of-somebody-else.xml", "of-somebody-else.tmp", "sitemap-1-3.xml.gz.0a1b.tmp"}


def test_hostile_slugs_stay_one_url(shop, folder):
    merchant = add_merchant(shop.database)
    shop.database.run("UPDATE merchants SET slug = %s WHERE id = %s", ["a&b <c>/../\"d\" é", merchant.id])
    shop.run("sitemap")
    assert [entry["loc"] for entry in urls(folder)] == ["https://shop.test/stores/a%26b%20%3Cc%3E%2F..%2F%22d%22%20%C3%A9"]


def test_a_full_disk_leaves_the_old_sitemap_as_it_is(new_cron_shop):
    with small_disk(1) as directory:
        folder = pathlib.Path(directory)
        shop = new_cron_shop(settings={"SITEMAP_DIR": directory, "SHOP_URL": "https://shop.test/"})
        add_offer(shop.database, add_merchant(shop.database))
        shop.run("sitemap")
        before = {file.name: file.read_bytes() for file in folder.iterdir()}
        with pytest.raises(OSError):
            (folder / "of-somebody-else").write_bytes(bytes(2 << 20))
        assert "No space left" in shop.run("sitemap", status="failed")
        assert {file.name: file.read_bytes() for file in folder.iterdir() if file.name in before} == before
        assert {file.name for file in folder.iterdir()} == {*before, "of-somebody-else"}, "nothing half is left"
        for worker in shop.workers:
            worker.stop()


def test_another_worker_s_half_written_file_is_not_published(shop, folder):
    """A worker that was cut off may still write the file that the next one writes as well."""
    add_offer(shop.database, add_merchant(shop.database))
    shop.start_cron()
    shop.database.run("INSERT INTO cron_runs (job, due_at, cause) VALUES ('sitemap', to_timestamp(1700000000), 'manual')")
    eventually(lambda: (folder / "sitemap.xml").exists(), "the sitemap")
    (file,) = folder.glob("sitemap-1700000000-1.xml.gz")
    with open(folder / "sitemap-1700000000-1.xml.gz.tmp", "wb") as stale:
        shop.database.run("INSERT INTO cron_runs (job, due_at, cause) VALUES ('sitemap', to_timestamp(1700000000), 'manual')")
        eventually(lambda: shop.database.value("SELECT count(*) FROM cron_runs WHERE status = 'completed'") == 2, "the second run")
        stale.write(b"of the one that was cut off")
    assert len(urls(folder)) == 2 and file.exists()
