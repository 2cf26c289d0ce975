"""PostgreSQL or Redis away: what is known is answered, the rest is refused, and nothing is half done."""
import pytest

from harness.waiting import eventually

from .admin_api_fixtures import idle_api_shop  # noqa: F401
from .admin_api_shop import OPERATOR, READER, WHY, AdminApiShop


@pytest.fixture
def gated_shop(new_shop_of):
    return new_shop_of(AdminApiShop, gates=True).start()


def test_without_redis_the_tables_are_known(gated_shop):
    gated_shop.add_dead("email")
    eventually(lambda: gated_shop.database.row("SELECT id FROM worker_beats") is not None, "the sampler looked", 30)
    gated_shop.redis_gate.shut()
    stats = gated_shop.get("queue/stats")
    email = next(queue for queue in stats["queues"] if queue["name"] == "email")
    assert stats["redis"] is False and stats["postgres"] is True
    assert email["depth"] is None and email["failed"] == 1
    health = gated_shop.get("health/workers")
    assert health["redis"] is False and [worker["alive"] for worker in health["workers"]] == [None]
    assert all(role["alive"] is None for role in health["roles"])
    assert gated_shop.get("queue/dlq/email")["total"] == 1
    assert gated_shop.get("clicks/accounting")["served"] == 0
    gated_shop.redis_gate.open()
    eventually(lambda: gated_shop.get("queue/stats")["redis"], "Redis is seen again", 20, every_s=0.3)


def test_without_postgres_redis_is_known(gated_shop):
    id = gated_shop.add_dead("email")
    gated_shop.redis.rpush("queue:email", "{}", "{}")
    gated_shop.postgres_gate.shut()
    stats = gated_shop.get("queue/stats")
    email = next(queue for queue in stats["queues"] if queue["name"] == "email")
    assert stats["postgres"] is False and email["depth"] == 2 and email["failed"] is None
    health = gated_shop.get("health/workers")
    assert health["postgres"] is False and [worker["role"] for worker in health["workers"]] == ["admin"]
    for path in ("queue/dlq/email", f"queue/dlq/email/{id}", "queue/delayed/email", "webhooks", "cron", "clicks/accounting",
                 "stats", "audit", "queue/history"):
        answer = gated_shop.client(READER).get("api/v1/" + path)
        assert answer.status == 503 and answer.code == "unavailable", f"{path}: {answer}"
    assert gated_shop.post(f"queue/dlq/email/{id}/retry").status == 503
    gated_shop.postgres_gate.open()
    eventually(lambda: gated_shop.post(f"queue/dlq/email/{id}/retry").status == 200, "PostgreSQL is seen again", 20, every_s=0.3)


def test_without_both_it_says_so(gated_shop):
    gated_shop.redis_gate.shut()
    gated_shop.postgres_gate.shut()
    for path in ("queue/stats", "health/workers"):
        assert gated_shop.client(READER).get("api/v1/" + path).code == "unavailable"


def test_an_act_that_cannot_be_recorded_is_not_done(gated_shop):
    id = gated_shop.add_dead("outbox")
    log = gated_shop.add_dead("webhooks")
    gated_shop.database.run("ALTER TABLE audit_logs RENAME TO audit_logs_away")
    for answer in (gated_shop.post(f"queue/dlq/outbox/{id}/retry"), gated_shop.delete(f"queue/dlq/outbox/{id}"),
                   gated_shop.delete("queue/dlq/outbox", {"all": True, "confirm": 1, **WHY}),
                   gated_shop.post(f"webhooks/{log}/replay"),
                   gated_shop.client(OPERATOR).get("api/v1/queue/dlq/outbox?unmask=1")):
        assert answer.status in (500, 503), answer
    assert gated_shop.job("outbox", id)["status"] == gated_shop.job("webhooks", log)["status"] == "failed"
