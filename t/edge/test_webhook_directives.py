"""The coupon_webhook… directives: wrong values stop nginx -t with directive, problem, file and line."""
import re

import pytest

from harness import webhooks
from harness.nginx import Nginx, Server

GOOD = {"coupon_redis": "127.0.0.1:6379", "coupon_postgres": "postgresql://coupon@127.0.0.1:5432/shop"}
LIMIT = "client_max_body_size 128k;"
RAZORPAY = "coupon_webhook razorpay;"
SECRET = "coupon_webhook_secret file:{razorpay};"


class Alone(Server):
    """No redirects here."""
    def text(self):
        return f"""
    server {{
        listen 127.0.0.1:{self.port};
        {self.extra}
    }}"""


@pytest.fixture(scope="module")
def secrets():
    folder = webhooks.secret_files()
    for name, text in {"short": "abc", "empty": "\n", "spaced": "a token of words, not one", "pem": "-----BEGIN PUBLIC KEY-----",
                       "in_name": "webhooks-in-the-name"}.items():
        (folder / name).write_text(text + "\n")
    return folder


def fill(text, secrets):
    for path in secrets.iterdir():
        text = text.replace("{" + path.name + "}", str(path))
    return text


def check(secrets, inside, settings=None, location="/webhooks/x", limit=LIMIT):
    text = fill(inside, secrets)
    nginx = Nginx(settings=GOOD | (settings or {}),
                  servers={"main": Alone(extra=f"location {location} {{\n{limit}\n{text}\n}}")})
    return (nginx, *nginx.check_configuration())


WRONG = [  # inside the location; the directive whose line is named; a word of the problem
    ("coupon_webhook paypal;", "coupon_webhook", "razorpay, phonepe"),
    ("coupon_webhook razorpay color=red;", "coupon_webhook", "no arguments"),
    (f"{RAZORPAY} {RAZORPAY} {SECRET}", "coupon_webhook", "duplicate"),
    (f"{RAZORPAY}", "coupon_webhook", "needs coupon_webhook_secret"),
    (f"{RAZORPAY}\ncoupon_webhook_secret plain;", "coupon_webhook_secret", "env:NAME or file:PATH"),
    (f"{RAZORPAY}\ncoupon_webhook_secret file:/no/such;", "coupon_webhook_secret", "cannot read"),
    (f"{RAZORPAY}\ncoupon_webhook_secret env:NO_SUCH_VARIABLE;", "coupon_webhook_secret", "not set"),
    (f"{RAZORPAY}\ncoupon_webhook_secret file:{{empty}};", "coupon_webhook_secret", "empty"),
    (f"{RAZORPAY}\n{SECRET}\ncoupon_webhook_secret file:{{short}};", "coupon_webhook_secret", "at least 16 bytes"),
    (f"{RAZORPAY}\ncoupon_webhook_secret file:{{razorpay}} index=1;", "coupon_webhook_secret", "index= is of no use"),
    (f"{RAZORPAY}\ncoupon_webhook_secret file:{{razorpay}} color=1;", "coupon_webhook_secret", "index=NUMBER"),
    ("coupon_webhook phonepe;\ncoupon_webhook_secret file:{salt} index=one;", "coupon_webhook_secret", "index=NUMBER"),
    ("coupon_webhook phonepe;\ncoupon_webhook_secret file:{salt};", "coupon_webhook_secret", "user:password"),
    ("coupon_webhook sendgrid;\ncoupon_webhook_secret file:{pem};", "coupon_webhook_secret", "key"),
    ("coupon_webhook standard-webhooks;\ncoupon_webhook_secret file:{short};", "coupon_webhook_secret", "whsec_"),
    ("coupon_webhook_secret file:{razorpay};", "coupon_webhook_secret", "needs coupon_webhook in the same location"),
    (f"{RAZORPAY} {SECRET}\ncoupon_webhook_token file:{{token}};", "coupon_webhook_token", "no use to razorpay"),
    (f"{RAZORPAY} {SECRET}\ncoupon_webhook_url https://x/;", "coupon_webhook_url", "no use to razorpay"),
    (f"{RAZORPAY} {SECRET}\ncoupon_webhook_topic {webhooks.TOPIC};", "coupon_webhook_topic", "no use to razorpay"),
    (f"{RAZORPAY} {SECRET}\ncoupon_webhook_map click=a;", "coupon_webhook_map", "no use to razorpay"),
    (f"{RAZORPAY} {SECRET}\ncoupon_webhook_tolerance 5m;", "coupon_webhook_tolerance", "no use to razorpay"),
    (f"{RAZORPAY} {SECRET}\ncoupon_webhook_tolerance off;", "coupon_webhook_tolerance", "no use to razorpay"),
    ("coupon_webhook cashfree; coupon_webhook_secret file:{cashfree};\ncoupon_webhook_tolerance soon;",
     "coupon_webhook_tolerance", "off or a time"),
    ("coupon_webhook cashfree; coupon_webhook_secret file:{cashfree};\ncoupon_webhook_tolerance 0;",
     "coupon_webhook_tolerance", "off or a time"),
    ("coupon_webhook twilio; coupon_webhook_secret file:{twilio};", "coupon_webhook", "needs coupon_webhook_url"),
    ("coupon_webhook twilio; coupon_webhook_secret file:{twilio};\ncoupon_webhook_url shop.example/x;",
     "coupon_webhook_url", "http(s) URL"),
    ("coupon_webhook twilio; coupon_webhook_secret file:{twilio};\ncoupon_webhook_url https:///x;", "coupon_webhook_url", "http(s)"),
    ("coupon_webhook twilio; coupon_webhook_secret file:{twilio};\ncoupon_webhook_url https://x/#a;", "coupon_webhook_url", "fragment"),
    ("coupon_webhook bkash;", "coupon_webhook", "needs coupon_webhook_topic"),
    ("coupon_webhook bkash;\ncoupon_webhook_topic payments;", "coupon_webhook_topic", "arn:aws:sns"),
    ("coupon_webhook admitad;", "coupon_webhook", "needs coupon_webhook_token"),
    ("coupon_webhook admitad;\ncoupon_webhook_token file:{short};", "coupon_webhook_token", "at least 16 bytes"),
    ("coupon_webhook admitad;\ncoupon_webhook_token file:{spaced};", "coupon_webhook_token", ""),
    ("coupon_webhook admitad; coupon_webhook_token file:{token};\ncoupon_webhook_map click;", "coupon_webhook_map", "name=parameter"),
    ("coupon_webhook admitad; coupon_webhook_token file:{token};\ncoupon_webhook_map Click=a;", "coupon_webhook_map", "name=parameter"),
    ("coupon_webhook admitad; coupon_webhook_token file:{token};\ncoupon_webhook_map click=;", "coupon_webhook_map", "name=parameter"),
    ("coupon_webhook admitad; coupon_webhook_token file:{token};\ncoupon_webhook_map click=a click=b;", "coupon_webhook_map", "twice"),
    ("coupon_webhook hmac; coupon_webhook_secret file:{hmac};", "coupon_webhook", "header="),
    ("coupon_webhook hmac header=X-S algorithm=md5; coupon_webhook_secret file:{hmac};", "coupon_webhook", "algorithm"),
    ("coupon_webhook hmac header=X-S color=red; coupon_webhook_secret file:{hmac};", "coupon_webhook", "color"),
    ("coupon_webhook hmac header=X-S 'signed={nonsense}'; coupon_webhook_secret file:{hmac};", "coupon_webhook", "nonsense"),
    ("coupon_webhook hmac header=X-S; coupon_webhook_secret file:{hmac};\ncoupon_webhook_tolerance 5m;",
     "coupon_webhook_tolerance", "no use to hmac"),
]


@pytest.mark.parametrize("inside,directive,problem", WRONG, ids=[f"{n} {case[1]} {case[2]}"[:60] for n, case in enumerate(WRONG)])
def test_wrong(secrets, inside, directive, problem):
    nginx, accepted, said = check(secrets, inside)
    assert not accepted
    line = next(line for line in said.splitlines() if "[emerg]" in line)
    assert f'"{directive}"' in line and problem in line, line
    number = int(re.search(rf"in {re.escape(str(nginx.directory))}/nginx\.conf:(\d+)", line).group(1))
    text = (nginx.directory / "nginx.conf").read_text().splitlines()[number - 1]
    assert directive in text, (number, text)
    for secret in (webhooks.SECRET, webhooks.TOKEN, "a token of words", "abc "):
        assert secret not in said


def test_a_token_in_the_locations_name(secrets):
    """The name stands in each record."""
    inside = "coupon_webhook admitad; coupon_webhook_token file:{in_name};"
    _, accepted, said = check(secrets, inside, location="= /webhooks/webhooks-in-the-name")
    assert not accepted and "end it before the token" in said


@pytest.mark.parametrize("limit,problem", [
    ("client_max_body_size 0;", "at most"), ("client_max_body_size 1g;", "at most"), ("client_max_body_size 800k;", "at most"), ("", "at most")])
def test_a_body_that_fits_into_no_segment(secrets, limit, problem):
    """Segments of 1m: NGINX's own default of 1m does not fit either."""
    _, accepted, said = check(secrets, f"{RAZORPAY} {SECRET}", limit=limit)
    assert not accepted and "client_max_body_size" in said and problem in said
    assert re.search(r'"coupon_webhook": .*nginx\.conf:\d+', said)


def test_larger_segments_take_larger_bodies(secrets):
    settings = {"coupon_journal": "/tmp/no-such/journal size=64m segment=8m webhooks=64m"}
    _, accepted, said = check(secrets, f"{RAZORPAY} {SECRET}", settings, limit="")
    assert accepted, said


@pytest.mark.parametrize("directive", ["coupon_redis", "coupon_postgres", "coupon_journal"])
def test_what_webhooks_need_is_asked_for(secrets, directive):
    _, accepted, said = check(secrets, f"{RAZORPAY} {SECRET}", {directive: None})
    assert not accepted and f'"coupon_webhook" needs "{directive}"' in said


def test_webhooks_alone_need_no_catalogue_and_no_click_key(secrets):
    _, accepted, said = check(secrets, f"{RAZORPAY} {SECRET}", {
        "coupon_catalog_zone": None, "coupon_rate_zone": None, "coupon_click_key": None})
    assert accepted, said


@pytest.mark.parametrize("journal,problem", [
    ("/tmp/no-such/j size=64m segment=1m webhooks=2m", "webhooks= is below three segments"),
    ("/tmp/no-such/j size=1g segment=64k webhooks=900m", "15360")])
def test_the_budget_of_webhooks(secrets, journal, problem):
    limit = "client_max_body_size 16k;"
    _, accepted, said = check(secrets, f"{RAZORPAY} {SECRET}", {"coupon_journal": journal}, limit=limit)
    assert not accepted and "coupon_journal" in said and problem in said


def test_not_beside_a_redirect(secrets):
    _, accepted, said = check(secrets, f"coupon_redirect on; {RAZORPAY} {SECRET}")
    assert not accepted and "coupon_redirect" in said


@pytest.mark.parametrize("inside", [
    f"{RAZORPAY} {SECRET} {SECRET}", f"{SECRET} {RAZORPAY}",
    "coupon_webhook phonepe; coupon_webhook_secret file:{salt} index=1; coupon_webhook_secret file:{salt} index=2;",
    "coupon_webhook phonepe; coupon_webhook_secret file:{phonepe};",
    "coupon_webhook cashfree; coupon_webhook_secret file:{cashfree}; coupon_webhook_tolerance off;",
    "coupon_webhook sendgrid; coupon_webhook_secret file:{sendgrid}; coupon_webhook_tolerance 10m;",
    f"coupon_webhook bkash; coupon_webhook_topic {webhooks.TOPIC}; coupon_webhook_topic arn:aws-cn:sns:cn-north-1:1:x;",
    "coupon_webhook hmac header=X-S 'signed={header:X-T}.{path}?{query}{body}' algorithm=sha1 encoding=base64 time=X-T;"
    " coupon_webhook_secret file:{hmac}; coupon_webhook_tolerance 5m;",
    "coupon_webhook vcommission; coupon_webhook_token file:{token}; coupon_webhook_map click=p2; coupon_webhook_map id=t;",
])
def test_good(secrets, inside):
    _, accepted, said = check(secrets, inside)
    assert accepted, said


def test_secrets_rotate_by_a_reload(new_shop, secrets):
    path = secrets / "rotating"
    path.write_text("the first secret of this shop\n")
    shop = new_shop(click_worker=False, servers={"main": Server(
        extra=f"location = /webhooks/razorpay {{ {LIMIT} {RAZORPAY} coupon_webhook_secret file:{path}; }}")})
    old, new = (webhooks.razorpay(b"{}", secret=f"the {which} secret of this shop") for which in ("first", "second"))
    assert [old.send(shop.edge.port()).status, new.send(shop.edge.port()).status] == [200, 401]
    path.write_text("the second secret of this shop\n")
    shop.edge.reload()
    assert [old.send(shop.edge.port()).status, new.send(shop.edge.port()).status] == [401, 200]


def test_an_if_in_the_location_keeps_its_secrets(new_shop, secrets):
    inside = fill(f"{LIMIT} {RAZORPAY} {SECRET} if ($http_x_any) {{ set $x 1; }}", secrets)
    shop = new_shop(click_worker=False, servers={"main": Server(extra=f"location = /webhooks/razorpay {{ {inside} }}")})
    assert webhooks.razorpay().with_headers(X_Any="1").send(shop.edge.port()).status == 200
    wrong = webhooks.razorpay(secret="a wrong secret of some length").with_headers(X_Any="1")
    assert wrong.send(shop.edge.port()).status == 401
