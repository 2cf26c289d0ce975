"""A user of whom the shop knows everything that it can know."""
import json
import types
import uuid

from .cashback_shop import new_click_id, now

MARK = "Zenobia"  # stands in all that is personal


def make_person(shop, name=MARK, phone="+919876543210"):
    """With money that came and went, and nothing in flight. All that is personal holds the name, or the phone's digits."""
    database = shop.database
    person = types.SimpleNamespace(name=name, phone=phone, email=f"{name.lower()}@example.com")
    person.id = database.value("INSERT INTO users (email, mobile, full_name) VALUES (%s, %s, %s) RETURNING id",
                               [person.email, phone, f"{name} Rao"])
    database.run("INSERT INTO user_kyc (user_id, status) VALUES (%s, 'verified')", [person.id])
    database.run("INSERT INTO user_sessions (user_id) VALUES (%s)", [person.id])
    make_clicks(shop, person)
    make_order(database, person)
    make_messages(database, person)
    make_money(database, person)
    database.run("INSERT INTO audit_logs (actor, action, entity, entity_id, details) VALUES"
                 " ('ann', 'users.update', 'users', %s, %s)", [str(person.id), json.dumps({"full_name": name})])
    database.run("INSERT INTO suppressions (channel, address, reason) VALUES ('email', %s, 'bounce')", [person.email])
    return person


def make_clicks(shop, person):
    """Three: one that cashback came from, one that nothing came from, and one in the default partition."""
    offer = shop.offer()
    visitor = {"ip_address": "192.0.2.77", "user_agent": f"{person.name}fox", "referrer_url": f"https://x.test/{person.name}",
               "frontend_click_id": f"front-{uuid.uuid4()}"}
    person.clicks = [shop.click(offer, person.id, now(days=days), **visitor) for days in (5, 3, 2000)]
    shop.database.run("INSERT INTO click_rejects (id, reason, raw) VALUES (gen_random_uuid(), 'bad', %s)",
                      [json.dumps({"user": person.id, "ua": f"{person.name}fox"}, separators=(",", ":"))])
    person.merchant = offer.merchant.id


def make_order(database, person):
    person.order = database.value(
        "INSERT INTO orders (user_id, order_number, status, payment_status, total_amount, delivery_email, delivery_mobile)"
        " VALUES (%s, %s, 'fulfilled', 'completed', 500, %s, %s) RETURNING id",
        [person.id, f"N-{uuid.uuid4()}", f"gift-for-{person.name}@example.com", person.phone])
    database.run("INSERT INTO order_items (order_id, unit_price, voucher_codes) VALUES (%s, 500, '[\"V-1\"]')", [person.order])
    payment = database.value(
        "INSERT INTO payments (order_id, gateway, amount, status, gateway_response) VALUES (%s, 'razorpay', 500, 'success', %s)"
        " RETURNING id", [person.order, json.dumps({"email": person.email, "token": "tok_secret"})])
    person.webhook = str(uuid.uuid4())
    database.run("INSERT INTO webhook_logs (id, provider, verdict, status, body, remote, headers) VALUES"
                 " (%s, 'razorpay', 'accepted', 'completed', convert_to(%s, 'UTF8'), '192.0.2.1', '{\"x\": \"y\"}')",
                 [person.webhook, json.dumps({"contact": person.name})])
    database.run("INSERT INTO webhook_events (provider, key, digest, event, effect, log_id, payment_id) VALUES"
                 " ('razorpay', %s, '', 'payment.captured', 'success', %s, %s)", [str(uuid.uuid4()), person.webhook, payment])


def make_messages(database, person):
    def add(queue, type, to, key, data, status="completed"):
        return database.value(
            f"INSERT INTO {queue}_queue (type, \"to\", data, status, finished_at, idempotency_key, delivery_status)"
            " VALUES (%s, %s, %s, %s, now(), %s, 'sent') RETURNING id::text", [type, to, json.dumps(data), status, key])
    gift = f"gift-for-{person.name}@example.com"
    person.mails = [add("email", "otp", person.email.upper(), f"otp:{person.email}", {"otp": "482913", "name": person.name}),
                    add("email", "order_confirmation", gift, f"order_confirmation:{gift}:{person.order}", {"name": person.name}),
                    add("email", "welcome", person.email, f"welcome:{person.email}", {"name": person.name}, "failed")]
    person.texts = [add("sms", "otp", person.phone[3:], f"otp:{person.phone}", {"otp": "482913"})]
    database.run("INSERT INTO message_events (queue, message_id, status) VALUES ('email', %s, 'sent')", [person.mails[0]])


def make_money(database, person):
    source = database.value(
        "INSERT INTO affiliate_transactions (network, transaction_id, state, click_id, user_id, commission, sale, currency,"
        " version, processed) VALUES ('admitad', %s, 'paid', %s, %s, 20, 500, 'INR', 1, 1) RETURNING id",
        [str(uuid.uuid4()), person.clicks[0], person.id])
    database.run("INSERT INTO cashback_events (user_id, click_id, merchant_id, source_id, commission_amount, cashback_amount,"
                 " transaction_amount, status) VALUES (%s, %s, %s, %s, 20, 10, 500, 'confirmed')",
                 [person.id, person.clicks[0], person.merchant, source])
    database.run("SELECT cashback_credit(%s, 'test', false)", [source])
    hold = database.value("SELECT wallet_hold(%s, %s, 10, 'withdrawal', '1', now() + interval '1 day')",
                          [f"hold:{person.id}", person.id])
    database.run("SELECT wallet_pay_out(%s, %s)", [f"pay:{person.id}", hold])
    database.run("INSERT INTO withdrawals (user_id, amount, method, upi_id, status, utr) VALUES (%s, 10, 'upi', %s, 'completed',"
                 " 'UTR1')", [person.id, f"{person.name}@upi"])


TABLES = ("users", "user_kyc", "user_sessions", "offer_clicks", "click_rejects", "orders", "order_items", "payments", "webhook_logs",
          "webhook_events", "email_queue", "sms_queue", "message_events", "suppressions", "withdrawals", "audit_logs",
          "cashback_events", "affiliate_transactions", "wallet_transactions", "ledger_transactions", "privacy_erasures")


def traces(database, person):
    """The tables in which the person's name, or his number, still stands."""
    found = set()
    for table in TABLES:
        rows = database.run(f"SELECT to_jsonb(t)::text AS text FROM {table} t") if table != "webhook_logs" else database.run(
            "SELECT to_jsonb(t)::text || COALESCE(convert_from(body, 'UTF8'), '') AS text FROM webhook_logs t")
        if any(mark in row["text"].lower() for row in rows for mark in (person.name.lower(), person.phone[3:])):
            found.add(table)
    return found
