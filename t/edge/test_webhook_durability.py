"""A 200 means that the webhook is on disk: with Redis and PostgreSQL away, over reloads and kills, and
not when the disk refuses."""
import asyncio
import base64
import collections
import contextlib
import itertools
import json
import os
import random
import re
import shutil
import threading
import time
import uuid

import pytest

from harness import disks, webhooks
from harness.environment import AS_ROOT
from harness.nginx import Server
from harness.waiting import eventually


@pytest.fixture(scope="module")
def secrets():
    return webhooks.secret_files()


@pytest.fixture
def make_shop(new_shop, secrets):
    def make(**options):
        return new_shop(click_worker=False, servers={"main": Server(extra=webhooks.locations(secrets))}, **options)
    return make


def bodies_in_queue(shop):
    """Body → how many records of different ids hold it."""
    by_id = {}
    for text in shop.redis.lrange("queue:webhooks", 0, -1):
        record = json.loads(text)
        by_id[record["id"]] = base64.b64decode(record.get("body", ""))
    return collections.Counter(by_id.values())


def settle(shop, record_texts):
    """What the webhooks role does: rows and their settlement in one transaction."""
    for text in record_texts:
        record = json.loads(text)
        shop.sql("INSERT INTO journal_segments (id, kind, edge, settled) VALUES (%s, 'webhooks', 'edge-test', "
                 "int8multirange(int8range(%s, %s))) ON CONFLICT (id) DO UPDATE SET settled = "
                 "journal_segments.settled + EXCLUDED.settled", record["seg"], record["seq"], record["seq"] + 1)


class Load:
    """Providers that send all the time from many connections; `answers`: body → status."""

    def __init__(self, port, connections=12):
        self.port, self.connections = port, connections
        self.answers = {}
        self.cut = set()
        self._numbers = itertools.count()
        self._stop = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop = True
        self._thread.join()

    @property
    def accepted(self):
        return {body for body, status in self.answers.copy().items() if status == 200}

    def goes_on(self, more=100):
        goal = len(self.accepted) + more
        eventually(lambda: len(self.accepted) >= goal, f"{more} more webhooks accepted", 20)

    async def _all(self):
        await asyncio.gather(*(self._one() for _ in range(self.connections)))

    async def _one(self):
        link = None
        while not self._stop:
            body = b'{"number":%d,"pad":"%s"}' % (next(self._numbers), b"x" * random.choice((10, 1000, 10_000)))
            try:
                link = link or await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            try:
                link[1].write(webhooks.razorpay(body).raw())
                head = await asyncio.wait_for(link[0].readuntil(b"\r\n\r\n"), 20)
                await link[0].readexactly(int(re.search(rb"Content-Length: (\d+)", head)[1]))
                self.answers[body] = int(head[9:12])
                if b"Connection: close" not in head:
                    continue
            except (OSError, asyncio.IncompleteReadError):
                self.cut.add(body)
            link[1].close()
            link = None
        if link:
            link[1].close()


def every_accepted_arrives(shop, load):
    """Each body answered 200 is there once; each other one once or not at all."""
    eventually(lambda: load.accepted <= set(bodies_in_queue(shop)), "every accepted webhook in the queue", 30)
    found = bodies_in_queue(shop)
    assert not [body for body, times in found.items() if times > 1]
    assert set(found) - load.accepted <= load.cut | {body for body, status in load.answers.items() if status == 503}
    assert set(load.answers.values()) <= {200, 503}
    assert len(load.accepted) > 100


def test_redis_and_postgres_away(make_shop):
    shop = make_shop(gates=True, start=False)
    shop.redis_gate.shut()
    shop.postgres_gate.shut()
    shop.edge.start(wait_for_catalog=False)
    sent = [webhooks.razorpay(b'{"n":%d}' % number) for number in range(300)]
    with shop.edge.connect() as connection:
        for webhook in sent:
            connection.send(webhook.raw())
            assert connection.read().status == 200
    stats = eventually(lambda: (lambda found: found if found["unsent"] == 300 else None)(shop.edge.stats()["webhooks"]),
                       "300 webhooks wait")
    assert stats["unsettled"] == 300
    eventually(lambda: shop.edge.stats()["webhooks"]["oldest_unsettled_s"] >= 1, "the oldest gets older")
    shop.redis_gate.open()
    shop.postgres_gate.open()
    eventually(lambda: set(bodies_in_queue(shop)) == {webhook.body for webhook in sent}, "all arrive", 15)


def test_settled_ones_make_room(make_shop):
    shop = make_shop()
    for number in range(20):
        assert webhooks.razorpay(b'{"n":%d}' % number).send(shop.edge.port()).status == 200
    eventually(lambda: shop.redis.llen("queue:webhooks") == 20, "all in the queue")
    assert shop.edge.stats()["webhooks"]["in_flight_bytes"] > 0
    settle(shop, shop.redis.lrange("queue:webhooks", 0, -1))
    eventually(lambda: shop.edge.stats()["webhooks"]["unsettled"] == 0, "the edge knows that they are settled", 10)
    assert shop.edge.stats()["webhooks"]["in_flight_bytes"] == 0


def test_flushall_sends_again(make_shop):
    shop = make_shop()
    sent = [webhooks.razorpay(b'{"n":%d}' % number) for number in range(50)]
    for webhook in sent:
        assert webhook.send(shop.edge.port()).status == 200
    eventually(lambda: shop.redis.llen("queue:webhooks") == 50, "all in the queue")
    settle(shop, shop.redis.lrange("queue:webhooks", 0, 9))
    eventually(lambda: shop.edge.stats()["webhooks"]["unsettled"] == 40, "ten are settled")
    shop.redis.flushdb()
    eventually(lambda: set(bodies_in_queue(shop)) == {webhook.body for webhook in sent[10:]}, "the others are sent again", 15)


def test_sending_pauses_while_too_much_is_unsettled(make_shop):
    shop = make_shop(settings={"coupon_queue_max": "1000000 webhooks=1m"}, workers=2)
    body = b"x" * 60_000
    for _ in range(40):
        assert webhooks.razorpay(body).send(shop.edge.port()).status == 200
    eventually(lambda: shop.edge.stats()["webhooks"]["sending_paused"], "sending pauses")
    time.sleep(1.5)
    held = shop.redis.llen("queue:webhooks")
    assert 5 <= held < 40, "about 1 MB of 3 MB, of both workers together"
    arrived = set()

    def drain():
        texts = shop.redis.lrange("queue:webhooks", 0, -1)
        settle(shop, [text for text in texts if json.loads(text)["id"] not in arrived])
        arrived.update(json.loads(text)["id"] for text in texts)
        return len(arrived) == 40
    eventually(drain, "what is settled makes room for the rest", 30, every_s=0.3)


@pytest.fixture
def busy_shop(make_shop):
    """Nothing settles its webhooks, so there is room for many."""
    shop = make_shop(workers=2, start=False)
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=64m segment=1m webhooks=512m"
    shop.edge.start()
    return shop


def test_reloads_under_load(busy_shop):
    shop = busy_shop
    with Load(shop.edge.port()) as load:
        for _ in range(5):
            load.goes_on()
            shop.edge.reload()
        load.goes_on()
    assert set(load.answers.values()) == {200}
    every_accepted_arrives(shop, load)


def test_workers_killed_under_load(busy_shop):
    shop = busy_shop
    with Load(shop.edge.port()) as load:
        for number in range(8):
            load.goes_on(30)
            time.sleep(random.uniform(0, 0.1))
            shop.edge.kill_worker(shop.edge.worker_pids()[number % 2])
        load.goes_on()
    every_accepted_arrives(shop, load)


def test_everything_killed_under_load(busy_shop):
    shop = busy_shop
    with Load(shop.edge.port()) as load:
        load.goes_on()
        shop.edge.kill_everything()
        shop.edge.start()
        load.goes_on()
    every_accepted_arrives(shop, load)


def test_group_commit(busy_shop):
    """Many wait for one fdatasync."""
    shop = busy_shop
    with Load(shop.edge.port(), connections=24) as load:
        load.goes_on(500)
    stats = shop.edge.stats()["webhooks"]
    assert stats["synced_records"] >= len(load.accepted)
    assert stats["syncs"] < stats["synced_records"], "several records a sync"
    every_accepted_arrives(shop, load)


def test_an_unusable_folder(make_shop):
    shop = make_shop(start=False)
    shop.edge.journal.mkdir(mode=0o700)
    if AS_ROOT:
        shutil.chown(shop.edge.journal, "nobody")
    obstacle = shop.edge.journal / "writers"
    obstacle.write_text("not a folder")
    shop.edge.start()
    answer = webhooks.razorpay().send(shop.edge.port())
    assert answer.status == 503 and answer.headers["retry-after"] == "1"
    assert shop.edge.stats()["webhooks"]["providers"]["razorpay"]["unavailable"] == 1
    assert "webhooks are answered 503 until it can be opened" in shop.edge.log()
    obstacle.unlink()
    eventually(lambda: webhooks.razorpay().send(shop.edge.port()).status == 200, "the journal is opened", 15)


def test_the_budget_is_used_up(make_shop):
    """503 and nothing kept; clicks have a budget of their own; what was accepted is all there."""
    shop = make_shop(start=False, gates=True)
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=64m segment=256k webhooks=768k keep=1s"
    offer = shop.offer()
    shop.redis_gate.shut()
    shop.edge.start()
    accepted, body, numbers = [], b"x" * 100_000, itertools.count()

    def post():
        webhook = webhooks.razorpay(b"%d" % next(numbers) + body)
        status = webhook.send(shop.edge.port()).status
        assert status in (200, 503)
        if status == 200:
            accepted.append(webhook.body)
        return status
    # A segment that is not prepared yet is a 503 as well, but a passing one.
    eventually(lambda: post() == 503 and len(accepted) >= 3, "three segments are taken, and one more webhook is not", 15)
    for _ in range(20):
        post()
    assert len(accepted) < 20
    assert shop.click(offer.path).headers["x-verdict"] == "redirect"
    shop.redis_gate.open()
    eventually(lambda: set(bodies_in_queue(shop)) == set(accepted), "what was accepted, and nothing else", 15)
    settle(shop, shop.redis.lrange("queue:webhooks", 0, -1))
    eventually(lambda: webhooks.razorpay(body).send(shop.edge.port()).status == 200, "there is room again", 15)


@pytest.fixture
def small_disk():
    with disks.small_disk(megabytes=6) as directory:
        yield directory


def test_a_full_disk(small_disk, make_shop):
    shop = make_shop(start=False, gates=True)
    shop.edge.journal = type(shop.edge.journal)(small_disk) / "journal"
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=64m segment=256k webhooks=64m keep=1s"
    shop.redis_gate.shut()
    shop.edge.start()
    statuses = collections.Counter()
    accepted = set()
    for number in range(60):
        webhook = webhooks.razorpay(b"%d" % number + b"x" * 100_000)
        status = webhook.send(shop.edge.port()).status
        statuses[status] += 1
        if status == 200:
            accepted.add(webhook.body)
    assert set(statuses) == {200, 503}, statuses
    assert "No space left on device" in shop.edge.log()
    shop.redis_gate.open()
    eventually(lambda: set(bodies_in_queue(shop)) == accepted, "what was accepted, and nothing else", 15)
    shop.edge.stop()


def test_left_over_ones_are_delivered_by_a_configuration_without_webhooks(make_shop):
    shop = make_shop(gates=True, start=False)
    shop.redis_gate.shut()
    shop.edge.start()
    sent = [webhooks.razorpay(b'{"n":%d}' % number) for number in range(20)]
    for webhook in sent:
        assert webhook.send(shop.edge.port()).status == 200
    shop.edge.servers["main"].extra = ""
    shop.edge.write_configuration()
    shop.edge.reload()
    assert webhooks.razorpay().send(shop.edge.port()).status == 404
    shop.redis_gate.open()
    eventually(lambda: set(bodies_in_queue(shop)) == {webhook.body for webhook in sent}, "they arrive", 20)
    settle(shop, shop.redis.lrange("queue:webhooks", 0, -1))
    eventually(lambda: not list(shop.edge.journal.glob("writers/*/webhooks-*")), "nothing of webhooks is left", 20)


def test_couponctl_clicks_audit_sees_clicks_only(new_shop, secrets):
    shop = new_shop(servers={"main": Server(extra=webhooks.locations(secrets))})
    offer = shop.offer()
    for _ in range(5):
        shop.click(offer.path)
        assert webhooks.razorpay().send(shop.edge.port()).status == 200
    eventually(lambda: shop.clicks_of(offer) == 5, "the clicks are stored")
    eventually(lambda: shop.database.value("SELECT sum(served) FROM journal_segments WHERE kind = 'webhooks'") == 5,
               "answered webhooks are counted in their own segments")
    audit = shop.couponctl("clicks", "audit", "--journal", shop.edge.journal)
    assert audit.returncode == 0, audit.stdout
    assert re.search(r"served:?\s+5\b", audit.stdout), audit.stdout


class Alone(Server):
    """Webhooks, and no redirects."""
    def text(self):
        return f"""
    server {{
        listen 127.0.0.1:{self.port};
        location = /health  {{ coupon_health; }}
        location = /stats   {{ coupon_stats; }}
        location = /metrics {{ coupon_metrics; }}
        {self.extra}
    }}"""


def test_webhooks_alone(new_shop, secrets):
    shop = new_shop(click_worker=False, servers={"main": Alone(extra=webhooks.locations(secrets))}, settings={
        "coupon_catalog_zone": None, "coupon_rate_zone": None, "coupon_click_key": None}, workers=2)
    assert shop.edge.get("/health").status == 200
    for _ in range(10):
        assert webhooks.razorpay().send(shop.edge.port()).status == 200
    eventually(lambda: shop.redis.llen("queue:webhooks") == 10, "they arrive")
    settle(shop, shop.redis.lrange("queue:webhooks", 0, -1))
    eventually(lambda: shop.edge.stats()["webhooks"]["unsettled"] == 0, "they are settled")
    assert "coupon_webhooks_total" in shop.edge.get("/metrics").text
    assert "coupon_catalog_entries" not in shop.edge.get("/metrics").text
    shop.edge.reload()
    shop.edge.kill_worker(shop.edge.worker_pids()[0])
    assert webhooks.razorpay().send(shop.edge.port()).status == 200
    assert shop.edge.get("/stats?explain=%2Fout%2Fa%2Fb").status == 200
