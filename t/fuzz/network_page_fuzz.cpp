// What a stranger answers instead of an affiliate network: the records of a page are those that
// another reader of JSON finds, and each transaction fits into its row and reads back as itself.
// First byte of the input: the network; then an answer, or several.
#include "answers_of_a_stranger.hpp"

#include "cashback/networks/admitad.hpp"
#include "cashback/networks/cuelinks.hpp"
#include "cashback/networks/vcommission.hpp"
#include "check.hpp"
#include "runtime/amount.hpp"
#include "runtime/exact_json.hpp"
#include "runtime/redis_address.hpp"
#include "runtime/retry_policy.hpp"

namespace {

using coupon::NetworkTransaction;

coupon::RecordRules rules_of(int network) {
    if (network == 0) {
        return coupon::admitad_rules("subid4", coupon::TimeZone());
    }
    return network == 1
               ? coupon::RecordRules{coupon::vcommission_fields(), {}, "INR",
                                     coupon::vcommission_status}
               : coupon::RecordRules{coupon::cuelinks_fields(), {}, "", coupon::cuelinks_status};
}

void check_amount(const std::optional<std::string>& amount) {
    if (amount) {
        const auto paise = coupon::parse_major_units(*amount);
        check(paise && *paise >= 0 && *paise < 100'000'000'000'000 &&
              coupon::major_units(*paise) == *amount);
    }
}

void check_transaction(const NetworkTransaction& transaction) {
    for (const auto* text : {&transaction.id, &transaction.subid, &transaction.order_ref,
                             &transaction.merchant_ref, &transaction.status, &transaction.raw}) {
        check(is_storable(*text) && text->find('\0') == std::string::npos);
    }
    const auto raw = nlohmann::json::parse(transaction.raw, nullptr, false);
    check(!raw.is_discarded() && !has_nul_escape(transaction.raw));
    check(is_printable(transaction.id) && transaction.id.size() <= 512);
    check(is_storable(transaction.problem));
    if (!transaction.problem.empty()) {
        return;
    }
    check(!transaction.id.empty() && raw.is_object());
    check(transaction.currency.size() == 3 || transaction.state == coupon::NetworkState::rejected);
    check_amount(transaction.commission);
    check_amount(transaction.sale);
}

bool same(const NetworkTransaction& one, const NetworkTransaction& other) {
    return one.id == other.id && one.subid == other.subid && one.order_ref == other.order_ref &&
           one.merchant_ref == other.merchant_ref && one.status == other.status &&
           one.state == other.state && one.commission == other.commission &&
           one.sale == other.sale && one.currency == other.currency &&
           one.occurred_ms == other.occurred_ms && one.updated_ms == other.updated_ms;
}

/// Of a page that is JSON, the slices are its array's elements.
void check_slices(std::string_view page, const std::string& path, const coupon::SlicedPage& sliced) {
    auto whole = coupon::read_exact_json(page);
    if (!whole) {
        return;
    }
    const auto& array = coupon::at_path(*whole, {path.c_str()});
    // Names with escapes are not looked for.
    check(!sliced.found || array.is_array());
    check(sliced.found || !array.is_array() || page.find('\\') != std::string_view::npos ||
          !whole->is_object());
    if (sliced.found) {
        check(array.size() == sliced.records.size());
        for (size_t at = 0; at < array.size(); ++at) {
            check(coupon::read_exact_json(sliced.records[at]) == array[at]);
        }
    }
}

template <class Network>
void fetch_all(Network& network) {
    std::string place;
    for (int page = 0; page < 4; ++page) {
        const auto found = network.fetch({1'732'104'000'000, 1'732'190'400'000}, place);
        for (const auto& transaction : found.transactions) {
            check_transaction(transaction);
        }
        check(found.total.value_or(0) >= 0);
        if (!found.next) {
            return;
        }
        place = *found.next;
        check(!place.empty());
    }
}

/// Pages as the networks' own classes read them; without a Redis no limit is shared.
void check_calls(int network, std::string_view answers) {
    static const coupon::Log quiet("fuzz", "fuzz", coupon::LogLevel::error);
    coupon::RedisAddress nobody;
    nobody.unix_path = "/nonexistent/redis.sock";
    answer_with(answers);
    try {
        if (network == 1) {
            coupon::Vcommission vcommission({.base_url = "https://network.example", .path = "/v2",
                                             .api_key = "key-of-the-shop",
                                             .fields = coupon::vcommission_fields(), .zone = {},
                                             .currency = "INR", .rate = {}},
                                            nobody, quiet);
            fetch_all(vcommission);
        } else {
            coupon::Cuelinks cuelinks({.base_url = "https://network.example", .path = "/v2",
                                       .api_key = "key-of-the-shop",
                                       .fields = coupon::cuelinks_fields(), .zone = {}, .rate = {}},
                                      nobody, quiet);
            fetch_all(cuelinks);
        }
    } catch (const coupon::RetryLater& later) {
        check(is_storable(later.what()) && later.after().value_or(std::chrono::seconds(0)).count() >= 0);
    } catch (const coupon::PermanentFailure& failure) {
        check(is_storable(failure.what()));
        check(std::string_view(failure.what()).find("key-of-the-shop") == std::string::npos);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto text = text_of(data, size);
    const auto first = take_byte(text);
    const int network = first % 3;
    if (first % 2 == 1 && network != 0) {
        check_calls(network, text);
        return 0;
    }
    const auto rules = rules_of(network);
    const auto path = rules.fields.name(coupon::Field::records);
    const auto sliced = coupon::slice_records(text, path);
    check_slices(text, path, sliced);
    for (const auto& transaction : coupon::read_records(sliced.records, rules)) {
        check_transaction(transaction);
        // What is kept is what was read.
        if (transaction.problem.empty()) {
            check(same(coupon::read_record(transaction.raw, rules), transaction));
        }
    }
    const auto mended = coupon::mended_json(text);
    check(is_storable(mended) && coupon::mended_json(mended) == mended);
    return 0;
}
