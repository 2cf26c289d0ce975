"""couponctl cashback trace, unmatched and wallet verify: where somebody's cashback is, and whether it all adds up."""
import json

import pytest

from .cashback_shop import new_click_id

SENTENCE = "40.00 INR is in the wallet of user"


@pytest.fixture
def shop(new_cashback_shop):
    """One network, a merchant that gives 4 %, an offer of his and a user."""
    shop = new_cashback_shop(networks=["admitad"])
    shop.asha = shop.user()
    shop.shoes = shop.offer(title="Shoes", affiliate_url="https://shoes.example/buy?sub={subid}")
    return shop


@pytest.fixture
def bought(shop):
    """A purchase over 1000.00 that is credited."""
    shop.click_id = shop.click(shop.shoes, shop.asha)
    purchase = shop.admitad.world.add(shop.click_id, status="approved", order="ORDER-7")
    shop.once()
    return purchase


def trace(shop, key, status=0):
    answer = shop.couponctl("cashback", "trace", key, "--json")
    assert answer.returncode == status, answer.stderr
    return json.loads(answer.stdout)["purchases"] if status == 0 else answer.stderr


@pytest.mark.parametrize("key", ["{click}", "click:{click}", "ORDER-7", "order:ORDER-7", "{transaction}",
                                 "admitad:{transaction}", "transaction:{transaction}", "user:{user}", "SHOP-1",
                                 "fe-click-1"])
def test_every_key_leads_to_the_purchase(shop, bought, key):
    shop.database.run("INSERT INTO orders (order_number, user_id) VALUES ('SHOP-1', %s)", [shop.asha])
    shop.database.run("UPDATE offer_clicks SET frontend_click_id = 'fe-click-1'")
    found, = trace(shop, key.format(click=shop.click_id, transaction=bought.id, user=shop.asha))
    assert found["where"].startswith(f"{SENTENCE} {shop.asha} since ")
    assert (found["transaction"]["id"], found["transaction"]["order"]) == (str(bought.id), "ORDER-7")
    assert (found["click"]["id"], found["click"]["destination"], found["click"]["title"]) == (
        shop.click_id, "shoes.example", "Shoes")
    assert [event["status"] for event in found["cashback"]] == ["paid"]
    assert [line["amount"] for line in found["ledger"]] == ["-80.00", "40.00", "40.00", "40.00", "-40.00"]
    assert [(line["before"], line["after"]) for line in found["wallet"]] == [("0.00", "40.00")]
    assert found["states"][-1]["to"] == "paid"


def test_the_text_says_it_first(shop, bought):
    lines = shop.couponctl("cashback", "trace", "ORDER-7", check=True).stdout.splitlines()
    assert lines[0].startswith(f"{SENTENCE} {shop.asha} since ")
    for part in ("  click", "    destination: shoes.example", "  ledger", "    sale: 1000.00"):
        assert part in lines


def test_the_postback_is_shown(shop, bought):
    shop.add_job("postback", "admitad", {"id": str(bought.id), "status": "approved", "amount": "1000"})
    call, = trace(shop, "ORDER-7")[0]["postbacks"]
    assert (call["status"], call["amount"], call["job"]) == ("approved", "1000", "pending")


def test_a_pay_out_is_told(shop, bought):
    shop.database.run("INSERT INTO withdrawals (user_id, amount, status, utr) VALUES (%s, 30, 'completed', 'UTR9')",
                      [shop.asha])
    found, = trace(shop, "ORDER-7")
    assert found["where"].endswith("; that user has asked for 30.00 since, which is completed.")
    assert found["withdrawals"][0]["utr"] == "UTR9"


def test_what_is_not_credited_says_why(shop):
    click = shop.click(shop.shoes, shop.asha)
    purchase = shop.admitad.world.add(click)
    shop.once()
    found, = trace(shop, click)
    assert found["where"] == ("40.00 INR is expected: admitad says pending, and nothing is credited before it"
                              " confirms.")
    shop.admitad.world.change(purchase, status="approved")
    shop.once()
    shop.admitad.world.change(purchase, status="declined")
    shop.once()
    found, = trace(shop, click)
    assert "was credited at" in found["where"] and found["where"].endswith(": admitad says declined now.")
    assert [event["status"] for event in found["cashback"]] == ["reversed"]


def test_money_in_a_wallet_is_told_whatever_is_reported_since(shop, bought):
    shop.admitad.world.change(bought, members={"payment": "a lot"})
    shop.once()
    found, = trace(shop, "ORDER-7")
    assert found["where"].startswith(f"{SENTENCE} {shop.asha} since ")
    assert ". Put aside: what admitad reports cannot be used (" in found["where"]
    shop.database.run("UPDATE affiliate_transactions SET problem = NULL, version = version + 1")
    found, = trace(shop, "ORDER-7")
    assert found["where"].startswith(f"{SENTENCE} {shop.asha} since ")
    assert found["where"].endswith(" waits for a cashback worker.")


def test_what_cannot_be_used_is_put_aside(shop):
    shop.admitad.world.add(shop.click(shop.shoes, shop.asha), order="ORDER-8", members={"payment": "a lot"})
    shop.once()
    assert trace(shop, "ORDER-8")[0]["where"].startswith("Put aside: what admitad reports cannot be used (")


def test_a_click_without_a_purchase(shop):
    click = shop.click(shop.shoes, shop.asha)
    found, = trace(shop, click)
    assert found["where"] == "No cashback so far: no network has reported a purchase for this click."
    assert found["click"]["destination"] == "shoes.example"


def test_nobody_knows_the_key(shop):
    assert "is known as nothing-at-all" in trace(shop, "nothing-at-all", status=1)


def test_a_users_purchases_come_newest_first(shop):
    for _ in range(3):
        shop.admitad.world.add(shop.click(shop.shoes, shop.asha), status="approved")
    other = shop.user()
    shop.admitad.world.add(shop.click(shop.shoes, other), status="approved")
    shop.once()
    ids = [int(found["transaction"]["id"]) for found in trace(shop, f"user:{shop.asha}")]
    assert len(ids) == 3 and ids == sorted(ids, reverse=True)


def test_unmatched_ones_are_listed_with_their_reason(shop):
    unknown = new_click_id()
    shop.admitad.world.add(unknown, status="approved")
    shop.admitad.world.add("", status="approved", order="WITHOUT")
    shop.admitad.world.add(shop.click(shop.shoes, shop.asha), status="approved", order="GOOD")
    shop.once()
    answer = shop.couponctl("cashback", "unmatched", check=True).stdout
    listed = [line for line in answer.splitlines() if "admitad:" in line]
    assert len(listed) == 2 and unknown in answer and "by reason:" in answer
    reason = shop.database.value("SELECT unmatched FROM affiliate_transactions WHERE subid = %s", [unknown])
    assert reason in answer
    assert trace(shop, "WITHOUT")[0]["where"].startswith("No cashback: ")
    assert "admitad:" not in shop.couponctl("cashback", "unmatched", "--network", "cuelinks", check=True).stdout
    assert len(shop.couponctl("cashback", "unmatched", "--limit", "1", "--since", "1h", check=True).stdout.split(
        "by reason:")[0].splitlines()) == 1


# --- wallet verify

def test_a_good_ledger_verifies(shop, bought):
    shop.database.run("SELECT ledger_seal()")
    answer = shop.couponctl("wallet", "verify")
    assert answer.returncode == 0, answer.stdout
    assert answer.stdout.startswith("all adds up: 2 transactions in 1 seals and 0 not sealed yet, 1 wallets")


@pytest.mark.parametrize("tampering", [
    "UPDATE ledger_entries SET amount = amount * 2 WHERE account = 'user_available'",
    "UPDATE ledger_transactions SET cause = 'something else'",
    "DELETE FROM ledger_entries WHERE account = 'margin'",
    "UPDATE wallet_balances SET available = 4000",
    "UPDATE users SET wallet_balance = 4000",
    "UPDATE ledger_entries SET user_id = (SELECT min(id) FROM users) WHERE user_id IS NOT NULL"])
def test_planted_tampering_is_found(shop, bought, tampering):
    shop.database.run("INSERT INTO users (id) OVERRIDING SYSTEM VALUE VALUES (-1)")
    shop.database.run("SELECT ledger_seal()")
    with shop.database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(tampering)
    answer = shop.couponctl("wallet", "verify")
    assert answer.returncode == 1 and " problems: " in answer.stdout.splitlines()[-1], answer.stdout


def test_a_bad_since_is_an_error(shop):
    answer = shop.couponctl("cashback", "unmatched", "--since", "yesterday-ish")
    assert answer.returncode == 1 and "yesterday-ish" in answer.stderr
