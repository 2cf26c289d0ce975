"""Damage to the journal while NGINX is down: what is whole is stored, what is not counts as missing."""
import os
import pathlib

import pytest

from harness.waiting import eventually

from .accounts import Audit, settle
from .segments import HEADER_BYTES, flip, overwrite, records_of, unsettled_segments


def flip_a_payload(path, records):
    victim = records[len(records) // 2]
    flip(path, victim.payload + victim.payload_bytes // 2)
    return [victim]


def flip_a_length(path, records):
    victim = records[len(records) // 3]
    flip(path, victim.offset + 1)
    return [victim]


def zero_a_length(path, records):
    victim = records[len(records) // 3]
    overwrite(path, victim.offset, bytes(4))
    return [victim]


def flip_a_number(path, records):
    victim = records[len(records) // 4]
    flip(path, victim.offset + 8)
    return [victim]


def flip_the_first_and_the_last(path, records):
    for victim in (records[0], records[-1]):
        flip(path, victim.payload)
    return [records[0], records[-1]]


def flip_every_tenth(path, records):
    victims = records[::10]
    for victim in victims:
        flip(path, victim.end - 1)
    return victims


def zero_a_page(path, records):
    begin = (records[len(records) // 2].offset // 4096) * 4096
    overwrite(path, begin, bytes(4096))
    return [record for record in records if record.offset < begin + 4096 and record.end > begin]


def random_page(path, records):
    begin = (records[len(records) // 2].offset // 4096) * 4096
    overwrite(path, begin, os.urandom(4096))
    return [record for record in records if record.offset < begin + 4096 and record.end > begin]


def cut_in_a_record(path, records):
    victim = records[len(records) // 2]
    os.truncate(path, victim.payload + 10)
    return [record for record in records if record.offset >= victim.offset]


def cut_in_the_header(path, records):
    os.truncate(path, 100)
    return records


def empty(path, records):
    os.truncate(path, 0)
    return records


def zero_the_header(path, records):
    overwrite(path, 0, bytes(HEADER_BYTES))
    return []


def flip_the_header(path, records):
    flip(path, 60)
    return []


DAMAGES = [flip_a_payload, flip_a_length, zero_a_length, flip_a_number, flip_the_first_and_the_last, flip_every_tenth,
           zero_a_page, random_page, cut_in_a_record, cut_in_the_header, empty, zero_the_header, flip_the_header]


@pytest.fixture
def full_journal(busy_shop):
    """A shop whose NGINX was killed with some 14 segments that never reached Redis."""
    shop = busy_shop(gates=True)
    shop.edge.stop()
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=16m segment=64k webhooks=1m"
    shop.redis_gate.shut()
    shop.edge.start()
    shop.visitors = shop.load(pause_s=0.005)
    with shop.visitors:
        shop.visitors.goes_on(1500, within_s=30)
    eventually(lambda: shop.database.value("SELECT sum(served) FROM journal_segments") == len(shop.visitors.clicks),
               "PostgreSQL knows what was served")
    shop.edge.kill_everything()
    shop.full = [(path, records) for path in unsettled_segments(shop.edge.journal) if len(records := records_of(path)) > 20]
    assert len(shop.full) >= 8
    return shop


def recover(shop, counts, lost):
    at_once = Audit(shop)
    assert at_once.missing == len(lost) and at_once.status == (1 if lost else 0), at_once.text
    shop.redis_gate.open()
    shop.edge.start()
    return settle(shop, shop.visitors, counts, lost=lost & set(shop.visitors.clicks))


@pytest.mark.parametrize("part", [0, 1])
def test_each_kind_of_damage_to_a_segment_of_its_own(full_journal, counts, part):
    """Half of the kinds at a time, so that undamaged segments are left beside them."""
    shop = full_journal
    damages = DAMAGES[part::2]
    lost = set()
    for damage, (path, records) in zip(damages, shop.full):
        gone = {record.click for record in damage(path, records)}
        print(f"{damage.__name__}: {len(gone)} of {len(records)} in {path.name}")
        lost |= gone
    counts.add(faults=len(damages))
    recover(shop, counts, lost)
    assert "not readable" in shop.edge.log()


def test_a_foreign_file_and_a_copy(full_journal, counts):
    """Files that are no segments, and a second copy of one under the same name, harm nothing."""
    shop = full_journal
    path = shop.full[0][0]
    (path.parent / "clicks-nonsense.seg").write_bytes(b"nonsense")
    (path.parent / "clicks-00000000-0000-4000-8000-000000000000.seg").write_bytes(os.urandom(65536))
    (path.parent / "notes.txt").write_text("hello")
    (path.parent / path.name.replace(".seg", ".new")).write_bytes(bytes(65536))
    counts.add(faults=4)
    recover(shop, counts, set())


def test_segments_map_is_garbage(full_journal, counts):
    """Served counts come from PostgreSQL then; the segments are found all the same."""
    shop = full_journal
    path = pathlib.Path(shop.edge.journal) / "segments.map"
    overwrite(path, 0, os.urandom(8192))
    counts.add(faults=1)
    shop.redis_gate.open()
    shop.edge.start()
    settle(shop, shop.visitors, counts)
    assert "segments.map" in shop.edge.log()
