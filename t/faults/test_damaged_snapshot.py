"""A catalogue snapshot that is damaged and out of date: never a wrong answer once PostgreSQL was read."""
import os

import pytest

from harness.waiting import eventually

from .accounts import settle


def flip_some(path):
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 4, len(content), len(content) // 4):
        content[place] ^= 0x55
    path.write_bytes(content)


def truncate(path):
    os.truncate(path, path.stat().st_size * 2 // 3)


def cut_in_the_header(path):
    os.truncate(path, 20)


def empty(path):
    os.truncate(path, 0)


def nonsense(path):
    path.write_bytes(os.urandom(3000))


@pytest.mark.parametrize("damage", [flip_some, truncate, cut_in_the_header, empty, nonsense])
def test_damaged(busy_shop, counts, damage):
    shop = busy_shop()
    removed, *_ = [shop.offer() for _ in range(30)]
    eventually(lambda: shop.edge.stats()["catalog"]["entries"] == len(shop.live) + 30, "the catalogue is complete")
    eventually(lambda: shop.edge.stats()["catalog"]["snapshot_written"], "the snapshot is written", 30)
    shop.edge.stop()
    damage(shop.edge.journal / "catalog.snapshot")
    shop.sql("UPDATE offers SET is_active = false WHERE id = %s", removed.id)
    added = shop.offer()
    before = len(shop.edge.log())
    shop.edge.start()
    eventually(lambda: shop.edge.stats()["catalog"]["entries"] == len(shop.live) + 30, "PostgreSQL was read")
    with shop.load() as load:
        load.goes_on(100)
        assert shop.edge.get(added.path, method="POST").status == 405
        assert shop.edge.get(removed.path).status == 404
    counts.add(faults=1)
    assert "snapshot" in shop.edge.log()[before:]
    settle(shop, load, counts)
    shop.click(added.path)
