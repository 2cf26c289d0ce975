"""What nobody signed moves money only after the provider's own API agreed."""
import base64
import hashlib
import json

import pytest

from harness.provider_stand_ins import Bkash, Phonepe, Sns, Sslcommerz
from harness.stand_in import Answer
from harness.waiting import eventually

from .payment_fixtures import idle_shop  # noqa: F401
from .paying_shop import PAID, REFUNDED, razorpay

UNTOUCHED = ("created", "pending", "pending")


@pytest.fixture
def stand_in(request, idle_shop):
    server = request.param()
    idle_shop.start_worker(**server.environment)
    yield server
    server.close()


REFUSED = "refused an event that moves money"


def cannot_say(shop, log, order):
    """It waits for another answer, and nothing is lost by then."""
    assert first_try(shop, log)["status"] == "pending"
    assert shop.state(order) == UNTOUCHED and REFUSED not in shop.log()


def first_try(shop, log):
    return eventually(lambda: (row := shop.log_row(log)) and row["attempts"] > 0 and row, "a first try")


@pytest.mark.parametrize("trust", ["header-only", "token-only", "unverified"])
def test_an_unsigned_payment_without_an_api_moves_nothing(idle_shop, trust):
    idle_shop.start_worker()
    order = idle_shop.order()
    row = idle_shop.done(idle_shop.push("razorpay", razorpay("payment.captured", order), trust=trust))
    assert row["outcome"] == "refused" and REFUSED in idle_shop.log()
    assert idle_shop.state(order) == UNTOUCHED
    # The key is not used up: the signed event has its effect.
    idle_shop.razorpay("payment.captured", order)
    idle_shop.reaches(order, *PAID)


# --- PhonePe

def phonepe_order(order, state="COMPLETED", amount=50000):
    return {"event": f"checkout.order.{state.lower()}", "payload": {
        "merchantId": "M", "merchantOrderId": order.gateway_order, "orderId": "OMO1", "state": state, "amount": amount,
        "paymentDetails": [{"transactionId": "T1", "state": state, "amount": amount}]}}


def push_phonepe(shop, body):
    return shop.push("phonepe", body, trust="header-only")


@pytest.mark.parametrize("stand_in", [Phonepe], indirect=True)
class TestPhonepe:
    def test_moves_money_when_the_status_call_agrees(self, idle_shop, stand_in):
        order = idle_shop.order(gateway="phonepe")
        stand_in.orders[order.gateway_order] = {"state": "COMPLETED", "amount": 50000, "orderId": "OMO1"}
        for _ in range(3):
            push_phonepe(idle_shop, phonepe_order(order))
        idle_shop.reaches(order, *PAID)
        idle_shop.at_rest()
        assert idle_shop.backend.fulfilled() == {order.id: 1}

        stand_in.refunds["MR1"] = {"state": "COMPLETED", "amount": 50000,
                                   "originalMerchantOrderId": order.gateway_order}
        push_phonepe(idle_shop, {"event": "pg.refund.completed", "payload": {
            "merchantRefundId": "MR1", "originalMerchantOrderId": order.gateway_order, "refundId": "R",
            "amount": 50000, "state": "COMPLETED"}})
        idle_shop.reaches(order, *REFUNDED)

    @pytest.mark.parametrize("truth", [{"state": "FAILED", "amount": 50000}, {"state": "COMPLETED", "amount": 100}])
    def test_moves_nothing_when_it_does_not(self, idle_shop, stand_in, truth):
        order = idle_shop.order(gateway="phonepe")
        stand_in.orders[order.gateway_order] = truth
        row = idle_shop.done(push_phonepe(idle_shop, phonepe_order(order)))
        assert row["outcome"] == "refused", row
        assert idle_shop.state(order) == UNTOUCHED
        assert REFUSED in idle_shop.log()
        assert idle_shop.database.value("SELECT count(*) FROM webhook_events") == 0

    @pytest.mark.parametrize("answer", [
        Answer(400, json={"code": "BAD_REQUEST"}), Answer(403), Answer(404), Answer(417), Answer(json={}),
        Answer(json={"state": "COMPLETED"}), Answer(json={"state": "UNHEARD", "amount": 50000})])
    def test_asks_again_when_it_does_not_say(self, idle_shop, stand_in, answer):
        order = idle_shop.order(gateway="phonepe")
        stand_in.script("/checkout/", answer)
        cannot_say(idle_shop, push_phonepe(idle_shop, phonepe_order(order)), order)
        stand_in.orders[order.gateway_order] = {"state": "COMPLETED", "amount": 50000}
        idle_shop.hurry()
        idle_shop.reaches(order, *PAID)

    def test_what_it_never_says_is_a_dead_letter(self, idle_shop, stand_in):
        order = idle_shop.order(gateway="phonepe")
        log = push_phonepe(idle_shop, phonepe_order(order))
        first_try(idle_shop, log)
        idle_shop.database.run("UPDATE webhook_logs SET attempts = 16, scheduled_at = now() WHERE status = 'pending'")
        row = idle_shop.done(log)
        assert row["status"] == "failed" and "PhonePe answers 400" in row["last_error"]
        assert "a webhook was given up" in idle_shop.log()

    def test_waits_while_the_api_is_down(self, idle_shop, stand_in):
        order = idle_shop.order(gateway="phonepe")
        stand_in.orders[order.gateway_order] = {"state": "COMPLETED", "amount": 50000}
        stand_in.script("/checkout/", Answer(503), Answer(429, headers={"Retry-After": "300"}), Answer(reset=True))
        log = push_phonepe(idle_shop, phonepe_order(order))
        assert "PhonePe answers 503" in first_try(idle_shop, log)["last_error"]
        idle_shop.hurry()
        eventually(lambda: idle_shop.log_row(log)["attempts"] == 2, "a second try")
        assert idle_shop.database.value("SELECT scheduled_at > now() + interval '250 s' FROM webhook_logs")
        assert idle_shop.state(order) == UNTOUCHED
        for _ in range(2):
            eventually(lambda: idle_shop.hurry() or idle_shop.state(order)[0] == "success" or
                       idle_shop.log_row(log)["attempts"] == 3, "a third try", every_s=0.3)
        idle_shop.hurry()
        idle_shop.reaches(order, *PAID)

    def test_a_refused_token_is_renewed_once(self, idle_shop, stand_in):
        first, second = idle_shop.order(gateway="phonepe"), idle_shop.order(gateway="phonepe")
        for order in (first, second):
            stand_in.orders[order.gateway_order] = {"state": "COMPLETED", "amount": 50000}
        push_phonepe(idle_shop, phonepe_order(first))
        idle_shop.reaches(first, *PAID)
        stand_in.token = "token-2"
        push_phonepe(idle_shop, phonepe_order(second))
        idle_shop.reaches(second, *PAID)
        assert len(stand_in.calls_to("/v1/oauth/token")) == 2
        assert "s3cret" not in idle_shop.log() and "token-" not in idle_shop.log()

    def test_the_signed_callback_of_v1_needs_no_call(self, idle_shop, stand_in):
        order = idle_shop.order(gateway="phonepe")
        payload = {"success": True, "code": "PAYMENT_SUCCESS", "data": {
            "merchantTransactionId": order.gateway_order, "transactionId": "T1", "amount": 50000,
            "state": "COMPLETED"}}
        idle_shop.push("phonepe", {"response": base64.b64encode(json.dumps(payload).encode()).decode()})
        idle_shop.reaches(order, *PAID)
        assert not stand_in.calls


# --- SSLCommerz

def ipn(order, val_id="V1", status="VALID", amount="500.00", **more):
    fields = {"status": status, "tran_id": order.gateway_order, "val_id": val_id, "amount": amount, "currency": "BDT",
              "currency_type": "BDT", "currency_amount": amount, "store_id": "store", "risk_level": "0"} | more
    fields["verify_key"] = ",".join(sorted(fields))
    return "&".join(f"{name}={value}" for name, value in fields.items())


def truth(order, **more):
    return {"APIConnect": "DONE", "status": "VALID", "tran_id": order.gateway_order, "val_id": "V1", "amount": "500.00",
            "currency": "BDT", "currency_type": "BDT", "currency_amount": "500.00", "risk_level": "0"} | more


@pytest.mark.parametrize("stand_in", [Sslcommerz], indirect=True)
class TestSslcommerz:
    def order(self, shop):
        return shop.order(gateway="sslcommerz", currency="BDT")

    def test_moves_money_when_validation_agrees(self, idle_shop, stand_in):
        order = self.order(idle_shop)
        stand_in.payments["V1"] = truth(order)
        idle_shop.push("sslcommerz", ipn(order), trust="header-only")
        idle_shop.reaches(order, *PAID)
        assert "store password" not in idle_shop.log() and "store%20password" not in idle_shop.log()

    @pytest.mark.parametrize("lie", [{"status": "INVALID_TRANSACTION"}, {"tran_id": "another"}, {"amount": "5.00"},
                                     {"currency_type": "USD"}, {"status": "FAILED"}])
    def test_moves_nothing_when_it_does_not(self, idle_shop, stand_in, lie):
        order = self.order(idle_shop)
        stand_in.payments["V1"] = truth(order, **lie)
        row = idle_shop.done(idle_shop.push("sslcommerz", ipn(order), trust="header-only"))
        assert row["outcome"] == "refused", row
        assert idle_shop.state(order) == UNTOUCHED
        assert REFUSED in idle_shop.log()

    @pytest.mark.parametrize("answer", [
        {"APIConnect": "INVALID_REQUEST", "status": "INVALID_TRANSACTION"}, {"APIConnect": "FAILED"},
        {"APIConnect": "INACTIVE"}, {"APIConnect": None}, {"status": "PENDING"}, {"tran_id": ""}, {"amount": ""}, 403,
        404])
    def test_asks_again_when_it_does_not_say(self, idle_shop, stand_in, answer):
        order = self.order(idle_shop)
        stand_in.script("/validator/", Answer(answer) if isinstance(answer, int) else
                        Answer(json=truth(order, **answer)))
        cannot_say(idle_shop, idle_shop.push("sslcommerz", ipn(order), trust="header-only"), order)
        stand_in.payments["V1"] = truth(order)
        idle_shop.hurry()
        idle_shop.reaches(order, *PAID)

    def test_a_risky_payment_is_held(self, idle_shop, stand_in):
        order = self.order(idle_shop)
        stand_in.payments["V1"] = truth(order, risk_level="1")
        row = idle_shop.done(idle_shop.push("sslcommerz", ipn(order), trust="header-only"))
        assert row["outcome"] == "review"
        assert idle_shop.state(order) == ("success", "completed", "review")
        assert not idle_shop.backend.calls

    def test_a_failure_needs_no_call(self, idle_shop, stand_in):
        order = self.order(idle_shop)
        idle_shop.done(idle_shop.push("sslcommerz", ipn(order, status="FAILED", error="declined"),
                                      trust="header-only"))
        assert idle_shop.state(order) == ("failed", "failed", "pending")
        assert not stand_in.calls


# --- bKash

def transaction(order, trx="TRX1", **more):
    return {"dateTime": "20260101000000", "trxID": trx, "transactionStatus": "Completed",
            "transactionType": "10002294", "amount": "500", "currency": "BDT",
            "merchantInvoiceNumber": order.gateway_order} | more


@pytest.mark.parametrize("stand_in", [Sns], indirect=True)
class TestBkash:
    def order(self, shop):
        return shop.order(gateway="bkash", currency="BDT")

    def test_moves_money_when_the_certificate_signed_it(self, idle_shop, stand_in):
        orders = [self.order(idle_shop) for _ in range(3)]
        for order in orders:
            idle_shop.push("bkash", stand_in.envelope(transaction(order, f"TRX{order.id}")), trust="unverified")
        for order in orders:
            idle_shop.reaches(order, *PAID)

    def test_a_forged_one_moves_nothing(self, idle_shop, stand_in):
        order = self.order(idle_shop)
        envelope = stand_in.envelope(transaction(order))
        envelope["Message"] = envelope["Message"].replace('"500"', '"501"')
        row = idle_shop.done(idle_shop.push("bkash", envelope, trust="unverified"))
        assert row["outcome"] == "refused" and "refused a webhook" in idle_shop.log()
        assert idle_shop.state(order) == UNTOUCHED

    @pytest.mark.parametrize("url", ["https://sns.evil.example/c.pem", "http://sns.eu-west-1.amazonaws.com/c.pem",
                                     "https://sns.eu-west-1.amazonaws.com.evil.example/c.pem"])
    def test_a_certificate_from_elsewhere_is_not_fetched(self, idle_shop, stand_in, url):
        order = self.order(idle_shop)
        row = idle_shop.done(idle_shop.push("bkash", stand_in.envelope(transaction(order), SigningCertURL=url),
                                            trust="unverified"))
        assert row["outcome"] == "refused"
        assert not stand_in.calls

    @pytest.mark.parametrize("answer", [Answer(500), Answer(403), Answer(404), Answer(200, body=b"<html>sign in</html>")])
    def test_waits_while_the_certificate_cannot_be_fetched(self, idle_shop, stand_in, answer):
        order = self.order(idle_shop)
        stand_in.script("/SimpleNotificationService", answer)
        log = idle_shop.push("bkash", stand_in.envelope(transaction(order)), trust="unverified")
        assert first_try(idle_shop, log)["status"] == "pending"
        idle_shop.hurry()
        idle_shop.reaches(order, *PAID)

    def test_a_subscription_is_confirmed_once(self, idle_shop, stand_in):
        envelope = stand_in.envelope("You have chosen to subscribe", "SubscriptionConfirmation", Token="t",
                                     SubscribeURL=f"{Sns.HOST}/?Action=ConfirmSubscription&Token=t")
        for _ in range(2):
            idle_shop.push("bkash", envelope, trust="unverified")
        idle_shop.at_rest()
        call, = stand_in.calls_to("/?Action")
        assert call.path == "/?Action=ConfirmSubscription&Token=t"

    def test_a_subscription_at_another_host_is_not(self, idle_shop, stand_in):
        envelope = stand_in.envelope("You have chosen", "SubscriptionConfirmation", Token="t",
                                     SubscribeURL="https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription")
        row = idle_shop.done(idle_shop.push("bkash", envelope, trust="unverified"))
        assert row["outcome"] == "refused"
        assert idle_shop.database.value("SELECT count(*) FROM outbox") == 0


@pytest.mark.parametrize("answer, outcome", [
    ({}, "applied"), ({"amount": "5"}, "refused"), ({"currency": "USD"}, "refused"), ({"trxID": "TRX2"}, "refused"),
    ({"statusCode": "2002"}, None), ({"statusCode": None}, None), ({"transactionStatus": "Initiated"}, None),
    ({"amount": ""}, None)])
def test_bkash_is_asked_where_its_api_is_configured(idle_shop, answer, outcome):
    sns, bkash = Sns(), Bkash()
    try:
        idle_shop.start_worker(**sns.environment, **bkash.environment)
        order = idle_shop.order(gateway="bkash", currency="BDT")
        bkash.transactions["TRX1"] = {"statusCode": "0000", "trxID": "TRX1", "transactionStatus": "Completed",
                                      "amount": "500.00", "currency": "BDT"} | answer
        log = idle_shop.push("bkash", sns.envelope(transaction(order)), trust="unverified")
        if outcome:
            assert idle_shop.done(log)["outcome"] == outcome
            assert (REFUSED in idle_shop.log()) == (outcome == "refused")
        else:
            cannot_say(idle_shop, log, order)
    finally:
        sns.close()
        bkash.close()


def test_phonepe_v1_under_v2_credentials_is_asked_with_the_salt(idle_shop):
    phonepe = Phonepe()
    try:
        idle_shop.start_worker(PHONEPE_V1_BASE_URL=phonepe.url, PHONEPE_MERCHANT_ID="M1", PHONEPE_SALT_KEY="salt")
        order = idle_shop.order(gateway="phonepe")
        path = f"/pg/v1/status/M1/{order.gateway_order}"
        phonepe.answer(path, Answer(json={"code": "PAYMENT_SUCCESS", "data": {"state": "COMPLETED", "amount": 50000}}))
        payload = {"code": "PAYMENT_SUCCESS", "data": {"merchantTransactionId": order.gateway_order,
                                                       "transactionId": "T1", "amount": 50000, "state": "COMPLETED"}}
        push_phonepe(idle_shop, {"response": base64.b64encode(json.dumps(payload).encode()).decode()})
        idle_shop.reaches(order, *PAID)
        call, = phonepe.calls
        assert call.headers["x-verify"] == hashlib.sha256((path + "salt").encode()).hexdigest() + "###1"
    finally:
        phonepe.close()
