"""traceparent: which ones are taken, and that one id stands in the access log, the record and what is passed on."""
import json
import re

import pytest

from harness import webhooks
from harness.environment import CHECKOUT
from harness.nginx import Server
from harness.stand_in import Answer, StandIn
from harness.waiting import eventually

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{PARENT}-01"

MALFORMED = {
    "no trace at all": "",
    "the id alone": TRACE,
    "version ff": f"ff-{TRACE}-{PARENT}-01",
    "no version": f"{TRACE}-{PARENT}-01",
    "all-zero trace id": f"00-{'0' * 32}-{PARENT}-01",
    "all-zero parent id": f"00-{TRACE}-{'0' * 16}-01",
    "upper case": f"00-{TRACE.upper()}-{PARENT}-01",
    "too short": GOOD[:-1],
    "version 00 with more behind": GOOD + "-more",
    "a later version without a dash behind": "01" + GOOD[2:] + "0",
    "no digits": GOOD.replace("4bf9", "4bfg"),
    "other separators": GOOD.replace("-", "_"),
    "spaces inside": GOOD.replace("-", " -"),
    "very long": GOOD + "-" + "0" * 4000,
    "bytes of no text": "00-\xff\xfe-\x01-01",
}


@pytest.fixture
def shipped_log():
    """The log format of the shipped configurations, as it stands."""
    return (CHECKOUT / "nginx-conf" / "coupon" / "log.conf").read_text()


@pytest.fixture
def shop(new_shop, shipped_log):
    """An edge that logs as coupon/log.conf says; its records stay in Redis."""
    shop = new_shop(click_worker=False, start=False, servers={"main": Server(
        out="coupon_rate_limit 100r/m;", extra=webhooks.locations(webhooks.secret_files()))})
    shop.log = shop.edge.directory / "coupon.log"
    shop.edge.http_extra = f"{shipped_log}\naccess_log {shop.log} coupon;"
    shop.edge.start()
    return shop


def lines(shop, count, path):
    """The log's lines about a path; each is JSON."""
    def read():
        found = [json.loads(line) for line in shop.log.read_bytes().splitlines()] if shop.log.exists() else []
        found = [line for line in found if line["path"].startswith(path) and line["path"] != "/health"]
        return found if len(found) >= count else None
    return eventually(read, f"{count} lines about {path}")


def records(shop, count, queue="clicks"):
    texts = eventually(lambda: shop.redis.llen(f"queue:{queue}") >= count
                       and shop.redis.lrange(f"queue:{queue}", 0, -1), f"{count} records in queue:{queue}")
    return [json.loads(text) for text in texts]


def test_the_id_of_a_click_is_in_its_record_and_the_log(shop):
    offer = shop.offer()
    answer = shop.click(offer.path, headers={"traceparent": GOOD})
    record, = records(shop, 1)
    line, = lines(shop, 1, offer.path)
    assert record["rid"] == line["correlation_id"] == TRACE
    assert line["click_id"] == record["id"] == answer.headers["x-click-id"]
    assert (line["role"], line["level"], line["status"], line["verdict"]) == ("edge", "info", "302", "redirect")
    assert line["offer"] == offer.uuid and line["cache"] in ("HIT", "MISS") and line["time"] and line["worker"] and line["message"]


def test_later_versions_are_read_as_far_as_they_are_known(shop):
    offer = shop.offer()
    for header in ("01" + GOOD[2:], "fe" + GOOD[2:] + "-something-later"):
        shop.click(offer.path, headers={"TraceParent": header})
    assert [record["rid"] for record in records(shop, 2)] == [TRACE] * 2


@pytest.mark.parametrize("header", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_one_is_ignored(shop, header):
    offer = shop.offer()
    assert shop.click(offer.path, headers={"traceparent": header}).status == 302
    record, = records(shop, 1)
    assert re.fullmatch("[0-9a-f]{32}", record["rid"]) and record["rid"] != TRACE
    assert lines(shop, 1, offer.path)[0]["correlation_id"] == record["rid"]


@pytest.mark.parametrize("headers", [[GOOD, GOOD], [GOOD, "00"], ["", GOOD], [GOOD] * 3], ids=len)
def test_several_count_as_none(shop, headers):
    offer = shop.offer()
    answer = shop.edge.get(offer.path, [("traceparent", header) for header in headers])
    assert answer.status == 302
    assert records(shop, 1)[0]["rid"] != TRACE


def test_without_one_each_request_has_an_id_of_its_own(shop):
    offer = shop.offer()
    for _ in range(3):
        shop.click(offer.path)
    ids = [record["rid"] for record in records(shop, 3)]
    assert len(set(ids)) == 3 and all(re.fullmatch("[0-9a-f]{32}", id) for id in ids)
    assert [line["correlation_id"] for line in lines(shop, 3, offer.path)] == ids


def test_what_is_refused_is_found_as_well(shop):
    for path, verdict in (("/out/nothing", "bad_request"),
                          ("/out/shop/00000000-0000-4000-8000-000000000000", "not_found")):
        shop.edge.get(path, {"traceparent": GOOD})
        line = lines(shop, 1, path)[0]
        assert (line["correlation_id"], line["verdict"], line["level"]) == (TRACE, verdict, "warn")
    shop.edge.get("/out/shop/x", {"traceparent": GOOD, "Sec-Purpose": "prefetch"})
    assert lines(shop, 1, "/out/shop/x")[0]["correlation_id"] == TRACE


def test_a_speculative_load_is_still_seen_beside_a_trace(shop):
    offer = shop.offer()
    for headers in ([("traceparent", GOOD), ("Sec-Purpose", "prefetch")], [("Purpose", "prefetch"), ("traceparent", GOOD)]):
        assert shop.edge.get(offer.path, headers).status == 403


def test_the_id_of_a_webhook(shop):
    webhook = webhooks.razorpay().with_headers(traceparent=GOOD)
    assert webhook.send(shop.edge.port()).status == 200
    bad = webhook.with_headers(X_Razorpay_Signature="0" * 64)
    assert bad.send(shop.edge.port()).status == 401
    assert [record["rid"] for record in records(shop, 2, "webhooks")] == [TRACE] * 2
    assert [line["correlation_id"] for line in lines(shop, 2, webhook.path)] == [TRACE] * 2
    shop.edge.wait_for_log(f"webhook of razorpay .* refused: .*, trace id {TRACE}")


def test_tokens_and_signatures_are_in_no_line(shop):
    offer = shop.offer()
    shop.click(offer.path_for(7) + "?e=1&s=the-signature")
    for name in ("msg91", "admitad"):
        assert webhooks.GOOD[name][0]().send(shop.edge.port()).status == 200
    shop.edge.get(f"/webhooks/msg91/{webhooks.TOKEN}", method="DELETE")
    shop.edge.get("/webhooks/none/some-token-of-somebody")
    assert [line["path"] for line in lines(shop, 4, "/webhooks/")] == [
        "/webhooks/msg91/***", "/webhooks/admitad/***", "/webhooks/msg91/***", "/webhooks/***"]
    text = shop.log.read_text()
    assert webhooks.TOKEN not in text and "signature" not in text and "some-token" not in text


def test_every_line_is_json_whatever_is_asked(shop):
    for raw in (b"GET /out/\xff\xfe\x80 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /a\"b\\c HTTP/1.1\r\nHost: x\r\n\r\n",
                b"nonsense\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /\n", b"\x16\x03\x01\x02\x00\r\n\r\n",
                b"GET /x HTTP/1.1\r\nHost: x\r\ntraceparent: \x80\xff\r\n\r\n"):
        with shop.edge.connect() as connection:
            connection.send(raw)
            try:
                connection.read()
            except Exception:  # answered without a header, or not at all
                pass
    found = lines(shop, 7, "")
    assert len(found) == 7 and all(isinstance(line["seconds"], float) for line in found)


def test_the_audit_reads_the_log(shop):
    offer = shop.offer(uuid="01890a5d-ac96-774b-bcce-b302099a8057")  # not a click, though it could be one
    for _ in range(3):
        shop.click(offer.path)
    shop.start_worker()
    eventually(lambda: shop.clicks_of(offer) == 3, "the clicks in PostgreSQL")
    audit = shop.couponctl("clicks", "audit", "--access-log", shop.log)
    assert audit.returncode == 0 and "3 click ids" in audit.stdout, audit.stdout + audit.stderr


@pytest.fixture
def back_end():
    stand_in = StandIn(otherwise=Answer(200))
    yield stand_in
    stand_in.close()


def test_the_back_end_is_told(new_shop, back_end):
    """A location that proxies, and nothing else that uses an id."""
    api = Server(extra=f"location /api/ {{ proxy_pass {back_end.url}; proxy_set_header traceparent $coupon_traceparent; }}")
    shop = new_shop(click_worker=False, servers={"main": Server(), "api": api})
    for headers in ([("traceparent", GOOD)], [("traceparent", "01" + GOOD[2:] + "-x")], [], [("traceparent", GOOD)] * 2,
                    [("traceparent", "nonsense")]):
        assert shop.edge.get("/api/x", headers, server="api").status == 200
    told = [call.headers["traceparent"] for call in back_end.calls]
    assert told[:2] == [GOOD, "01" + GOOD[2:] + "-x"]
    begun = [re.fullmatch("00-([0-9a-f]{32})-([0-9a-f]{16})-01", header)[1] for header in told[2:]]
    assert len(set(begun)) == 3 and TRACE not in begun


def test_no_id_is_made_where_nobody_uses_one(new_shop):
    shop = new_shop(click_worker=False, start=False)
    text = shop.edge.configuration()
    text = re.sub(r",\"request\\\":.*?\$request_id\\\"", "", text).replace(',"request":"$request_id"', "")
    assert "request_id" not in text
    shop.edge.configuration = lambda: text
    shop.edge.start()
    offer = shop.offer()
    shop.click(offer.path)
    shop.click(offer.path, headers={"traceparent": GOOD})
    assert [record.get("rid") for record in records(shop, 2)] == [None, TRACE]
