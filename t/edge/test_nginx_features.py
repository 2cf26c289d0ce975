"""The redirect among NGINX's other features: a click is counted exactly when a 302 leaves for a browser."""
import shutil
import subprocess

import pytest

from harness import webhooks
from harness.environment import fresh_directory
from harness.http import Cut
from harness.nginx import Server
from harness.stand_in import Answer, StandIn
from harness.waiting import eventually


@pytest.fixture
def pages():
    """A folder of static pages; shop_with() adds one that includes its offer."""
    folder = fresh_directory("pages")
    (folder / "page").write_text("a page")
    return folder


@pytest.fixture
def shop_with(new_shop, pages):
    """shop_with(text beside /out/, text inside of it, …) → (shop, offer); {path} is the offer's, {pages} a folder."""
    def make(extra="", out="", **options):
        shop = new_shop(start=False, **options)
        offer = shop.offer()
        shop.edge.servers["main"].extra = extra.replace("{path}", offer.path).replace("{pages}", str(pages))
        shop.edge.servers["main"].out = out
        (pages / "including").write_text(f'before <!--# include virtual="{offer.path}" --> after')
        shop.edge.start()
        return shop, offer
    return make


def assert_no_click_yet(shop, offer, path=None):
    """The next redirect is the first click of all, at the edge and in PostgreSQL."""
    shop.stored(shop.click(path or offer.path))
    assert shop.edge.stats()["redirects"]["redirect"] == 1
    assert shop.clicks_of(offer) == 1


# --- what a click is not: the Location would reach no browser

SUBREQUESTS = {  # what the location does: (directives, page, status)
    "auth_request": ("auth_request {path};", "page", 403),
    "mirror": ("mirror {path};", "page", 200),
    "ssi": ("ssi on; ssi_types *;", "including", 200),
    "addition": ("add_before_body {path}; add_after_body {path}; addition_types *;", "page", 200),
    "post_action": ("post_action {path};", "page", 200),
}


@pytest.mark.parametrize("kind", SUBREQUESTS)
def test_a_request_on_the_side_is_no_click(shop_with, kind):
    directives, page, status = SUBREQUESTS[kind]
    shop, offer = shop_with(f"location /static/ {{ {directives} alias {{pages}}/; }}")
    for _ in range(3):
        answer = shop.edge.get(f"/static/{page}")
        assert answer.status == status and answer.location is None
        if status == 200:
            assert b"page" in answer.body or b"after" in answer.body
    assert_no_click_yet(shop, offer)


def test_a_webhook_on_the_side_is_not_taken(new_shop):
    extra = webhooks.locations(webhooks.secret_files()) + "location /copied { mirror /webhooks/razorpay; coupon_health; }"
    shop = new_shop(click_worker=False, servers={"main": Server(extra=extra)})
    assert webhooks.razorpay(b"{}").but(path="/copied").send(shop.edge.port()).status == 200
    assert webhooks.razorpay(b"{}").send(shop.edge.port()).status == 200
    assert shop.edge.stats()["webhooks"]["providers"]["razorpay"]["accepted"] == 1


def test_http_0_9_cannot_be_redirected(shop_with):
    shop, offer = shop_with()
    with shop.edge.connect() as connection:
        connection.send(f"GET {offer.path}\r\n".encode())
        with pytest.raises(Cut) as whole_answer:
            connection.read()
    assert whole_answer.value.args[0] == b"Invalid redirect URL\n"
    assert_no_click_yet(shop, offer)


REFUSALS = {  # inside /out/: (directives, status)
    "deny": ("deny all;", 403),
    "auth_basic": ("auth_basic closed; auth_basic_user_file /dev/null;", 401),
    "auth_request": ("auth_request /refuse;", 403),
    "return": ("return 410;", 410),
    "internal": ("internal;", 404),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_what_nginx_refuses_is_no_click(new_shop, kind):
    directives, status = REFUSALS[kind]
    open_to_all = Server()
    closed = Server(out=directives, extra="location /refuse { return 403; }")
    shop = new_shop(servers={"main": open_to_all, "closed": closed})
    offer = shop.offer()
    assert [shop.edge.get(offer.path, server="closed").status for _ in range(3)] == [status] * 3
    assert_no_click_yet(shop, offer)


# --- the ways that lead here inside of NGINX

WAYS = {
    "rewrite": "location /go { rewrite ^ {path} last; }",
    "try_files": "location /go { root {pages}; try_files $uri {path}; }",
    "error_page": "location /go { error_page 410 = {path}; return 410; }",
    "x_accel_redirect": "location /go { proxy_pass http://127.0.0.1:{upstream}; }",
}


@pytest.fixture
def upstream():
    server = StandIn()
    yield server
    server.close()


@pytest.mark.parametrize("way", WAYS)
def test_an_internal_location_is_reached_from_inside(shop_with, upstream, way):
    shop, offer = shop_with(WAYS[way].replace("{upstream}", str(upstream.port)), out="internal;")
    upstream.answer("/go", Answer(200, body=b"not seen", headers={"X-Accel-Redirect": offer.path}))
    assert shop.edge.get(offer.path).status == 404
    answer = shop.edge.get("/go/there")
    assert answer.status == 302 and answer.body == b"" and answer.target.hostname == "store.example"
    assert "no-store" in answer.headers["cache-control"]
    shop.stored(answer)
    assert shop.clicks_of(offer) == 1


def test_a_named_location_sees_the_path_that_came(shop_with):
    shop, offer = shop_with("location @offer { coupon_redirect on; } location /out/m/ { try_files /none @offer; }")
    path = f"/out/m/{offer.uuid}"
    assert shop.edge.get("/out/m/nonsense").status == 400
    assert_no_click_yet(shop, offer, path)


# --- features that stand beside it

def test_a_mirrored_click_is_one_click(shop_with, upstream):
    shop, offer = shop_with(f"location /copy {{ internal; proxy_pass http://127.0.0.1:{upstream.port}$request_uri; }}",
                            out="mirror /copy;")
    assert_no_click_yet(shop, offer)
    eventually(lambda: [call.path for call in upstream.calls] == [offer.path], "the copy")


def test_an_allowed_click_is_one_click(shop_with):
    shop, offer = shop_with("location /allow { internal; return 204; }", out="auth_request /allow;")
    assert_no_click_yet(shop, offer)


def test_several_listeners_of_several_workers(new_shop):
    class Reuse(Server):
        def text(self):
            return super().text().replace(f"{self.port};", f"{self.port} reuseport;")
    shop = new_shop(workers="auto", servers={"main": Reuse(), "second": Reuse()},
                    main_extra="thread_pool default threads=1;", http_extra="    aio threads; sendfile on;")
    offer = shop.offer()
    ids = [shop.click(offer.path, server=server).headers["x-click-id"] for server in ("main", "second") * 40]
    eventually(lambda: shop.clicks_of(offer) == 80, "every click in PostgreSQL")
    stored = {str(row["click_id"]) for row in shop.sql("SELECT click_id FROM offer_clicks")}
    assert stored == set(ids) and len(stored) == 80


def test_each_location_keeps_its_own_directives(new_shop):
    strict = "location /out/strict/ { coupon_redirect on; coupon_rate_limit 1r/m; coupon_fallback https://strict.test/; }"
    shop = new_shop(servers={"main": Server(out="coupon_rate_limit 3r/m; coupon_fallback https://loose.test/;", extra=strict),
                             "other": Server(out="coupon_rate_limit off;")})
    offer = shop.offer()
    unknown = "00000000-0000-4000-8000-000000000001"
    assert shop.edge.get(f"/out/strict/{unknown}").location == "https://strict.test/"
    assert shop.edge.get(f"/out/strict/{offer.uuid}").status == 429
    assert shop.edge.get(f"/out/loose/{unknown}").location == "https://loose.test/"
    assert shop.edge.get(f"/out/strict/{unknown}", server="other").status == 404
    assert {shop.edge.get(offer.path, server="other").status for _ in range(5)} == {302}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_http_2(new_shop):
    class Http2(Server):
        def text(self):
            return super().text().replace(f"{self.port};", f"{self.port} http2;")
    shop = new_shop(servers={"main": Server(), "two": Http2()})
    offer = shop.offer()
    url = f"http://127.0.0.1:{shop.edge.port('two')}{offer.path}"
    answers = set()
    for _ in range(5):
        run = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-w", "%{http_version} %{http_code} %{redirect_url}", url],
                             capture_output=True, text=True)
        assert run.stdout.startswith("2 302 https://store.example/"), run
        answers.add(run.stdout)
    assert len(answers) == 5
    eventually(lambda: shop.clicks_of(offer) == 5, "every click in PostgreSQL")


# --- one process, as developers run it

def test_without_a_master(new_shop):
    shop = new_shop(main_extra="master_process off;", start=False)
    shop.edge.start()
    offer = shop.offer()
    shop.stored(shop.click(offer.path))
    shop.edge.stop()
    shop.edge.start()
    shop.stored(shop.click(offer.path))
