"""What holds for a location holds for everything NGINX makes of it."""
from harness.environment import fresh_directory
from harness.nginx import Server
from harness.waiting import eventually

UNKNOWN = "/out/m/00000000-0000-4000-8000-000000000001"


class Nested(Server):
    """Limit and secret outside, the redirect inside."""

    def text(self):
        return (f"server {{ listen 127.0.0.1:{self.port}; location / {{ {self.out} "
                "location /out/ { coupon_redirect on; } location /out/free/ "
                "{ coupon_rate_limit off; coupon_redirect on; } } }")


def secret_file():
    path = fresh_directory("secrets") / "links"
    path.write_text("a secret of at least 16 bytes\n")
    return path


def rules():
    return f"coupon_link_secret file:{secret_file()}; coupon_rate_limit 2r/m; coupon_fallback https://f.test/;"


def test_an_if_takes_nothing_away(new_shop):
    shop = new_shop(servers={"main": Server(out=rules() + " set $z 0; if ($arg_x) { set $z 1; }")})
    offer = shop.offer()
    statuses = [shop.edge.get(offer.path_for(42) + "?x=1").status for _ in range(4)]
    assert statuses == [302, 302, 429, 429]
    eventually(lambda: shop.clicks_of(offer) == 2, "the clicks")
    assert shop.database.value("SELECT bool_and(user_id IS NULL AND flags = '{sig_missing}') FROM offer_clicks")


def test_a_fallback_holds_where_an_if_matched(new_shop):
    shop = new_shop(servers={"main": Server(out="coupon_fallback https://f.test/; set $z 0; if ($arg_x) { set $z 1; }")})
    assert shop.edge.get(UNKNOWN + "?x=1").location == "https://f.test/"


def test_locations_inside_inherit(new_shop):
    shop = new_shop(servers={"main": Server(), "nested": Nested(out=rules())})
    offer = shop.offer()
    statuses = [shop.edge.get(offer.path_for(7), server="nested").status for _ in range(3)]
    assert statuses == [302, 302, 429]


def test_off_is_not_inherited_over(new_shop):
    shop = new_shop(servers={"main": Server(), "nested": Nested(out=rules())})
    offer = shop.offer()
    path = offer.path.replace(f"/out/{offer.merchant.slug}/", "/out/free/")
    assert [shop.edge.get(path, server="nested").status for _ in range(4)] == [302] * 4


def test_an_error_page_that_leads_here_is_a_redirect(new_shop):
    shop = new_shop(start=False)
    offer = shop.offer()
    shop.edge.servers["gone"] = Server(extra=f"location /gone {{ return 404; }} error_page 404 {offer.path};")
    shop.edge.start()
    assert shop.edge.get("/gone", server="gone").status == 302
