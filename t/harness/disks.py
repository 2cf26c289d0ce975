"""File systems that are small enough to be filled."""
import contextlib
import os
import subprocess
import tempfile

import pytest

from .environment import AS_ROOT, scratch


@contextlib.contextmanager
def small_disk(megabytes):
    """The directory of a file system of the test's own; the test is skipped where none can be mounted."""
    if not AS_ROOT:
        pytest.skip("a small file system can only be mounted by root")
    directory = tempfile.mkdtemp(prefix="small-disk-", dir=scratch())
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "none", directory],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        os.rmdir(directory)
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", directory], check=True)
        os.rmdir(directory)
