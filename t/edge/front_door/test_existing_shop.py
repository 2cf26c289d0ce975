"""The edge in a configuration that a shop has already: the example at the head of coupon.conf, around a server that
passes everything to FastAPI."""
import json
import re

import pytest

from harness.front_door import SHIPPED
from harness.tls_redis import TlsRedis
from harness.waiting import eventually
from harness.webhooks import razorpay

from .conftest import shop_behind


def example(site):
    """What the head of coupon.conf says, with `site` in the place of the dots."""
    text = re.search(r"^#     (load_module.*?)^#\n# file:", (SHIPPED / "coupon.conf").read_text(), re.S | re.M)[1]
    text = re.sub(r"^#(     )?", "", text, flags=re.M)
    assert text.count("…") == 1
    # Here the tests' own module is loaded by a file of modules-enabled.
    text = re.sub("^load_module .*$", "include modules-enabled/*.conf;\nuser www-data;\npid /run/nginx.pid;\nerror_log "
                  "/var/log/nginx/error.log notice;\nevents {}", text, count=1, flags=re.M)
    return text.replace("…", site)


@pytest.fixture
def shop(postgres, template, authority, fastapis):
    redis = TlsRedis(authority)
    site = "listen 80; location / { proxy_pass http://127.0.0.1:8001; }"
    try:
        with shop_behind(postgres, redis, template, authority, fastapis, text=example(site),
                         changes={"127.0.0.1:6379": f"127.0.0.1:{redis.port}"}) as shop:
            yield shop
    finally:
        redis.stop()


def test_what_is_new_works_and_what_was_there_stays(shop, fastapis):
    edge, offer = shop.edge, shop.offer()
    assert edge.get(offer.path).location.startswith("https://store.example/buy?sub=")
    eventually(lambda: shop.clicks_of(offer) == 1, "the click in PostgreSQL", 20)
    assert razorpay(secret="a razorpay secret").send(edge.port()).status == 200
    assert edge.get("/health").text == "OK"
    assert edge.get("/admin/workers/").status == 502  # its worker does not run here
    assert json.loads(edge.get("/api/whoami").body)["path"] == "/api/whoami"
    assert json.loads(edge.get("/stats").body) == {"detail": "Not Found"}  # FastAPI's

    assert fastapis.all[0].ask("/internal/orders/of-the-workers/fulfill", "POST").status == 200
    for path in ("/internal/orders/of-a-visitor/fulfill", "/api/../internal/orders/of-a-visitor/fulfill",
                 "//internal/orders/of-a-visitor/fulfill", "/%69nternal/orders/of-a-visitor/fulfill",
                 "/api/..%2finternal/orders/of-a-visitor/fulfill", "/internal/a/../../api/whoami", "//internal//x/../../api/y"):
        assert edge.get(path, method="POST").status in (400, 404, 405)
    assert not {"fulfill of-a-visitor", "internal"} & set(fastapis.done())
    eventually(lambda: {line["path"] for line in edge.access()} >= {offer.path, "/webhooks/razorpay"}, "the log")
