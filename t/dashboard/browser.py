"""Debian's Chromium, driven by playwright-core in a node process of its own."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from harness.environment import PATIENCE, scratch
from harness.npm import npm_packages
from harness.waiting import eventually

PACKAGES = {"playwright-core": "1.65.1"}
DRIVER = pathlib.Path(__file__).with_name("browser.js")


def artefacts():
    """Where screenshots are kept."""
    folder = pathlib.Path(os.environ.get("COUPON_ARTEFACTS") or scratch() / "dashboard")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Browser:
    def __init__(self):
        executable = shutil.which("chromium") or shutil.which("chromium-browser")
        if executable is None:
            pytest.skip("chromium is not installed")
        packages = npm_packages("COUPON_PLAYWRIGHT", PACKAGES)
        self.node = subprocess.Popen(["node", DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                     env={**os.environ, "NODE_PATH": str(packages / "node_modules")})
        self.expected = []
        self.call("launch", executable=executable, patience=PATIENCE)

    def call(self, command, **options):
        self.node.stdin.write(json.dumps({"command": command, **options}) + "\n")
        self.node.stdin.flush()
        line = self.node.stdout.readline()
        assert line, f"the browser ended at {command}"
        said = json.loads(line)
        assert "error" not in said, said["error"]
        return said["answer"]

    def end(self):
        self.node.stdin.close()
        try:
            self.node.wait(20)
        except subprocess.TimeoutExpired:
            self.node.kill()
            self.node.wait()

    # --- a page of its own for each test

    def open(self, url, width=1280, height=800, dark=False, phone=False, reduced=False):
        self.call("open", url=url, width=width, height=height, dark=dark, phone=phone, reduced=reduced)

    def expect_problem(self, text):
        """The console may speak of this: the test provokes it."""
        self.expected.append(text)

    def close_page(self):
        """Nothing may stand in the console: no error, no violation of the content security policy."""
        problems = [one for one in self.call("close") if not any(text in one for text in self.expected)]
        self.expected = []
        assert not problems, "\n".join(problems)

    # --- what a person does and sees; `on` is a selector of Playwright's

    def click(self, on):
        self.call("click", on=on)

    def fill(self, on, value):
        self.call("fill", on=on, value=value)

    def press(self, *keys):
        for key in keys:
            self.call("press", key=key)

    def wait(self, on, state="visible"):
        self.call("wait", on=on, state=state)

    def gone(self, on):
        self.call("wait", on=on, state="detached")

    def count(self, on):
        return self.call("count", on=on)

    def texts(self, on):
        return self.call("texts", on=on)

    def reads(self, on, wanted, within_s=15):
        """Waits until one of the elements' texts holds `wanted`; that text."""
        return eventually(lambda: next((text for text in self.texts(on) if wanted in text), None),
                          f"{wanted!r} in {on}: {self.texts(on)}", within_s, every_s=0.1)

    def attribute(self, on, name):
        return self.call("attribute", on=on, name=name)

    def focused(self):
        return self.call("focused")

    def evaluate(self, script, value=None):
        """script: the text of a function of one value."""
        return self.call("evaluate", script=script, value=value)

    def screenshot(self, name, whole=True):
        self.call("screenshot", path=str(artefacts() / f"{name}.png"), whole=whole)
