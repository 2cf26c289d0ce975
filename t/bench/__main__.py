"""Measures the parts that were asked for and prints the table; t/bench/run says which there are."""
import argparse
import os

from . import (cashback, catalog, changes, cold, instructions, jobs, latency, messages, redirect, scale, webhooks,
               worker, workers)
from .say import say
from .shop import BenchShop
from .table import row, table

PARTS = {"redirect": redirect, "instructions": instructions, "latency": latency, "worker": worker,
         "cold": cold, "changes": changes, "webhooks": webhooks, "messages": messages,
         "cashback": cashback, "jobs": jobs,
         "catalog": catalog, "scale": scale, "workers": workers}


def main():
    parser = argparse.ArgumentParser(prog="t/bench/run")
    parser.add_argument("--quick", action="store_true", help="about 10 minutes, rougher")
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    # What else runs shows in every time below, though hardly in the instructions.
    rows = [row("machine", "processors; processes that wanted one in the minute before",
                f"{os.cpu_count()}; {os.getloadavg()[0]:.1f}")]
    say("starting PostgreSQL and Redis, adding 10,000 offers")
    shop = BenchShop()
    try:
        for name in options.parts or PARTS:
            say(f"== {name}")
            shop.forget_clicks()
            rows += PARTS[name].run(shop, options.quick)
    finally:
        shop.close()
    print()
    print(table(rows))


main()
