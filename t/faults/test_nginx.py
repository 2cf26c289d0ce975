"""NGINX's processes killed, reloaded and replaced while visitors come."""
import contextlib
import os
import pathlib
import random
import signal
import socket
import time

import pytest

from harness.process import is_alive, kill_all
from harness.waiting import eventually

from .accounts import settle


@pytest.mark.parametrize("sync,times", [("off", 20), ("interval=100ms", 5), ("always", 5)])
def test_workers_killed(busy_shop, counts, sync, times):
    shop = busy_shop(settings={"coupon_journal_sync": sync})
    with shop.load() as load:
        for number in range(times):
            time.sleep(random.uniform(0.05, 0.25))
            shop.edge.kill_worker(shop.edge.worker_pids()[number % 2])
            load.goes_on(20)
    counts.add(faults=times)
    assert load.refused == 0
    settle(shop, load, counts, cuts_fresh_max=times * load.connections)


def test_a_worker_killed_while_it_takes_over(busy_shop, counts):
    """Redis is away, so each successor finds the segments of all before it."""
    shop = busy_shop(gates=True)
    shop.edge.stop()
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=32m segment=64k webhooks=1m"
    shop.redis_gate.shut()
    shop.edge.start()
    shop.edge.planned_kill = True
    with shop.load() as load:
        load.goes_on(400)
        for _ in range(30):
            time.sleep(random.uniform(0, 0.06))
            for pid in shop.edge.worker_pids()[-1:]:
                os.kill(pid, signal.SIGKILL)
        eventually(lambda: len(shop.edge.worker_pids()) == 2, "two workers again")
        load.goes_on(100)
    shop.redis_gate.open()
    counts.add(faults=30)
    settle(shop, load, counts, cuts_fresh_max=30 * load.connections)


def test_both_workers_killed_at_once(busy_shop, counts):
    shop = busy_shop()
    with shop.load() as load:
        for _ in range(3):
            load.goes_on(100)
            shop.edge.planned_kill = True
            kill_all(shop.edge.worker_pids())
            eventually(lambda: len(shop.edge.worker_pids()) == 2, "new workers")
        load.goes_on()
    counts.add(faults=3)
    settle(shop, load, counts, cuts_fresh_max=3 * shop.edge.workers * load.connections)


def snapshot_written(shop):
    eventually(lambda: shop.edge.stats()["catalog"]["snapshot_written"], "the snapshot is written", 30)


def test_master_killed_then_everything(busy_shop, counts):
    shop = busy_shop()
    snapshot_written(shop)
    # After a start from the snapshot the catalogue is not complete until PostgreSQL was read.
    with shop.load(unknown=frozenset({404, 503})) as load:
        load.goes_on()
        shop.edge.kill_master()
        load.goes_on(500)
        assert load.refused == 0 and load.cuts == 0, "without their master the workers serve on"
        shop.edge.kill_everything()
        shop.edge.start()
        load.goes_on(200)
    counts.add(faults=2)
    # One after the other: who is cut off by one worker may have gone to the next.
    settle(shop, load, counts, cuts_fresh_max=shop.edge.workers * load.connections)


def test_reloaded_20_times(busy_shop, counts):
    shop = busy_shop()
    with shop.load() as load:
        for _ in range(20):
            shop.edge.reload()
            load.goes_on(10)
    counts.add(faults=20)
    assert load.refused == 0
    settle(shop, load, counts)


def replaced_master(edge, old_master):
    """True once the new binary's master has written its pid down."""
    pid_file = edge.directory / "nginx.pid"
    return pid_file.exists() and pid_file.read_text().strip() not in ("", str(old_master))


def upgrade(edge, load):
    old_master, old_workers = edge.master_pid, edge.worker_pids()
    os.kill(old_master, signal.SIGUSR2)
    try:
        eventually(lambda: replaced_master(edge, old_master) and len(edge.worker_pids()) == 4,
                   "both generations run", 10)
        load.goes_on(100)
    finally:
        os.kill(old_master, signal.SIGQUIT)
    eventually(lambda: not is_alive(old_master) and not set(old_workers) & set(edge.worker_pids()),
               "the old binary leaves", 20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT], ids=["TERM", "INT", "QUIT"])
def test_stopped_and_started(busy_shop, counts, number):
    shop = busy_shop()
    snapshot_written(shop)
    with shop.load(unknown=frozenset({404, 503})) as load:
        load.goes_on(100)
        shop.edge.stop(number)
        shop.edge.start()
        load.goes_on(100)
    counts.add(faults=1)
    settle(shop, load, counts, cuts_fresh_max=load.connections, all_heard=number == signal.SIGQUIT)


def test_stopped_while_visitors_wait_to_be_accepted(busy_shop, counts):
    """The kernel resets what waits in the queue of a listening socket when that is closed, with any NGINX and
    whatever its modules do: on QUIT a new connection may be cut, yet no request that was read. A reload and a
    binary upgrade hand the socket on, so that these cut none."""
    shop = busy_shop()
    snapshot_written(shop)
    with contextlib.ExitStack() as closing, shop.load(unknown=frozenset({404, 503})) as load:
        load.goes_on(100)
        workers = shop.edge.worker_pids()
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(0.3)  # for some of the load's to wait as well
        waiting = [closing.enter_context(socket.create_connection(("127.0.0.1", shop.edge.port())))
                   for _ in range(8)]
        for connection in waiting:
            connection.sendall(b"GET /nowhere HTTP/1.0\r\n\r\n")
        master = shop.edge.master_pid
        held = sockets_of(master)
        os.kill(master, signal.SIGQUIT)
        eventually(lambda: sockets_of(master) < held, "the master has told its workers, and listens no more")
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        cut = [connection for connection in waiting if is_reset(connection)]
        shop.edge.stop(signal.SIGQUIT)
        shop.edge.start()
        load.goes_on(100)
    counts.add(faults=1)
    assert cut, "none of them was still waiting: the test shows nothing"
    settle(shop, load, counts, cuts_fresh_max=load.connections, all_heard=True)


def sockets_of(pid):
    """How many sockets the process holds."""
    links = (os.readlink(link) for link in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    return sum(link.startswith("socket:") for link in links)


def is_reset(connection):
    connection.settimeout(20)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_binary_upgrade(busy_shop, counts):
    """USR2 starts the new binary beside the old one, QUIT sends the old one home."""
    shop = busy_shop(daemon=True)
    snapshot_written(shop)
    with shop.load(unknown=frozenset({404, 503})) as load:
        for _ in range(2):
            load.goes_on()
            upgrade(shop.edge, load)
            load.goes_on(100)
    counts.add(faults=2)
    assert load.refused == 0
    settle(shop, load, counts)
