"""Stock and prices from the configured source: all or nothing."""
import pytest

from harness.stand_in import Answer, StandIn


@pytest.fixture
def source():
    source = StandIn()
    yield source
    source.close()


@pytest.fixture
def shop(new_cron_shop, source):
    return new_cron_shop(settings={"INVENTORY_URL": source.url + "/stock", "INVENTORY_TOKEN": "token-of-the-inventory"})


def add_variants(shop, *skus):
    for sku in skus:
        shop.database.run("INSERT INTO product_variants (sku, price, stock) VALUES (%s, 100, 1)", [sku])


def variants(shop):
    return {row["sku"]: (row["stock"], str(row["price"]), row["is_active"]) for row in shop.database.run(
        "SELECT sku, stock, price, is_active FROM product_variants WHERE sku IS NOT NULL")}


def test_stock_and_prices_follow_the_source(shop, source):
    add_variants(shop, "A", "B", "C")
    source.answer("/stock", Answer(json=[{"sku": "A", "stock": 7, "price": "499.50"}, {"sku": "B", "stock": 0, "active": False},
                                         {"sku": "unheard-of", "stock": 1}]))
    assert shop.run("inventory_sync") == {"items": 3, "changed": 2, "unknown": 1, "not_named": 0}
    assert variants(shop) == {"A": (7, "499.50", True), "B": (0, "100.00", False), "C": (1, "100.00", True)}
    assert source.calls[0].headers["authorization"] == "Bearer token-of-the-inventory"
    assert "token-of-the-inventory" not in shop.log()
    assert shop.run("inventory_sync")["changed"] == 0


def test_a_price_stays_exact(shop, source):
    add_variants(shop, "A")
    source.answer("/stock", Answer(body=b'[{"sku":"A","stock":1,"price":1234567890.07}]'))
    shop.run("inventory_sync")
    assert variants(shop)["A"][1] == "1234567890.07"


@pytest.mark.parametrize("body, why", [
    (b"<html>", "it is no JSON array"),
    (b'{"sku":"A"}', "it is no JSON array"),
    (b'[{"sku":"A","stock":5},7]', "item 2 is no object"),
    (b'[{"stock":5}]', 'item 1 has no "sku"'),
    (b'[{"sku":"A","stock":-1}]', 'item 1 has no whole "stock"'),
    (b'[{"sku":"A","stock":1.5}]', 'item 1 has no whole "stock"'),
    (b'[{"sku":"A","stock":1,"price":"1e3"}]', 'item 1 has a "price" that is no amount'),
    (b'[{"sku":"A","stock":1,"active":"yes"}]', 'item 1 has an "active" that is neither'),
    (b'[{"sku":"A","stock":1},{"sku":"A","stock":2}]', 'item 2 has the "sku" of one before it'),
])
def test_a_source_that_makes_no_sense_changes_nothing(shop, source, body, why):
    add_variants(shop, "A")
    source.answer("/stock", Answer(body=body))
    assert why in shop.run("inventory_sync", status="failed")
    assert variants(shop) == {"A": (1, "100.00", True)}


def test_a_source_that_lost_most_of_its_skus_is_not_believed(shop, source):
    add_variants(shop, *"ABCDE")
    source.answer("/stock", Answer(json=[{"sku": sku, "stock": 5} for sku in "ABCDE"]))
    shop.run("inventory_sync")
    source.answer("/stock", Answer(json=[{"sku": sku, "stock": 0} for sku in "AB"]))
    assert "of 5 SKUs that were synced before it names 2" in shop.run("inventory_sync", status="failed")
    assert {row[0] for row in variants(shop).values()} == {5}
    source.answer("/stock", Answer(json=[{"sku": sku, "stock": 0} for sku in "ABC"]))
    assert shop.run("inventory_sync")["not_named"] == 2


def test_skus_that_go_over_the_years_are_not_held_against_the_source(shop, source):
    add_variants(shop, *"ABCDEFGH")
    for skus in ("ABCDEFGH", "ABCDE", "ABC", "AB"):
        source.answer("/stock", Answer(json=[{"sku": sku, "stock": len(skus)} for sku in skus]))
        shop.run("inventory_sync")
    assert variants(shop)["A"][0] == 2
    source.answer("/stock", Answer(json=[{"sku": sku, "stock": 8} for sku in "AB"] + [{"sku": "H", "stock": 9}]))
    assert shop.run("inventory_sync")["not_named"] == 0
    assert variants(shop)["H"][0] == 9, "one that comes back counts again"


@pytest.mark.parametrize("answer, why", [(Answer(503), "answered 503"), (Answer(reset=True), "did not answer"),
                                         (Answer(body=b"[" + b" " * (17 << 20) + b"]"), "did not answer")])
def test_a_source_that_does_not_answer_fails_the_run(shop, source, answer, why):
    source.answer("/stock", answer)
    assert why in shop.run("inventory_sync", status="failed")


def test_without_a_source_a_run_says_so(new_cron_shop):
    assert "INVENTORY_URL" in new_cron_shop().run("inventory_sync", status="failed")
