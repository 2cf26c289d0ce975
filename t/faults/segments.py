"""The journal's segment files, read and damaged from outside (format: ngx_coupon_module/journal/record.hpp)."""
import json
import pathlib
import struct
from dataclasses import dataclass

HEADER_BYTES = 4096
RECORD_HEADER_BYTES = 16


@dataclass(frozen=True)
class Record:
    offset: int  # of the record's header in the file
    payload_bytes: int
    seq: int
    click: str

    @property
    def payload(self):
        return self.offset + RECORD_HEADER_BYTES

    @property
    def end(self):
        return self.payload + self.payload_bytes


def unsettled_segments(journal):
    """Files of clicks that a writer, dead or alive, still holds."""
    return sorted(pathlib.Path(journal).glob("writers/*/clicks-*.seg"))


def records_of(path):
    """The records of an undamaged segment, in order."""
    data = path.read_bytes()
    segment = path.name.removeprefix("clicks-").removesuffix(".seg")
    found, at = [], HEADER_BYTES
    while at + RECORD_HEADER_BYTES <= len(data):
        length, _, seq, _ = struct.unpack_from("<IIII", data, at)
        end = at + RECORD_HEADER_BYTES + length
        if length == 0 or seq != len(found) or end > len(data):
            break
        try:
            entry = json.loads(data[at + RECORD_HEADER_BYTES:end])
        except ValueError:
            break
        if entry.get("seg") != segment or entry.get("seq") != seq:
            break
        found.append(Record(at, length, seq, entry["id"]))
        at = (end + 7) & ~7
    return found


def flip(path, offset):
    """Inverts one byte."""
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0xFF]))


def overwrite(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)
