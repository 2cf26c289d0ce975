// What becomes of a network's record: amounts, times, states, and everything that can be wrong.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cashback/networks/admitad.hpp"
#include "cashback/networks/cuelinks.hpp"
#include "cashback/networks/network_amount.hpp"
#include "cashback/networks/vcommission.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

using nlohmann::json;

RecordRules admitad() {
    return admitad_rules("subid4", TimeZone());
}

RecordRules vcommission() {
    return {vcommission_fields(), TimeZone(), "INR", vcommission_status};
}

RecordRules cuelinks() {
    return {cuelinks_fields(), TimeZone(), "INR", cuelinks_status};
}

constexpr const char* action =
    R"({"action_id":123456789,"order_id":"O-7","status":"approved","payment":80.10,"cart":1001.5,)"
    R"("currency":"INR","subid":null,"subid4":"01937f3a-0000-7000-8000-000000000001",)"
    R"("action_date":"2026-11-20 10:00:00","status_updated":"2026-11-21 09:30:00",)"
    R"("advcampaign_id":7,"processed":0,"paid":0,"positions":[{"id":1,"amount":"1001.50"}]})";

NetworkTransaction read_action(const std::string& from, const std::string& to,
                               const RecordRules& rules = admitad()) {
    std::string record = action;
    const auto at = record.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return read_record(record.replace(at, from.size(), to), rules);
}

TEST(NetworkAmountTest, KeepsTheDigitsAndRoundsHalfUpOnce) {
    const std::vector<std::pair<const char*, const char*>> amounts{
        {"80", "80.00"},
        {"80.1", "80.10"},
        {"0.07", "0.07"},
        {"80.005", "80.01"},
        {"80.0049999999999999", "80.00"},
        {"79.99999999999999", "80.00"},
        {"0.1250", "0.13"},
        {"999999999999.99", "999999999999.99"},
        {"000012.5", "12.50"},
        {".5", "0.50"},
        {"8e1", "80.00"},
        {"5e-05", "0.00"},
        {"1.005E+2", "100.50"},
        {"12345e-4", "1.23"},
        {"-0.0", "0.00"},
    };
    for (const auto& [given, exact] : amounts) {
        EXPECT_EQ(read_network_amount(given).text, exact) << given;
    }
}

TEST(NetworkAmountTest, RefusesWhatIsNoAmount) {
    for (const auto* given : {"", ".", "5.", "abc", "1,000.00", "NaN", "Infinity", "0x10", "1.2.3",
                              "+5", "--5", "1e", "1e+-2", "1e99", " 5"}) {
        EXPECT_EQ(read_network_amount(given).reason, "is no amount") << given;
    }
    EXPECT_EQ(read_network_amount("-5").reason, "is negative");
    EXPECT_EQ(read_network_amount("1000000000000").reason, "is above all amounts");
    EXPECT_EQ(read_network_amount("999999999999.995").reason, "is above all amounts");
    EXPECT_EQ(read_network_amount("9e40").reason, "is above all amounts");
    EXPECT_EQ(read_network_amount(std::string(1000, '9')).reason, "is no amount");
}

TEST(NetworkRecordTest, ReadsAnActionOfAdmitad) {
    const auto read = read_record(action, admitad());
    EXPECT_EQ(read.problem, "");
    EXPECT_EQ(read.id, "123456789");
    EXPECT_EQ(read.subid, "01937f3a-0000-7000-8000-000000000001");
    EXPECT_EQ(read.order_ref, "O-7");
    EXPECT_EQ(read.merchant_ref, "7");
    EXPECT_EQ(read.status, "approved");
    EXPECT_EQ(read.state, NetworkState::confirmed);
    EXPECT_EQ(read.commission, "80.10");
    EXPECT_EQ(read.sale, "1001.50");
    EXPECT_EQ(read.currency, "INR");
    EXPECT_EQ(read.occurred_ms, 1'795'168'800'000);
    EXPECT_EQ(read.updated_ms, 1'795'253'400'000);
    EXPECT_EQ(json::parse(read.raw), json::parse(action));
}

TEST(NetworkRecordTest, ReadsAConversionOfTrackier) {
    const auto read = read_record(
        R"({"_id":"5f0000000000000000000123","p1":"click-1","txnId":"O-8","payout":"12.5",)"
        R"("sale":"","status":"Approved","currency":"usd","created":"2026-11-20T10:00:00.000Z",)"
        R"("campaign_id":"77"})",
        vcommission());
    EXPECT_EQ(read.problem, "");
    EXPECT_EQ(read.id, "5f0000000000000000000123");
    EXPECT_EQ(read.subid, "click-1");
    EXPECT_EQ(read.order_ref, "O-8");
    EXPECT_EQ(read.state, NetworkState::confirmed);
    EXPECT_EQ(read.commission, "12.50");
    EXPECT_EQ(read.sale, std::nullopt);
    EXPECT_EQ(read.currency, "USD");
    EXPECT_EQ(read.occurred_ms, 1'795'168'800'000);
    EXPECT_EQ(read.updated_ms, std::nullopt);
}

TEST(NetworkRecordTest, ReadsATransactionOfCuelinksWithoutACurrency) {
    const auto read =
        read_record(R"({"id":9,"aff_sub":"click-2","user_commission":3,"sale_amount":"99.99",)"
                    R"("status":"Invoice Raised","transaction_date":"2026-11-20T15:30:00+05:30"})",
                    cuelinks());
    EXPECT_EQ(read.problem, "");
    EXPECT_EQ(read.state, NetworkState::payable);
    EXPECT_EQ(read.commission, "3.00");
    EXPECT_EQ(read.currency, "INR");
    EXPECT_EQ(read.occurred_ms, 1'795'168'800'000);
}

TEST(NetworkRecordTest, TakesATimeWithoutAZoneAsTheNetworks) {
    const auto rules = admitad_rules("subid4", *TimeZone::find("Europe/Moscow"));
    const auto three_hours = 3 * 3'600'000;
    EXPECT_EQ(read_record(action, rules).occurred_ms, 1'795'168'800'000 - three_hours);
    EXPECT_EQ(read_action("2026-11-20 10:00:00", "2026-11-20T10:00:00Z", rules).occurred_ms,
              1'795'168'800'000);
    EXPECT_EQ(read_action("\"2026-11-20 10:00:00\"", "1795168800", rules).occurred_ms,
              1'795'168'800'000);
    EXPECT_EQ(read_action("2026-11-20 10:00:00", "0000-00-00 00:00:00").occurred_ms, std::nullopt);
    // Of a day alone its last second, so that a click of the same day comes before the purchase.
    EXPECT_EQ(read_action("2026-11-20 10:00:00", "2026-11-20").occurred_ms, 1'795'132'800'000 + 86'399'000);
}

TEST(NetworkRecordTest, TakesADeclinedRecordWithoutMoneyAndDates) {
    const auto read = read_record(
        R"({"action_id":5,"status":"declined","payment":"-120.00","cart":["1"],"currency":"",)"
        R"("subid4":"click-5","action_date":"the other day","status_updated":"31/31"})",
        admitad());
    EXPECT_EQ(read.problem, "");
    EXPECT_EQ(read.state, NetworkState::rejected);
    EXPECT_EQ(read.subid, "click-5");
    EXPECT_EQ(read.commission, std::nullopt);
    EXPECT_EQ(read.sale, std::nullopt);
    EXPECT_EQ(read.currency, "");
    EXPECT_EQ(read.occurred_ms, std::nullopt);
    EXPECT_EQ(read.updated_ms, std::nullopt);
    // Whose it is has to be known all the same.
    EXPECT_NE(read_record(R"({"status":"declined","payment":"1.00"})", admitad()).problem, "");
}

struct Word {
    const char* word;
    NetworkState state;
    bool known = true;
};

void expect_states(const RecordRules& rules, const std::vector<Word>& words) {
    for (const auto& [word, state, known] : words) {
        const auto status = rules.status(word, json::object());
        EXPECT_EQ(state_word(status.state), state_word(state)) << word;
        EXPECT_EQ(status.known, known) << word;
    }
}

TEST(NetworkStateTest, ReadsEachNetworksWords) {
    using enum NetworkState;
    expect_states(admitad(), {{"pending", pending},
                              {"approved", confirmed},
                              {"declined", rejected},
                              {"approved_but_stalled", pending},
                              {"paid", pending, false},
                              {"", pending, false}});
    expect_states(vcommission(), {{"pending", pending},
                                  {"approved", confirmed},
                                  {"cancelled", rejected},
                                  {"rejected", rejected},
                                  {"extended", pending, false}});
    expect_states(cuelinks(), {{"pending", pending},
                               {"validated", confirmed},
                               {"payable", payable},
                               {"invoice_raised", payable},
                               {"claimed", payable},
                               {"paid", paid},
                               {"rejected", rejected},
                               {"approved", pending, false}});
}

TEST(NetworkStateTest, TakesAdmitadsPaidOnlyForWhatIsApproved) {
    EXPECT_EQ(read_action("\"paid\":0", "\"paid\":1").state, NetworkState::paid);
    for (const auto* status : {"pending", "declined", "approved_but_stalled"}) {
        const auto word = R"("status":")" + std::string(status) + R"(","paid":1,"was":0)";
        auto record = std::string(action);
        record.replace(record.find(R"("status":"approved")"), 19, word);
        record.replace(record.find(R"(,"paid":0)"), 9, "");
        EXPECT_NE(read_record(record, admitad()).state, NetworkState::paid) << status;
    }
}

TEST(NetworkStateTest, HasAWordForEachStateAndBack) {
    for (const auto* word : {"pending", "confirmed", "payable", "paid", "rejected"}) {
        const auto state = parse_network_state(word);
        ASSERT_TRUE(state) << word;
        EXPECT_EQ(state_word(*state), word);
    }
    EXPECT_FALSE(parse_network_state("approved"));
}

TEST(NetworkRecordTest, SaysWhatIsWrongAndKeepsTheRest) {
    struct Wrong {
        const char *from, *to, *problem;
    };
    const std::vector<Wrong> wrongs{
        {"123456789", "null", "the record has no id"},
        {"123456789", "\" \"", "the record has no id"},
        {"123456789", "[1]", "its id is neither a text nor a number; the record has no id"},
        {"123456789", "\"A\\ud800\"", "its id is not printable ASCII"},
        {"80.10", "-80.10", "its commission is negative: -80.10"},
        {"80.10", "\"NaN\"", "its commission is no amount: NaN"},
        {"80.10", "{}",
         "its commission is neither a text nor a number; it is approved without a "
         "commission"},
        {"80.10", "null", "it is approved without a commission"},
        {"1001.5,", "\"1,001.50\",", "its sale is no amount: 1,001.50"},
        {"\"INR\"", "\"Rs\"", "its currency is none: RS"},
        {"\"INR\"", "null", "it names no currency"},
        {"2026-11-20 10:00:00", "yesterday", "its time is no date of this century: yesterday"},
        {"2026-11-20 10:00:00", "1826-11-20 10:00:00",
         "its time is no date of this century: 1826-11-20 10:00:00"},
        {"\"O-7\"", "true", "its order is neither a text nor a number"},
    };
    for (const auto& [from, to, problem] : wrongs) {
        const auto read = read_action(from, to);
        // An amount that cannot be read is not there either.
        EXPECT_EQ(read.problem.substr(0, std::string(problem).size()), problem) << to;
        EXPECT_TRUE(json::accept(read.raw)) << to;
        EXPECT_EQ(read.subid, "01937f3a-0000-7000-8000-000000000001") << to;
    }
    EXPECT_EQ(read_action("\"O-7\"", '"' + std::string(600, 'x') + '"').problem,
              "its order is longer than 512 bytes");
}

TEST(NetworkRecordTest, NeedsNoCommissionWhileItIsPending) {
    std::string record = action;
    record.replace(record.find("80.10"), 5, "null").replace(record.find("approved"), 8, "pending");
    const auto read = read_record(record, admitad());
    EXPECT_EQ(read.problem, "");
    EXPECT_EQ(read.commission, std::nullopt);
}

TEST(NetworkRecordTest, KeepsTheTextOfWhatIsNoRecord) {
    for (const auto* text : {R"("a text")", "17", "null", "[]", R"({"action_id":NaN})", "{]",
                             R"({"action_id":1,"action_id":2})", "{\"a\":1e999}"}) {
        const auto read = read_record(text, admitad());
        EXPECT_NE(read.problem, "") << text;
        EXPECT_EQ(read.id, "") << text;
        EXPECT_TRUE(json::accept(read.raw)) << text;
    }
    const auto deep = std::string(200, '[') + std::string(200, ']');
    EXPECT_NE(read_record(R"({"action_id":1,"positions":)" + deep + "}", admitad()).problem, "");
    const auto huge =
        read_record(R"({"action_id":1,"keyword":")" + std::string(300'000, 'x') + "\"}", admitad());
    EXPECT_EQ(huge.problem, "the record is longer than 262144 bytes");
    EXPECT_LT(huge.raw.size(), 20'000U);
}

TEST(NetworkRecordTest, MendsTextsThatPostgresqlCannotStore) {
    const auto read = read_action(R"("O-7")", "\"O\\u0000-\\ud83d-\xff-\\ud83d\\ude00\"");
    EXPECT_EQ(read.problem, "");
    EXPECT_EQ(read.order_ref, "O\xef\xbf\xbd-\xef\xbf\xbd-\xef\xbf\xbd-\xf0\x9f\x98\x80");
    EXPECT_EQ(json::parse(read.raw)["order_id"], read.order_ref);
    EXPECT_EQ(read.raw.find("\\u0000"), std::string::npos);
    // A backslash and the digits are no escape.
    EXPECT_EQ(read_action(R"("O-7")", R"("a\\u0000")").order_ref, "a\\u0000");
    EXPECT_EQ(read_action(R"("O-7")", "\"two\nlines\"").order_ref, "two lines");
}

TEST(NetworkRecordTest, KeepsNumbersThatPostgresqlCannotStoreAsAText) {
    const auto read = read_action(R"("positions")", R"("tiny":1e-20000,"positions")");
    EXPECT_EQ(read.problem, "");
    EXPECT_TRUE(json::parse(read.raw).is_string());
    EXPECT_EQ(read.commission, "80.10");
}

TEST(FieldMapTest, IsLaidOverTheDefaults) {
    const auto fields =
        vcommission_fields().with("click=sub1, id=txnId order= records=data.conversions", "X");
    EXPECT_EQ(fields.name(Field::click), "sub1");
    EXPECT_EQ(fields.name(Field::id), "txnId");
    EXPECT_EQ(fields.name(Field::order), "");
    EXPECT_EQ(fields.name(Field::records), "data.conversions");
    EXPECT_EQ(fields.name(Field::commission), "payout");
    auto rules = vcommission();
    rules.fields = fields;
    const auto read = read_record(
        R"({"sub1":"click-3","txnId":"T1","order":"O","payout":"1","status":"pending"})", rules);
    EXPECT_EQ(read.id, "T1");
    EXPECT_EQ(read.subid, "click-3");
    EXPECT_EQ(read.order_ref, "");
}

TEST(FieldMapTest, NamesTheVariableOfAMistake) {
    for (const auto* words : {"clicks=p1", "click", "id=", "=p1", "status="}) {
        try {
            static_cast<void>(vcommission_fields().with(words, "VCOMMISSION_FIELDS"));
            ADD_FAILURE() << words;
        } catch (const ConfigError& error) {
            EXPECT_EQ(std::string(error.what()).find("VCOMMISSION_FIELDS "), 0U) << words;
        }
    }
}

}  // namespace
}  // namespace coupon
