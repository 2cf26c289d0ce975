"""Packages of npm that judge what we do, installed once, outside of the checkout."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest


def _installed(folder, packages):
    def version(name):
        try:
            return json.loads((folder / "node_modules" / name / "package.json").read_text())["version"]
        except (OSError, ValueError):
            return None
    return all(version(name) == wanted for name, wanted in packages.items())


def npm_packages(variable, packages, overrides=None, within_s=100):
    """The folder with node_modules: the environment's `variable`, or ~/.cache/<the same in lower case>. Skips the test
    where node is not there or npm cannot be reached."""
    overrides = overrides or {}
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    folder = pathlib.Path(os.environ.get(variable)
                          or pathlib.Path.home() / ".cache" / variable.lower().replace("_", "-"))
    if _installed(folder, packages | overrides):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": packages, "overrides": overrides}))
    try:
        run = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1"], cwd=folder,
            capture_output=True, text=True, timeout=within_s)
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not answer: packages cannot be installed")
    if run.returncode != 0 and any(word in run.stderr for word in ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT",
                                                                   "ECONNRESET", "ENETUNREACH")):
        pytest.skip(f"npm cannot be reached: {run.stderr.strip().splitlines()[-1]}")
    assert run.returncode == 0 and _installed(folder, packages | overrides), run.stderr
    return folder
