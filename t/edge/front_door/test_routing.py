"""Which part of the shop answers what, over TLS and HTTP/2, and what each of them is told about the visitor."""
import json
import re
import subprocess

import pytest

from harness.front_door import NAME, PROXY
from harness.http import fetch
from harness.process import accepts_connections
from harness.waiting import eventually
from harness.webhooks import razorpay

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def whoami(door, headers=(), source=None):
    answer = door.fetch("/api/whoami", headers=headers, source=source)
    assert answer.status == 200, answer
    return json.loads(answer.body)


# --- prefixes

def test_a_redirect_is_a_click_in_postgresql(front_shop, door, address):
    offer = front_shop.offer()
    answer = door.fetch(offer.path, source=address)
    assert answer.status == 302
    assert answer.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    click_id = re.fullmatch(r"https://store\.example/buy\?sub=(.+)", answer.location)[1]
    row = eventually(lambda: front_shop.database.row("SELECT * FROM offer_clicks WHERE click_id = %s", [click_id]),
                     "the click in PostgreSQL", 20)
    assert row["ip_address"] == address


def test_a_webhook_is_taken(front_shop, door):
    webhook = razorpay(secret="a razorpay secret")
    answer = door.fetch(webhook.path, "POST", webhook.headers, body=webhook.body)
    assert (answer.status, answer.body) == (200, b"OK")
    eventually(lambda: front_shop.redis.llen("queue:webhooks"), "the webhook in Redis")
    assert door.fetch(webhook.path, "POST", {"X-Razorpay-Signature": "0" * 64}, body=webhook.body).status == 401
    assert door.fetch("/webhooks/unknown", "POST", body=b"{}").status == 404
    assert door.fetch("/webhooks/", "POST", body=b"{}").status == 404


def test_api_is_fastapi(door, address):
    told = whoami(door, source=address)
    assert told["path"] == "/api/whoami" and told["instance"] in ("one", "two")
    assert json.loads(door.fetch("/api/nothing", source=address).body) == {"detail": "Not Found"}
    uploaded = door.fetch("/api/upload", "POST", body=b"x" * 3_000_000, source=address)
    assert json.loads(uploaded.body) == {"bytes": 3_000_000}


def test_both_instances_are_asked(door):
    assert {whoami(door, source=f"127.79.0.{n}")["instance"] for n in range(1, 11)} == {"one", "two"}


def test_pages_sitemaps_and_health(door):
    assert door.fetch("/").text == "<h1>the shop</h1>\n"
    assert door.fetch("/sitemaps/sitemap.xml").text == "<sitemapindex/>\n"
    assert door.fetch("/health").text == "OK"
    assert door.fetch("/nothing").status == 404


def test_the_dashboard_is_looked_for_at_its_socket(door):
    """Nobody listens there now: NGINX says so itself."""
    before = len(door.log())
    assert door.fetch("/admin/workers/").status == 502
    door.wait_for_log(r"run/coupon/admin\.sock failed", after=before)


@pytest.mark.parametrize("path", [
    "/internal/orders/1/fulfill", "/internal/", "//internal/orders/1/fulfill", "/api/../internal/orders/1/fulfill",
    "/api/%2e%2e/internal/orders/1/fulfill", "/api/..%2finternal/orders/1/fulfill", "/api/x/../../internal/orders/1/fulfill",
    "/api/%252e%252e/internal/orders/1/fulfill", "/api/..;/internal/orders/1/fulfill", "/%69nternal/orders/1/fulfill",
    "/internal/../api/../internal/orders/1/fulfill",
    # NGINX takes these for /api/, while their first letters are those of /internal/.
    "/internal/a/../../api/whoami", "//internal//x/../../api/y",
    "/internal/orders/1/fulfill/%2e%2e/%2e%2e/%2e%2e/%2e%2e/api/x"])
def test_internal_is_never_reached(door, fastapis, path):
    assert fastapis.all[0].ask("/internal/orders/0/fulfill", "POST").status == 200  # it is there, for the workers
    assert door.fetch(path, "POST").status in (400, 404, 405)
    with door.tls() as connection:
        assert connection.request(path, "POST", {"Host": "127.0.0.1"}).status in (400, 404, 405, 421)
    assert not {"fulfill 1", "internal"} & set(fastapis.done())


@pytest.mark.parametrize("path", [
    "/api/./whoami", "/api/x/../whoami", "/api/x/%2E%2e/whoami", "/api/x%2f..%2fwhoami", "/api/whoami/..", "/api/whoami/%2e?x",
    "/api/x/..#/whoami", "//api/whoami", "/%61pi/whoami", "/api%2fwhoami", "/%2fapi/whoami", "/x/../api/whoami",
    "//out/nonsense", "/out/../index.html"])
def test_a_path_in_disguise_is_refused(door, address, path):
    """What the back end would read otherwise than NGINX, whichever of the two is right."""
    for method in ("GET", "POST"):
        answer = door.fetch(path, method, source=address)
        assert answer.status == 400 and b"nginx" in answer.body, answer


@pytest.mark.parametrize("path", [
    "/api/whoami?next=/a/../b&x=//", "/api//whoami", "/api/x..y", "/api/...", "/api/.hidden", "/api/a%2fb", "/api/%2e%2e%2e",
    "/api/caf%C3%A9", f"https://{NAME}/api/whoami"])
def test_other_odd_paths_arrive(door, address, path):
    answer = json.loads(door.fetch(path, source=address).body)
    assert answer.get("path") == "/api/whoami" or answer == {"detail": "Not Found"}


@pytest.mark.parametrize("path,status", [("/", 200), ("/?a/../b", 200), ("/caf%C3%A9/", 404), ("/a%20b/c", 404), ("/50%25", 404)])
def test_pages_with_odd_names_are_looked_for(door, path, status):
    assert door.fetch(path).status == status


def test_hidden_files_are_no_pages(door):
    for name in ("shop/.env", "shop/.git/config", "shop/a/.htpasswd", "shop/.well-known/security.txt"):
        path = door.root / "var/www" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("hidden\n")
    (door.root / "var/lib/coupon-worker/sitemap/.new").write_text("hidden\n")
    for path in ("/.env", "/.git/config", "/%2egit/config", "/a/.htpasswd", "/sitemaps/.new"):
        answer = door.fetch(path)
        assert answer.status in (400, 404) and b"hidden" not in answer.body, path
    assert door.fetch("/.well-known/security.txt").status == 200


# --- state

def test_state_is_for_this_machine_alone(door, address):
    assert door.get("/stats", server="state").status == 200
    assert "coupon_redirects_total" in door.get("/metrics", server="state").text
    for path in ("/stats", "/metrics"):
        assert door.get(path, server="state", source=address).status == 403
        assert door.get(path, {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"}, server="state",
                        source=address).status == 403
        assert door.fetch(path).status == 404
        assert fetch(door.port(), path).status == 308


def test_state_listens_on_loopback_alone(door):
    """Every socket that is bound to its port, as the kernel lists them."""
    with open("/proc/net/tcp") as table:
        bound = {line.split()[1].split(":")[0] for line in table.readlines()[1:]
                 if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == door.port("state")}
    assert bound == {"0100007F"}
    assert accepts_connections(door.port("state"))


# --- TLS

def curl(door, path, *words):
    port = door.port("tls")
    run = subprocess.run(["curl", "-sS", "--cacert", door.authority.certificate, "--resolve", f"{NAME}:{port}:127.0.0.1",
                          "-w", "\n%{http_version} %{http_code}", *words, f"https://{NAME}:{port}{path}"],
                         capture_output=True, text=True, timeout=30)
    assert run.returncode == 0, run.stderr
    return run.stdout.rpartition("\n")[::2]


def test_http2(door):
    assert curl(door, "/", "--http2") == ("<h1>the shop</h1>\n", "2 200")
    assert curl(door, "/api/whoami", "--http2")[1] == "2 200"
    assert curl(door, "/out/nonsense", "--http2") == ("Invalid redirect URL\n", "2 400")


@pytest.mark.parametrize("version,works", [("1.1", False), ("1.2", True), ("1.3", True)])
def test_versions_of_tls(door, version, works):
    run = subprocess.run(["curl", "-sS", "-o", "/dev/null", "--cacert", door.authority.certificate, f"--tlsv{version}",
                          "--tls-max", version, "--ciphers", "DEFAULT@SECLEVEL=0", "--resolve",
                          f"{NAME}:{door.port('tls')}:127.0.0.1", f"https://{NAME}:{door.port('tls')}/"], timeout=30)
    assert (run.returncode == 0) == works


def test_a_session_is_resumed(door):
    """Its next visits need no key exchange: by session id, since there are no tickets. The first of them may
    reach the other worker before NGINX has stored the session."""
    run = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{door.port('tls')}", "-servername", NAME,
                          "-CAfile", door.authority.certificate, "-tls1_2", "-reconnect"], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=30)
    assert run.stdout.count("Reused, TLSv1.2") >= 4, run.stdout
    assert "TLS session ticket:" not in run.stdout


def test_other_names_get_no_certificate(door):
    run = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{door.port('tls')}", "-servername", "other.example"],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert "unrecognized name" in run.stderr and "BEGIN CERTIFICATE" not in run.stdout
    assert door.fetch("/", headers={"Host": "other.example"}).status == 421


def test_http_leads_to_https(door):
    for method in ("GET", "POST"):
        answer = door.get("/out/shop/x?c=1", {"Host": "evil.example"}, method)
        assert (answer.status, answer.location) == (308, f"https://{NAME}/out/shop/x?c=1")
    assert door.get("/.well-known/acme-challenge/token").text == "proof\n"
    assert door.get("/.well-known/acme-challenge/none").status == 404
    assert door.get("/health").text == "OK"


# --- who is asking

CLAIMS = {"X-Forwarded-For": "203.0.113.1", "X-Real-IP": "203.0.113.2", "Forwarded": "for=203.0.113.3",
          "X-Forwarded-Proto": "http", "Proxy": "http://203.0.113.4/", "X-Forwarded-Host": "203.0.113.5",
          "X-Forwarded-Prefix": "/203.0.113.6", "X-Original-URL": "/203.0.113.7", "X-Rewrite-URL": "/203.0.113.8"}


def test_the_visitor_is_the_peer(door, address):
    """Whatever a visitor claims, also to FastAPI, which believes its proxy."""
    told = whoami(door, CLAIMS, address)
    assert (told["client"], told["scheme"]) == (address, "https")
    assert told["headers"]["x-forwarded-for"] == told["headers"]["x-real-ip"] == address
    assert told["headers"]["host"] == NAME
    assert "forwarded" not in told["headers"] and "proxy" not in told["headers"]
    assert "203.0.113" not in str(told["headers"])


def test_the_named_proxy_is_believed_and_only_its_part(door):
    assert whoami(door, {"X-Forwarded-For": "203.0.113.9"}, PROXY)["client"] == "203.0.113.9"
    assert whoami(door, {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}, PROXY)["client"] == "203.0.113.9"


def test_a_trace_arrives(door, address):
    parent = f"00-{TRACE}-00f067aa0ba902b7-01"
    assert whoami(door, {"traceparent": parent}, address)["headers"]["traceparent"] == parent
    begun = whoami(door, source=address)["headers"]["traceparent"]
    trace = re.fullmatch("00-([0-9a-f]{32})-[0-9a-f]{16}-01", begun)[1]
    assert trace != TRACE

    def logged():
        return [line for line in door.access() if line["correlation_id"] in (TRACE, trace)]
    lines = eventually(lambda: len(logged()) >= 2 and logged(), "both requests in the log")
    assert {(line["path"], line["status"], line["remote"]) for line in lines} == {("/api/whoami", "200", address)}
