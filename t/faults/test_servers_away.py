"""Redis or PostgreSQL gone for 30 s: the visitors notice nothing, the clicks arrive late."""
import time

import pytest

from .accounts import settle

AWAY_S = 30


@pytest.mark.deadline(200)
def test_redis_paused_30_seconds(busy_shop, counts):
    """SIGSTOP: connections stay, nothing is answered."""
    shop = busy_shop()
    with shop.load(pause_s=0.03) as load:
        load.goes_on(200)
        shop.redis_server.pause()
        try:
            time.sleep(AWAY_S)
        finally:
            shop.redis_server.resume()
        load.goes_on(200)
    counts.add(faults=1)
    assert load.cuts == 0 and load.refused == 0
    settle(shop, load, counts)


@pytest.mark.deadline(200)
def test_postgres_stopped_30_seconds(busy_shop, counts):
    shop = busy_shop()
    with shop.load(pause_s=0.03, unknown=frozenset({404, 503})) as load:
        load.goes_on(200)
        shop.postgres.stop()
        try:
            time.sleep(AWAY_S)
        finally:
            shop.postgres.start()
        load.goes_on(200)
    counts.add(faults=1)
    assert load.cuts == 0 and load.refused == 0
    settle(shop, load, counts)
