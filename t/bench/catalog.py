"""Part `catalog`: a million offers in a zone, ten million changes of them, the snapshot; no NGINX, no database."""
import json
import os
import subprocess

from harness.environment import scratch

from .say import say
from .table import at_most, row

PART = "catalog"
ZONE_BYTES = 400_000_000
ZONE_MAX_MB = 400
OFFERS = 1_000_000
CHANGES = 10_000_000


def run(shop, quick):
    changes = CHANGES // 10 if quick else CHANGES
    say(f"{OFFERS:,} offers, {changes:,} changes of them")
    answer = subprocess.run(
        [os.environ["COUPON_BENCH_CATALOG"], str(ZONE_BYTES), str(OFFERS), str(changes), scratch() / "catalog.snapshot"],
        check=True, stdout=subprocess.PIPE, text=True)
    (scratch() / "catalog.snapshot").unlink()
    found = json.loads(answer.stdout)
    assert found["entries"] == OFFERS and not found["damage"], found
    # The zone is laid out in one proportion of cells, buckets and misses: what the used cells need of it.
    used = 1 - found["free_cells"] / found["cells"]
    return [
        row(PART, f"destinations of {found['destination_bytes']:.0f} bytes: bytes of zone an offer",
            f"{used * ZONE_BYTES / OFFERS:.0f}"),
        at_most(PART, f"zone that {OFFERS:,} of them fill, MB", used * ZONE_BYTES / 1e6, ZONE_MAX_MB, "{:.0f}"),
        row(PART, "put a new offer; change one: CPU",
            f"{found['put_s'] / OFFERS * 1e6:.2f} µs; {found['change_s'] / found['changes'] * 1e6:.2f} µs"),
        at_most(PART, f"free cells lost by {found['changes']:,} changes", abs(found["cells_missing"]), 0, "{:d}"),
        at_most(PART, f"the free space is not what the entries leave: of {found['checks']} looks meanwhile",
                found["wrong_free_space"], 0, "{:d}"),
        at_most(PART, f"torn entries among {found['reads']:,} look-ups beside the changes", found["torn_reads"], 0, "{:d}"),
        row(PART, f"snapshot of {found['snapshot_bytes'] / 1e6:.0f} MB: written, loaded",
            f"{found['snapshot_write_s']:.1f} s, {found['snapshot_load_s']:.1f} s"),
    ]
