"""What is not proved is refused: 400 or 401, no body kept, few of them in the journal, no secret anywhere."""
import json
import re
import time

import pytest

from harness import webhooks
from harness.nginx import Server
from harness.waiting import eventually, stays

OTHER = {"razorpay": "X_Razorpay_Signature", "cashfree": "x_webhook_signature", "phonepe v1": "X_VERIFY",
         "phonepe v2": "Authorization", "sendgrid": "X_Twilio_Email_Event_Webhook_Signature",
         "twilio": "X_Twilio_Signature", "hmac": "X_Signed", "standard-webhooks": "webhook_signature"}
SIGNED = sorted(OTHER)


@pytest.fixture(scope="module")
def secrets():
    return webhooks.secret_files()


@pytest.fixture(scope="module")
def shared(postgres, redis_server, template, secrets):
    from harness.shop import Shop
    shop = Shop(postgres, redis_server, template, click_worker=False,
                servers={"main": Server(extra=webhooks.locations(secrets))})
    try:
        shop.edge.start()
        yield shop
    finally:
        shop.close()


@pytest.fixture
def port(shared):
    return shared.edge.port()


def good(name):
    return webhooks.GOOD[name][0]()


@pytest.mark.parametrize("name", SIGNED)
def test_without_a_signature(port, name):
    answer = good(name).with_headers(**{OTHER[name]: None}).send(port)
    assert answer.status == 400 and "missing" in answer.text.lower()


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_of_another_message(port, name):
    webhook = good(name)
    header = OTHER[name].replace("_", "-")
    value = webhook.headers[header]
    at = value.index("=") + 1 if name == "hmac" else 5 if name == "standard-webhooks" else 0
    if name == "sendgrid":
        answer = webhook.but(body=webhook.body + b" ").send(port)
    else:
        flipped = value[:at] + ("b" if value[at] != "b" else "c") + value[at + 1:]
        answer = webhook.with_headers(**{OTHER[name]: flipped}).send(port)
    assert answer.status == 401, answer
    assert answer.text == "Signature not valid\n"


@pytest.mark.parametrize("name", [name for name in SIGNED if name != "phonepe v2"])
def test_another_body(port, name):
    webhook = good(name)
    body = webhook.body.replace(b"e", b"f", 1) if name in ("phonepe v1", "twilio") else webhook.body + b" "
    if name == "phonepe v1":
        body = webhook.body.replace(b'"response":"ey', b'"response":"ez')
    assert webhook.but(body=body).send(port).status == 401


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_given_twice(port, name):
    webhook = good(name)
    header = OTHER[name].replace("_", "-")
    head, _, body = webhook.raw().partition(b"\r\n\r\n")
    with webhooks.http.Connection(port) as connection:
        connection.send(head + f"\r\n{header}: {webhook.headers[header]}\r\n\r\n".encode() + body)
        answer = connection.read()
    assert answer.status == 400, answer


@pytest.mark.parametrize("name,value", [
    ("razorpay", "zz"), ("razorpay", "ab" * 31), ("cashfree", "short"), ("phonepe v1", "ab" * 32), ("sendgrid", "AAAA"),
    ("twilio", "="), ("standard-webhooks", "v9,AAAA"), ("hmac", "no prefix")])
def test_what_cannot_be_a_signature(port, name, value):
    assert good(name).with_headers(**{OTHER[name]: value}).send(port).status in (400, 401)


def test_sslcommerz_with_another_amount_or_without_a_sign(port):
    webhook = good("sslcommerz")
    assert webhook.but(body=webhook.body.replace(b"amount=10.00", b"amount=90.00")).send(port).status == 401
    assert webhook.but(body=re.sub(rb"&?verify_sign(_sha2)?=[0-9a-f]+", b"", webhook.body)).send(port).status == 400


def test_bkash_of_another_topic_or_certificate_host(port):
    assert webhooks.bkash(topic="arn:aws:sns:ap-southeast-1:1:someone-else").send(port).status == 401
    elsewhere = webhooks.bkash(SigningCertURL="https://sns.evil.example/x.pem")
    assert elsewhere.send(port).status == 401
    assert webhooks.bkash().but(body=b"{}").send(port).status == 400


@pytest.mark.parametrize("network", ["admitad", "vcommission", "cuelinks", "msg91"])
def test_tokens(port, network):
    make = webhooks.msg91 if network == "msg91" else lambda token: webhooks.postback(network, token, "POST", id="1")
    assert make("tok_0123456789abcdef0124").send(port).status == 401
    assert make(webhooks.TOKEN[:-1]).send(port).status == 401
    assert make("").send(port).status == 400


@pytest.mark.parametrize("make", [webhooks.cashfree, webhooks.hmac_provider, webhooks.standard_webhook],
                         ids=["cashfree", "hmac", "standard"])
def test_stale(port, make):
    for away_s in (-400, 400):
        at = int(time.time()) + away_s
        webhook = make(at_ms=at * 1000) if make is webhooks.cashfree else make(at_s=at)
        answer = webhook.send(port)
        assert (answer.status, answer.text) == (401, "Signature too old\n")


def test_other_methods(port):
    for method in ("GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"):
        answer = webhooks.razorpay().but(method=method).send(port)
        assert answer.status == 405 and answer.headers["allow"] == "POST", method
    for method in ("PUT", "HEAD"):
        answer = webhooks.postback("admitad", id="1").but(method=method).send(port)
        assert answer.status == 405 and answer.headers["allow"] == "GET, POST"


def test_the_connection_goes_on_after_a_refusal(port):
    with webhooks.http.Connection(port) as connection:
        for webhook, status in ((webhooks.razorpay(), 200), (webhooks.razorpay(secret="wrong" * 9), 401),
                                (webhooks.razorpay().but(method="PUT"), 405), (webhooks.razorpay(), 200)):
            connection.send(webhook.raw())
            assert connection.read().status == status


def queue(shop):
    return [json.loads(text) for text in shop.redis.lrange("queue:webhooks", 0, -1)]


def test_refused_ones_leave_no_body_and_few_records(new_shop, secrets):
    shop = new_shop(click_worker=False, servers={"main": Server(extra=webhooks.locations(secrets))})
    bad = webhooks.razorpay(b'{"card":"4111111111111111"}', secret="a wrong secret of some length")
    started = time.monotonic()
    with shop.edge.connect() as connection:
        for _ in range(400):
            connection.send(bad.raw())
            assert connection.read().status == 401
    seconds = time.monotonic() - started
    stats = shop.edge.stats()["webhooks"]
    assert stats["providers"]["razorpay"]["bad"] == 400
    recorded = stats["refusals_recorded"]
    assert 10 <= recorded <= 10 + 10 * seconds + 1
    assert stats["refusals_unrecorded"] == 400 - recorded
    assert stats["syncs"] == 0, "no disk write for strangers"
    eventually(lambda: shop.redis.llen("queue:webhooks") == recorded, "the recorded ones in the queue")
    for record in queue(shop):
        assert record["verdict"] == "bad" and record["reason"]
        assert "body" not in record and "4111111111111111" not in json.dumps(record)
    assert len(re.findall(r"webhook of razorpay in /webhooks/razorpay refused", shop.edge.log())) == recorded


def test_each_location_has_its_own_share_of_records(new_shop, secrets):
    shop = new_shop(click_worker=False, servers={"main": Server(extra=webhooks.locations(secrets))})
    for _ in range(30):
        webhooks.razorpay(secret="a wrong secret of some length").send(shop.edge.port())
    assert webhooks.twilio().with_headers(X_Twilio_Signature="RSOYDt4T1cUTdK1PDd93/VVr8B8=").send(shop.edge.port()).status == 401
    eventually(lambda: any(record["provider"] == "twilio" for record in queue(shop)), "twilio's refusal in the queue")


def test_refused_ones_do_not_use_up_the_journal(new_shop, secrets):
    """Redis is away: the last fifth of the budget is for what is accepted."""
    shop = new_shop(start=False, click_worker=False, gates=True, servers={"main": Server(extra=webhooks.locations(secrets))})
    shop.edge.settings["coupon_journal"] = f"{shop.edge.journal} size=64m segment=256k webhooks=1536k keep=1s"
    shop.redis_gate.shut()
    shop.edge.start()
    shop.edge.expected_problem = "budget"
    body = b"x" * 60_000
    accepted = 0
    while shop.edge.stats()["webhooks"]["segments"] < 5:
        # 503 while the next segment is being prepared: a gateway comes again.
        eventually(lambda: webhooks.razorpay(body).send(shop.edge.port()).status == 200, "a webhook is taken", 10)
        accepted += 1
        assert accepted < 100
    time.sleep(3)  # the journal counts what is occupied every 2 s

    def refusals():
        stats = shop.edge.stats()["webhooks"]
        return stats["refusals_recorded"], stats["refusals_unrecorded"]
    recorded, unrecorded = refusals()
    assert webhooks.razorpay(secret="a wrong secret of some length").send(shop.edge.port()).status == 401
    assert refusals() == (recorded, unrecorded + 1)
    assert webhooks.razorpay(body).send(shop.edge.port()).status == 200
    shop.redis_gate.open()
    eventually(lambda: shop.redis.llen("queue:webhooks") == accepted + 1, "what was accepted arrives", 15)


def test_tokens_and_secrets_appear_nowhere(new_shop, secrets):
    shop = new_shop(click_worker=False, servers={"main": Server(extra=webhooks.locations(secrets))},
                    http_extra="log_format all '$request|$request_uri|$uri|$coupon_verdict|$coupon_offer';"
                               " access_log ACCESS all;")
    shop.edge.stop()
    all_log = shop.edge.directory / "all.log"
    shop.edge.http_extra = shop.edge.http_extra.replace("ACCESS", str(all_log))
    shop.edge.start()
    port = shop.edge.port()
    wrong = "tok_ffffffffffffffff0000"
    webhooks.postback("admitad", subid4="f", id="1").send(port)
    webhooks.postback("admitad", wrong, id="1").send(port)
    webhooks.postback("admitad", webhooks.TOKEN, "POST", id="1").but(method="PUT").send(port)
    webhooks.msg91(body=b"x" * 200_000).send(port)
    webhooks.msg91(token=webhooks.TOKEN.replace("_", "%5f")).send(port)
    with shop.edge.connect() as connection:  # closed in the middle of the body: NGINX logs that
        connection.send(webhooks.msg91().raw()[:-10])
        time.sleep(0.2)
    for make, _ in webhooks.GOOD.values():
        make().send(port)
    eventually(lambda: shop.redis.llen("queue:webhooks") >= len(webhooks.GOOD) + 2, "the records")
    eventually(lambda: len(all_log.read_text().splitlines()) >= len(webhooks.GOOD) + 5, "the access log")
    texts = [shop.edge.log(), all_log.read_text(), shop.edge.access_log.read_text(),
             "".join(shop.redis.lrange("queue:webhooks", 0, -1)), shop.edge.get("/stats").text]
    secret_values = [webhooks.TOKEN, webhooks.OLD_TOKEN, wrong, "tok%5f", webhooks.SECRET, webhooks.TWILIO_TOKEN,
                     webhooks.STORE_PASSWORD, webhooks.PHONEPE_SALT, webhooks.PHONEPE_CREDENTIALS]
    for text in texts:
        assert not [value for value in secret_values if value in text]
    assert "/webhooks/admitad/***" in all_log.read_text() and "|accepted|" in all_log.read_text()
    assert stays(lambda: shop.edge.stats()["webhooks"]["body_bytes"] == 0, "no body is held", 0.1) is None
