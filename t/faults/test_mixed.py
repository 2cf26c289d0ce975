"""Faults of all kinds in random order, small segments, and the audit between them."""
import os
import random
import signal
import time

import pytest

from harness.process import is_alive, kill_all
from harness.waiting import eventually

from .accounts import Audit, settle

FAULTS = 40


class Troublemaker:
    """Each method is a fault that leaves the shop able to recover by itself."""

    def __init__(self, shop):
        self.shop = shop

    def nginx_worker_killed(self):
        self.shop.edge.kill_worker(random.choice(self.shop.edge.worker_pids()))

    def both_nginx_workers_killed(self):
        self.shop.edge.planned_kill = True
        kill_all(self.shop.edge.worker_pids())

    def nginx_workers_killed_in_a_row(self):
        """The successor may be in the middle of taking over."""
        self.shop.edge.planned_kill = True
        for _ in range(5):
            time.sleep(random.uniform(0, 0.1))
            for pid in self.shop.edge.worker_pids()[:1]:
                os.kill(pid, signal.SIGKILL)

    def reloaded(self):
        os.kill(self.shop.edge.master_pid, signal.SIGHUP)

    def click_worker_killed(self):
        self.shop.worker.kill()
        self.shop.start_worker()

    def click_worker_restarted(self):
        self.shop.worker.stop()
        self.shop.start_worker()

    def flushed(self):
        self.shop.redis_server.client().flushall()

    def redis_killed(self):
        self.shop.redis_server.kill()
        time.sleep(random.uniform(0, 0.5))
        self.shop.redis_server.start()

    def redis_paused(self):
        self.shop.redis_server.pause()
        time.sleep(random.uniform(0.1, 1))
        self.shop.redis_server.resume()

    def redis_clients_cut(self):
        self.shop.redis_server.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def postgres_killed(self):
        self.shop.postgres.kill()
        self.shop.postgres.start()

    def sessions_ended(self):
        self.shop.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                      " WHERE datname = current_database() AND pid <> pg_backend_pid()")

    def offers_change(self):
        self.shop.sql("UPDATE offers SET title = title || '.', affiliate_url = affiliate_url || '&n=1'"
                      " WHERE affiliate_url LIKE '%%?%%' AND affiliate_url NOT LIKE '%%#%%'")

    FAULTS = ["nginx_worker_killed", "both_nginx_workers_killed", "nginx_workers_killed_in_a_row", "reloaded",
              "click_worker_killed", "click_worker_restarted", "flushed", "redis_killed", "redis_paused",
              "redis_clients_cut", "postgres_killed", "sessions_ended", "offers_change"]


@pytest.mark.deadline(240)
def test_everything_in_random_order(busy_shop, counts):
    seed = int(os.environ.get("COUPON_FAULT_SEED", random.randrange(10**6)))
    print(f"COUPON_FAULT_SEED={seed}")
    random.seed(seed)
    shop = busy_shop()
    shop.edge.stop()
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=32m segment=64k webhooks=1m keep=1s"
    shop.edge.start()
    trouble = Troublemaker(shop)
    with shop.load(unknown=frozenset({404, 503})) as load:
        for number in range(FAULTS):
            fault = random.choice(trouble.FAULTS)
            print(f"{time.strftime('%H:%M:%S')} {number}: {fault}", flush=True)
            getattr(trouble, fault)()
            time.sleep(random.uniform(0, 0.4))
            audit = Audit(shop)
            assert audit.missing == 0, f"after {fault}:\n{audit.text}"
            load.goes_on(10, within_s=15)
        eventually(lambda: sum(map(is_alive, shop.edge.worker_pids())) == 2, "reloads are done", 30)
    counts.add(faults=FAULTS)
    settle(shop, load, counts, cuts_fresh_max=FAULTS * load.connections)
