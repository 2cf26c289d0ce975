"""Each libFuzzer target over its corpus and inputs made from it, under ASan and UBSan.

COUPON_FUZZ_BUILD_DIR: where t/fuzz/CMakeLists.txt was built (default .build/fuzz).
COUPON_FUZZ_MINUTES: so many minutes for all targets together, from another random seed each time and
from what earlier such runs found new; else a fixed number of inputs, the same ones each time.
What breaks a target is kept in <build>/findings and named in the message.
"""
import os
import pathlib
import re
import subprocess
import tempfile

import pytest

from harness.environment import CHECKOUT

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ.get("COUPON_FUZZ_BUILD_DIR", CHECKOUT / ".build" / "fuzz"))
MINUTES = float(os.environ.get("COUPON_FUZZ_MINUTES") or 0)
TARGETS = sorted(source.name[:-len("_fuzz.cpp")] for source in HERE.glob("*_fuzz.cpp"))

RUNS = 30_000
RUN_S = 3          # a slow target ends with fewer runs
INPUT_S = 10       # longer than this for one input is a hang
INPUT_BYTES = 4096
MEMORY_MB = 1024


def files_at():
    """Where a target's own files are cheapest: in memory, where there is such a place."""
    shared = pathlib.Path("/dev/shm")
    return shared if os.access(shared, os.W_OK) else None


def limits():
    if MINUTES:
        return [f"-max_total_time={max(1, round(MINUTES * 60 / len(TARGETS)))}"]
    return [f"-runs={RUNS}", f"-max_total_time={RUN_S}", "-seed=1"]


@pytest.mark.parametrize("target", TARGETS)
def test_properties_hold(target):
    program = BUILD / f"{target}_fuzz"
    if not program.exists():
        pytest.fail(f"{program} is not built: cmake -B {BUILD} -S {HERE} && cmake --build {BUILD}")
    corpus = HERE / "corpus" / target
    assert any(corpus.iterdir()), f"{corpus} has no inputs"
    findings = BUILD / "findings"
    findings.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=files_at(), prefix="coupon-fuzz.") as scratch:
        found_new = (BUILD if MINUTES else pathlib.Path(scratch)) / "corpus" / target
        found_new.mkdir(parents=True, exist_ok=True)
        run = subprocess.run(
            [program, *limits(), f"-timeout={INPUT_S}", f"-max_len={INPUT_BYTES}",
             f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={findings}/{target}-",
             "-print_final_stats=1", found_new, corpus],
            capture_output=True, text=True, errors="replace",
            env={**os.environ, "TMPDIR": scratch})
    assert run.returncode == 0, reason(program, run.stderr)
    executed = re.search(r"number_of_executed_units: (\d+)", run.stderr)
    assert executed and int(executed[1]) > len(list(corpus.iterdir())), run.stderr[-2000:]


def reason(program, said):
    """What broke, and how to see it again."""
    lines = said.splitlines()
    first = next((at for at, line in enumerate(lines)
                  if re.search(r"ERROR:|runtime error:|does not hold|terminate called", line)), 0)
    kept = re.search(r"Test unit written to (\S+)", said)
    again = f"again: {program} {kept[1]}" if kept else "no input was kept"
    return "\n".join(lines[first:first + 15] + [again])
