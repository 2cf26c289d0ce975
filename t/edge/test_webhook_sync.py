"""The answer waits for the disk, and nobody else does."""
import json
import pathlib
import shutil
import subprocess
import threading
import time

import pytest

from harness import webhooks
from harness.environment import fresh_directory, sanitizer_environment
from harness.nginx import Server
from harness.waiting import eventually

SOURCE = pathlib.Path(__file__).with_name("slow_disk.c")


@pytest.fixture(scope="module")
def shim():
    if shutil.which("cc") is None:
        pytest.skip("a C compiler is needed to slow the disk down")
    library = fresh_directory("slow-disk") / "slow_disk.so"
    # No -Werror: what the library's headers warn of is not ours.
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True, capture_output=True)
    return library


class Disk:
    def __init__(self, path):
        self.path = path

    def be(self, how):
        self.path.write_text(str(how))

    def be_well(self):
        self.path.unlink(missing_ok=True)


@pytest.fixture
def shop(new_shop, shim):
    shop = new_shop(start=False, click_worker=False,
                    servers={"main": Server(extra=webhooks.locations(webhooks.secret_files()))})
    shop.disk = Disk(shop.edge.directory / "slow")
    preload = " ".join(filter(None, [sanitizer_environment().get("LD_PRELOAD"), str(shim)]))
    shop.edge.main_extra = "env SLOW_DISK;"
    shop.edge.start(environment={"LD_PRELOAD": preload, "SLOW_DISK": str(shop.disk.path)})
    yield shop
    shop.disk.be_well()


class Sent:
    """A webhook under way on a thread of its own."""

    def __init__(self, shop, webhook=None):
        self.answer = self.seconds = None
        self._thread = threading.Thread(target=self._run, args=(shop, webhook or webhooks.razorpay()))
        self._thread.start()

    def _run(self, shop, webhook):
        started = time.monotonic()
        with webhooks.http.Connection(shop.edge.port(), timeout_s=30) as connection:
            connection.send(webhook.raw())
            self.answer = connection.read()
        self.seconds = time.monotonic() - started

    def wait(self):
        self._thread.join()
        return self.answer


def queued(shop):
    return [json.loads(text)["id"] for text in shop.redis.lrange("queue:webhooks", 0, -1)]


def test_the_answer_waits_and_redirects_do_not(shop):
    offer = shop.offer()
    shop.click(offer.path)
    shop.disk.be(1500)
    sent = Sent(shop)
    time.sleep(0.3)
    with shop.edge.connect() as connection:
        for _ in range(50):
            assert connection.request(offer.path).status == 302
    assert sent.answer is None, "redirects went on while the webhook waited"
    assert sent.wait().status == 200
    assert sent.seconds >= 1.4


def test_all_that_wait_share_a_sync(shop):
    shop.disk.be(700)
    sent = [Sent(shop) for _ in range(20)]
    assert {one.wait().status for one in sent} == {200}
    stats = shop.edge.stats()["webhooks"]
    assert stats["synced_records"] == 20 and stats["syncs"] <= 3


def test_a_broken_disk_is_a_503(shop):
    shop.disk.be("broken")
    answer = Sent(shop).wait()
    assert answer.status == 503 and answer.headers["retry-after"] == "1"
    assert "journal not synced" in shop.edge.log()
    assert shop.edge.stats()["webhooks"]["providers"]["razorpay"]["unavailable"] == 1
    shop.disk.be_well()
    eventually(lambda: Sent(shop).wait().status == 200, "it goes on in another segment", 15)
    eventually(lambda: len(queued(shop)) in (1, 2), "the one that was refused is there once or not at all")
    assert len(set(queued(shop))) == len(queued(shop))


def test_a_disk_that_hangs_is_a_503_after_ten_seconds(shop):
    shop.disk.be(13_000)
    sent = Sent(shop)
    time.sleep(0.5)
    shop.disk.be_well()
    assert sent.wait().status == 503
    assert 9.5 <= sent.seconds < 13
    eventually(lambda: Sent(shop).wait().status == 200, "it goes on when the disk does", 20)


def test_a_worker_that_leaves_answers_those_that_wait(shop):
    old = shop.edge.worker_pids()
    shop.disk.be(1500)
    sent = [Sent(shop) for _ in range(5)]
    time.sleep(0.3)
    shop.edge.reload()
    assert not set(old) & set(shop.edge.worker_pids())
    assert {one.wait().status for one in sent} == {200}
    eventually(lambda: len(queued(shop)) == 5, "their records arrive", 15)


def test_a_client_that_left_harms_nobody(shop):
    shop.disk.be(700)
    for _ in range(3):
        with shop.edge.connect() as connection:
            connection.send(webhooks.razorpay().raw())
    assert Sent(shop).wait().status == 200
    eventually(lambda: len(queued(shop)) == 4, "all are kept", 15)
