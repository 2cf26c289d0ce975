"""The visitors: wrk for full load, a client of our own for a fixed number or a fixed rate.

Both follow the same links, chosen at random, with the same headers.
"""
import json
import os
import pathlib
import subprocess

from harness.environment import scratch

CONNECTIONS = 64
SCRIPT = pathlib.Path(__file__).with_name("links.lua")

# A browser's usual user agent has about 110 bytes.
HEADERS = (
    "Host: shop.example",
    "User-Agent: Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Mobile Safari/537.36",
    "Referer: https://shop.example/stores/merchant-17/coupons",
)


class Links:
    """The links of all offers, written down for the clients under a name."""

    def __init__(self, paths, name="links"):
        self.count = len(paths)
        self.first = paths[0]
        self.paths_file = scratch() / f"{name}.txt"
        self.headers_file = scratch() / "headers.txt"
        self.paths_file.write_text("".join(f"{path}\n" for path in paths))
        self.headers_file.write_text("".join(f"{line}\n" for line in HEADERS))

    def full_load(self, port, seconds):
        """wrk: {"requests": answered, "seconds": …, "errors": other than 2xx and 3xx}."""
        run = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", SCRIPT, f"http://127.0.0.1:{port}/",
             "--", self.paths_file, self.headers_file], capture_output=True, text=True)
        assert run.returncode == 0, f"wrk failed: {run.stdout}{run.stderr}"
        result = json.loads(run.stdout.splitlines()[-1])
        assert result["errors"] == 0, f"wrk met {result['errors']} errors\n{run.stdout}"
        return result

    def follow(self, port, count, rate=None, addresses=0):
        """Exactly `count` requests, as fast as they are answered or `rate` a second; from so many addresses (0: one)."""
        run = subprocess.run(
            [os.environ["COUPON_BENCH_CLIENT"], str(port), self.paths_file, self.headers_file,
             str(CONNECTIONS), str(count), str(rate or 0), str(addresses)], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)
