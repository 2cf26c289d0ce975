// What each provider's webhook says, read from bodies as the providers send them.
#include <gtest/gtest.h>

#include "core/base64.hpp"
#include "runtime/amount.hpp"
#include "webhooks/events/exact_json.hpp"
#include "webhooks/events/parse.hpp"

namespace coupon {
namespace {

WebhookInput input(const std::string& provider, const std::string& body) {
    WebhookInput in;
    in.provider = provider;
    in.method = "POST";
    in.body = body;
    return in;
}

WebhookEvent only(const WebhookInput& in) {
    auto events = parse_events(in);
    EXPECT_EQ(events.size(), 1u);
    return events.empty() ? WebhookEvent{} : events[0];
}

std::string razorpay(const std::string& event, const std::string& payload) {
    return R"({"entity":"event","account_id":"acc_1","event":")" + event +
           R"(","contains":["payment"],"payload":)" + payload + R"(,"created_at":1767225600})";
}

constexpr const char* kPayment =
    R"({"payment":{"entity":{"id":"pay_1","amount":50000,"currency":"INR","status":"captured",)"
    R"("order_id":"order_1","notes":[],"error_code":null,"error_description":null}}})";

TEST(AmountTest, ReadsHundredthsExactly) {
    EXPECT_EQ(parse_major_units("170"), 17000);
    EXPECT_EQ(parse_major_units("170.5"), 17050);
    EXPECT_EQ(parse_major_units("0.07"), 7);
    EXPECT_EQ(parse_major_units("999999999999.99"), 99999999999999);
    for (const char* text : {"", ".5", "1.", "1.005", "1e2", "-1", "+1", " 1", "1,00", "0x1", "NaN",
                             "1.0.0", "1000000000000"}) {
        EXPECT_EQ(parse_major_units(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_paise("50000"), 50000);
    for (const char* text : {"", "1.0", "-1", "1e3", "1234567890123"}) {
        EXPECT_EQ(parse_paise(text), std::nullopt) << text;
    }
    EXPECT_EQ(major_units(17050), "170.50");
    EXPECT_EQ(major_units(7), "0.07");
}

TEST(ExactJsonTest, KeepsTheDigitsOfNumbers) {
    const auto json =
        parse_exact_json(R"({"a":170.10,"b":[1,{"c":12345678901234567890123}],"d":null})");
    EXPECT_EQ(text_at(json, {"a"}), "170.10");
    EXPECT_EQ(json["b"][1]["c"], "12345678901234567890123");
    EXPECT_EQ(text_at(json, {"d"}), "");
    EXPECT_EQ(text_at(json, {"a", "x"}), "");
}

TEST(ExactJsonTest, RefusesWhatCanBeReadTwoWays) {
    EXPECT_THROW(parse_exact_json(R"({"a":1,"a":2})"), MalformedEvent);
    EXPECT_THROW(parse_exact_json("{"), MalformedEvent);
    EXPECT_THROW(parse_exact_json(std::string(100, '[') + std::string(100, ']')), MalformedEvent);
}

TEST(BusinessKeyTest, TellsListsApartWhateverTheirParts) {
    EXPECT_NE(business_key({"a:b", "c"}), business_key({"a", "b:c"}));
    EXPECT_NE(business_key({"a\\", "b"}), business_key({"a", "\\b"}));
    EXPECT_THROW(business_key({"a", ""}), MalformedEvent);
    EXPECT_THROW(business_key({std::string(257, 'a')}), MalformedEvent);
    EXPECT_THROW(business_key({std::string("a\0b", 3)}), MalformedEvent);
}

TEST(RazorpayEventTest, ReadsAPayment) {
    const auto event = only(input("razorpay", razorpay("payment.captured", kPayment)));
    EXPECT_EQ(event.kind, EventKind::payment);
    EXPECT_EQ(event.key, "payment.captured:pay_1");
    EXPECT_EQ(event.gateway_order_id, "order_1");
    EXPECT_EQ(event.gateway_payment_id, "pay_1");
    EXPECT_EQ(event.paise, 50000);
    EXPECT_EQ(event.currency, "INR");
    EXPECT_EQ(event.state, PaymentState::success);
    EXPECT_EQ(only(input("razorpay", razorpay("payment.authorized", kPayment))).state,
              PaymentState::authorized);
    EXPECT_EQ(only(input("razorpay", razorpay("payment.failed", kPayment))).state,
              PaymentState::failed);
}

TEST(RazorpayEventTest, ReadsAnOrderWithAndWithoutItsPayment) {
    const std::string order =
        R"("order":{"entity":{"id":"order_1","amount":50000,"amount_paid":50000,"currency":"INR"}})";
    const auto with = only(input(
        "razorpay",
        razorpay("order.paid", std::string(kPayment).substr(0, std::string(kPayment).size() - 1) +
                                   "," + order + "}")));
    EXPECT_EQ(with.key, "order.paid:pay_1");
    const auto without = only(input("razorpay", razorpay("order.paid", "{" + order + "}")));
    EXPECT_EQ(without.key, "order.paid:order_1");
    EXPECT_EQ(without.paise, 50000);
    EXPECT_EQ(without.state, PaymentState::success);
}

TEST(RazorpayEventTest, ReadsARefundWithItsStatus) {
    const auto event = only(input(
        "razorpay", razorpay("refund.processed",
                             R"({"refund":{"entity":{"id":"rfnd_1","amount":1000,"currency":"INR",)"
                             R"("payment_id":"pay_1","status":"processed"}}})")));
    EXPECT_EQ(event.kind, EventKind::refund);
    EXPECT_EQ(event.key, "refund.processed:rfnd_1:processed");
    EXPECT_EQ(event.gateway_order_id, "");
    EXPECT_EQ(event.gateway_payment_id, "pay_1");
    EXPECT_EQ(event.refund, RefundState::processed);
}

TEST(RazorpayEventTest, IgnoresOthersAndRefusesHalfOnes) {
    const auto other = only(input("razorpay", razorpay("invoice.paid", "{}")));
    EXPECT_EQ(other.kind, EventKind::unknown);
    EXPECT_EQ(other.name, "invoice.paid");
    EXPECT_EQ(other.key, "");
    for (const char* payload :
         {R"({"payment":{"entity":{"id":"pay_1","amount":500.5,"currency":"INR","order_id":"o"}}})",
          R"({"payment":{"entity":{"id":"pay_1","amount":500,"order_id":"o"}}})",
          R"({"payment":{"entity":{"amount":500,"currency":"INR","order_id":"o"}}})"}) {
        EXPECT_THROW(parse_events(input("razorpay", razorpay("payment.captured", payload))),
                     MalformedEvent)
            << payload;
    }
}

TEST(EventDigestTest, CoversWhatTheEffectUses) {
    const auto digest = [](std::string body, const std::string& from, const std::string& to) {
        if (!from.empty()) {
            body.replace(body.find(from), from.size(), to);
        }
        return only(input("razorpay", body)).digest;
    };
    const auto body = razorpay("payment.captured", kPayment);
    EXPECT_EQ(digest(body, "", ""), digest(body, "1767225600", "1767225999"));
    EXPECT_NE(digest(body, "", ""), digest(body, "50000", "50001"));
    EXPECT_NE(digest(body, "", ""), digest(body, "INR", "USD"));
    EXPECT_NE(digest(body, "", ""), digest(body, "order_1", "order_2"));
}

TEST(PhonepeEventTest, ReadsTheCallbackOfV1) {
    const std::string payload =
        R"({"success":true,"code":"PAYMENT_SUCCESS","message":"ok","data":{"merchantId":"M",)"
        R"("merchantTransactionId":"MT1","transactionId":"T1","amount":12300,"state":"COMPLETED"}})";
    auto callback = input("phonepe", R"({"response":")" + base64_encode(payload) + R"("})");
    callback.trust = "body-signed";
    const auto event = only(callback);
    EXPECT_EQ(event.key, "v1:MT1:COMPLETED");
    EXPECT_EQ(event.gateway_order_id, "MT1");
    EXPECT_EQ(event.gateway_payment_id, "T1");
    EXPECT_EQ(event.paise, 12300);
    EXPECT_EQ(event.currency, "INR");
    EXPECT_EQ(event.state, PaymentState::success);

    // A body that nobody signed names no transaction: refunds are found by its id.
    callback.trust = "header-only";
    EXPECT_EQ(only(callback).gateway_payment_id, "");
}

TEST(PhonepeEventTest, ReadsOrdersAndRefundsOfV2) {
    const auto order = only(
        input("phonepe",
              R"({"type":"CHECKOUT_ORDER_COMPLETED","event":"checkout.order.completed","payload":)"
              R"({"merchantOrderId":"MO1","orderId":"OMO1","state":"COMPLETED","amount":500,)"
              R"("paymentDetails":[{"transactionId":"T0","state":"FAILED"},)"
              R"({"transactionId":"T1","state":"COMPLETED"}]}})"));
    EXPECT_EQ(order.key, "v2:checkout.order.completed:MO1:COMPLETED");
    EXPECT_EQ(order.gateway_payment_id, "");  // neither signed nor confirmed
    EXPECT_EQ(order.state, PaymentState::success);

    const auto refund = only(input(
        "phonepe",
        R"({"event":"pg.refund.completed","payload":{"merchantRefundId":"MR1",)"
        R"("originalMerchantOrderId":"MO1","refundId":"R","amount":500,"state":"COMPLETED"}})"));
    EXPECT_EQ(refund.kind, EventKind::refund);
    EXPECT_EQ(refund.key, "v2:pg.refund.completed:MR1:COMPLETED");
    EXPECT_EQ(refund.gateway_order_id, "MO1");
    EXPECT_EQ(refund.refund, RefundState::processed);
}

std::string cashfree(const std::string& id, const std::string& amount) {
    return R"({"type":"PAYMENT_SUCCESS_WEBHOOK","event_time":"2026-01-01T10:00:00+05:30","data":)"
           R"({"order":{"order_id":"cf_order","order_amount":)" +
           amount + R"(,"order_currency":"INR"},"payment":{"cf_payment_id":)" + id +
           R"(,"payment_status":"SUCCESS","payment_amount":)" + amount +
           R"(,"payment_currency":"INR","payment_message":"00::ok"}}})";
}

TEST(CashfreeEventTest, TakesIdsAsTextOrNumber) {
    for (const char* id : {"1453002795", "\"1453002795\""}) {
        const auto event = only(input("cashfree", cashfree(id, "170.00")));
        EXPECT_EQ(event.key, "payment:1453002795:SUCCESS");
        EXPECT_EQ(event.paise, 17000);
        EXPECT_EQ(event.gateway_order_id, "cf_order");
    }
    EXPECT_EQ(only(input("cashfree", cashfree("1", "0.29"))).paise, 29);
    EXPECT_THROW(parse_events(input("cashfree", cashfree("1", "170.001"))), MalformedEvent);
}

TEST(CashfreeEventTest, ReadsARefund) {
    const auto event = only(input(
        "cashfree",
        R"({"type":"REFUND_STATUS_WEBHOOK","data":{"refund":{"cf_refund_id":"11","cf_payment_id":789,)"
        R"("refund_id":"r","order_id":"cf_order","refund_amount":2.5,"refund_currency":"INR",)"
        R"("refund_status":"SUCCESS"}}})"));
    EXPECT_EQ(event.key, "refund:11:SUCCESS");
    EXPECT_EQ(event.paise, 250);
    EXPECT_EQ(event.gateway_payment_id, "789");
    EXPECT_EQ(event.refund, RefundState::processed);
}

TEST(SslcommerzEventTest, ReadsOnlyWhatWasSigned) {
    const std::string fields =
        "tran_id=T1&val_id=V1&amount=10.00&currency=BDT&currency_type=BDT&currency_amount=10.00"
        "&store_id=s&status=VALID&risk_level=1";
    const auto signed_risk =
        only(input("sslcommerz", fields + "&verify_key=amount%2Ccurrency%2Crisk_level%2Cstatus%2C"
                                          "store_id%2Ctran_id%2Cval_id"));
    EXPECT_EQ(signed_risk.key, "T1:V1:VALID");
    EXPECT_EQ(signed_risk.paise, 1000);
    EXPECT_EQ(signed_risk.currency, "BDT");
    EXPECT_NE(signed_risk.hold, "");
    EXPECT_THROW(parse_events(input("sslcommerz", fields + "&verify_key=status,tran_id")),
                 MalformedEvent);
}

TEST(SslcommerzEventTest, KnowsWhatTheShopAskedForInAnotherCurrency) {
    const auto event = only(input(
        "sslcommerz",
        "tran_id=T1&val_id=V1&amount=1100.00&currency=BDT&currency_type=USD&currency_amount=10.50"
        "&store_id=s&status=VALID&verify_key=amount,currency,currency_type,currency_amount,"
        "status,store_id,tran_id,val_id"));
    EXPECT_EQ(event.paise, 1050);
    EXPECT_EQ(event.currency, "USD");
}

TEST(SslcommerzEventTest, TakesACancellationWithoutVal) {
    const auto event = only(input(
        "sslcommerz", "tran_id=T1&status=CANCELLED&error=by+user&verify_key=error,status,tran_id"));
    EXPECT_EQ(event.state, PaymentState::failed);
    EXPECT_EQ(event.key, "T1:-:CANCELLED");
    EXPECT_EQ(event.error, "by user");
}

std::string sns(const std::string& type, const std::string& message, const std::string& more = "") {
    return R"({"Type":")" + type +
           R"(","MessageId":"m-1","TopicArn":"arn:aws:sns:ap:1:t","Message":)" +
           nlohmann::json(message).dump() +
           R"(,"Timestamp":"2026-01-01T00:00:00.000Z","SignatureVersion":"1","Signature":"AAAA",)"
           R"("SigningCertURL":"https://sns.ap-southeast-1.amazonaws.com/c.pem")" +
           more + "}";
}

TEST(BkashEventTest, ReadsTheTransactionInTheEnvelope) {
    const auto event = only(input(
        "bkash",
        sns("Notification",
            R"({"dateTime":"20260101000000","trxID":"TRX1","transactionStatus":"Completed",)"
            R"("transactionType":"10002294","amount":"150","currency":"BDT","merchantInvoiceNumber":"INV1"})")));
    EXPECT_EQ(event.key, "TRX1:Completed");
    EXPECT_EQ(event.gateway_order_id, "INV1");
    EXPECT_EQ(event.paise, 15000);
    EXPECT_EQ(event.currency, "BDT");
}

TEST(BkashEventTest, ReadsASubscription) {
    const auto event = only(input(
        "bkash",
        sns("SubscriptionConfirmation", "You have chosen",
            R"(,"Token":"t","SubscribeURL":"https://sns.ap-southeast-1.amazonaws.com/?Action=Confirm")")));
    EXPECT_EQ(event.kind, EventKind::subscription);
    EXPECT_EQ(event.key, "subscription:m-1");
}

TEST(SendgridEventTest, ReadsEachElement) {
    const auto events = parse_events(input(
        "sendgrid",
        R"([{"event":"delivered","sg_event_id":"e1","sg_message_id":"MSG.filter-1.0","coupon_id":"row"},)"
        "\r\n"
        R"({"event":"bounce","type":"blocked","sg_event_id":"e2","sg_message_id":"MSG.x"},)"
        R"({"event":"bounce","type":"bounce","reason":"550","sg_event_id":"e3","sg_message_id":"MSG"},)"
        R"({"event":"open","sg_event_id":"e4"}])"
        "\r\n"));
    ASSERT_EQ(events.size(), 4u);
    EXPECT_EQ(events[0].key, "e1");
    EXPECT_EQ(events[0].report.message_id, "MSG");
    EXPECT_EQ(events[0].report.own_id, "row");
    EXPECT_EQ(events[0].report.status, "delivered");
    EXPECT_EQ(events[1].report.status, "failed");
    EXPECT_EQ(events[2].report.status, "bounced");
    EXPECT_EQ(events[3].kind, EventKind::unknown);
}

TEST(TwilioEventTest, ReadsAStatus) {
    const auto event =
        only(input("twilio", "MessageSid=SM1&MessageStatus=undelivered&To=%2B91&ErrorCode=30003"));
    EXPECT_EQ(event.kind, EventKind::sms_report);
    EXPECT_EQ(event.key, "SM1:undelivered");
    EXPECT_EQ(event.report.status, "failed");
    EXPECT_EQ(only(input("twilio", "CallSid=CA1")).kind, EventKind::unknown);
    // PostgreSQL would refuse the row, and the webhook become a dead letter.
    EXPECT_EQ(only(input("twilio", "MessageStatus=a%00%FF")).name, "a\\x00\\xff");
}

TEST(Msg91EventTest, ReadsAllItsShapes) {
    const std::string form =
        "data=%5B%7B%22requestId%22%3A%22R1%22%2C%22report%22%3A%5B%7B%22number%22%3A%"
        "22919800000001%22%2C"
        "%22status%22%3A%221%22%7D%2C%7B%22number%22%3A%22919800000002%22%2C%22status%22%3A%222%22%"
        "7D%5D%7D%5D";
    const auto old = parse_events(input("msg91", form));
    ASSERT_EQ(old.size(), 2u);
    EXPECT_EQ(old[0].key, "R1:919800000001:1");
    EXPECT_EQ(old[0].report.status, "delivered");
    EXPECT_EQ(old[1].report.status, "failed");

    const auto flat =
        only(input("msg91", R"({"requestId":"R1","number":919800000001,"status":16})"));
    EXPECT_EQ(flat.key, "R1:919800000001:16");
    EXPECT_EQ(flat.report.status, "failed");

    const auto fourth =
        only(input("msg91", R"([{"event":"delivered","data":[{"CRQID":"R1","telNum":"91"}]}])"));
    EXPECT_EQ(fourth.report.status, "delivered");

    const auto newest = only(input(
        "msg91", R"({"requestId":"R1","telNum":"919800000001","status":"Delivered","UUID":"u"})"));
    EXPECT_EQ(newest.report.status, "delivered");

    const auto unknown = only(input("msg91", R"({"requestId":"R1","number":"91","status":77})"));
    EXPECT_EQ(unknown.kind, EventKind::sms_report);
    EXPECT_EQ(unknown.report.status, "");
}

TEST(PostbackEventTest, IsAHintWithAKeyOfItsFacts) {
    auto in = input("admitad", "");
    in.fields = {{"id", "A1"}, {"status", "approved"}, {"amount", "100.50"}, {"click", "c"}};
    const auto event = only(in);
    EXPECT_EQ(event.kind, EventKind::postback);
    EXPECT_EQ(event.key, "A1:approved:100.50");
    in.fields = {{"status", "approved"}};
    EXPECT_EQ(only(in).kind, EventKind::unknown);
}

TEST(OtherProviderTest, IsLoggedOnly) {
    EXPECT_EQ(only(input("hmac", "anything")).kind, EventKind::unknown);
    EXPECT_EQ(only(input("standard-webhooks", "{}")).kind, EventKind::unknown);
}

}  // namespace
}  // namespace coupon
