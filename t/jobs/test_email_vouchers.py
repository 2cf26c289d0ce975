"""A fulfilled order's confirmation carries its voucher codes and the customer's name."""
import json

import pytest

from .payment_fixtures import idle_shop, paying_shop  # noqa: F401
from .paying_shop import PAID


def add_item(shop, order, codes, product=None):
    product_id = product and shop.database.value("INSERT INTO products (name) VALUES (%s) RETURNING id", [product])
    shop.database.run("INSERT INTO order_items (order_id, product_id, voucher_codes) VALUES (%s, %s, %s)",
                      [order.id, product_id, codes])


def confirmation(shop, order):
    shop.razorpay("payment.captured", order)
    shop.reaches(order, *PAID)
    mail, = shop.mails(order)
    return mail["data"]


def test_codes_of_all_items_in_every_shape(paying_shop):
    order = paying_shop.order()
    add_item(paying_shop, order, json.dumps(["PLAIN-1", None, {"code": "WITH-PIN", "pin": "1234", "expires_at": None}]),
             "Gift card")
    add_item(paying_shop, order, json.dumps({"code": "ALONE", "product": "Its own name"}), "Another name")
    add_item(paying_shop, order, json.dumps(4711))
    add_item(paying_shop, order, None)
    assert confirmation(paying_shop, order)["vouchers"] == [
        {"code": "PLAIN-1", "product": "Gift card"}, {"code": "WITH-PIN", "pin": "1234", "product": "Gift card"},
        {"code": "ALONE", "product": "Its own name"}, {"code": 4711}]


@pytest.mark.parametrize("codes", ["absent", None, "null", "[]", "[null]"])
def test_an_order_without_codes_is_confirmed_as_well(paying_shop, codes):
    order = paying_shop.order()
    if codes != "absent":
        add_item(paying_shop, order, codes)
    data = confirmation(paying_shop, order)
    assert data["order_number"] == f"N{order.number}" and "vouchers" not in data and "name" not in data


def test_the_name_of_the_customer(paying_shop):
    order = paying_shop.order()
    user = paying_shop.database.value("INSERT INTO users (full_name) VALUES ('Asha Rao') RETURNING id")
    paying_shop.database.run("UPDATE orders SET user_id = %s WHERE id = %s", [user, order.id])
    assert confirmation(paying_shop, order)["name"] == "Asha Rao"
