"""couponctl privacy erase: whose data it is, by number and in what gateways and carriers wrote."""
import json
import uuid

import pytest

from .privacy_person import make_person


@pytest.fixture
def shop(cashback_shop):
    return cashback_shop


@pytest.fixture
def person(shop):
    return make_person(shop)


def erase(shop, who):
    return shop.couponctl("privacy", "erase", who, "--yes")


def test_nobody_of_another_country_is_erased_for_the_same_last_digits(shop):
    abroad = make_person(shop, "Abroad", "+19876543210")
    run = erase(shop, "+919876543210")
    assert run.returncode == 1 and "there is no user" in run.stderr
    assert shop.database.value("SELECT email FROM users WHERE id = %s", [abroad.id]) == abroad.email
    shop.database.run("UPDATE users SET mobile = '+9198' WHERE id = %s", [abroad.id])
    assert erase(shop, "+9198").returncode == 1, "too short to be somebody's"


@pytest.mark.parametrize("stored", ["9876543210", "09876543210", "+91 98765-43210", "919876543210", "0091 9876543210"])
def test_a_number_is_found_however_it_is_stored(shop, person, stored):
    make_person(shop, "Abroad", "+19876543210")
    shop.database.run("UPDATE users SET mobile = %s WHERE id = %s", [stored, person.id])
    run = erase(shop, "+919876543210")
    assert run.returncode == 0, run.stderr
    assert shop.database.run("SELECT id FROM users WHERE mobile IS NULL") == [{"id": person.id}]


def test_messages_to_the_same_last_digits_abroad_stay(shop, person):
    shop.database.run("INSERT INTO sms_queue (type, \"to\", status) VALUES ('otp', '+19876543210', 'completed')")
    shop.database.run("INSERT INTO suppressions (channel, address, reason) VALUES ('sms', '+19876543210', 'bounce')")
    assert erase(shop, person.id).returncode == 0
    assert shop.database.run("SELECT \"to\" FROM sms_queue WHERE \"to\" NOT LIKE 'gone:%%'") == [{"to": "+19876543210"}]
    assert shop.database.value("SELECT count(*) FROM suppressions WHERE channel = 'sms'") == 1


def test_every_webhook_that_names_the_user_is_erased(shop, person):
    shop.database.run("UPDATE payments SET gateway_order_id = 'order_Mine1', gateway_payment_id = 'pay_Mine1'")
    mine = ['{"order_id": "order_Mine1"}', '{"id":"pay_Mine1"}', f'[{{"email": "{person.email.upper()}"}}]',
            f"to={person.email.replace('@', '%40')}&x=1", f'{{"mobile":"91{person.phone[3:]}"}}', f"To=%2B{person.phone[1:]}",
            f'{{"contact":"{person.phone[3:]}"}}', f'{{"é":"gift-for-{person.name}@example.com"}}']
    others = ['{"order_id": "order_Mine12"}', f'{{"email": "not.{person.email}"}}', f'{{"email": "{person.email}.au"}}',
              f'{{"mobile":"1{person.phone[3:]}"}}', f'{{"id":"55{person.phone[3:]}44"}}']
    for body in mine + others:
        shop.database.run("INSERT INTO webhook_logs (id, provider, verdict, status, body, remote) VALUES"
                          " (%s, 'msg91', 'accepted', 'completed', convert_to(%s, 'UTF8'), '192.0.2.1')", [str(uuid.uuid4()), body])
    run = erase(shop, person.id)
    assert run.returncode == 0, run.stderr
    left = {row["body"] for row in shop.database.run("SELECT convert_from(body, 'UTF8') AS body FROM webhook_logs"
                                                     " WHERE body IS NOT NULL")}
    assert left == set(others), json.dumps(sorted(left ^ set(others)))
    assert shop.database.value("SELECT count(*) FROM webhook_logs WHERE remote IS NOT NULL") == len(others)
