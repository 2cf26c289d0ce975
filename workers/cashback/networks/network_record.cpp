#include "cashback/networks/network_record.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cashback/networks/network_amount.hpp"
#include "cashback/networks/record_slices.hpp"
#include "core/json_text.hpp"
#include "runtime/storable_text.hpp"
#include "runtime/time_text.hpp"

namespace coupon {
namespace {

using nlohmann::json;

constexpr std::size_t record_bytes_max = 256 * 1024;
constexpr std::size_t kept_bytes_max = 16 * 1024;  // of what is no record at all
constexpr std::size_t text_bytes_max = 512;
constexpr std::size_t shown_bytes_max = 40;
constexpr std::int64_t year_2000_ms = 946'684'800'000;
constexpr std::int64_t year_2100_ms = 4'102'444'800'000;

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return {};
    }
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

bool names_zone(std::string_view time) {
    return time.size() > 10 && time.find_first_of("Zz+-", 10) != std::string_view::npos;
}

bool is_number(std::string_view text) {
    return text.find_first_not_of("0123456789.") == std::string_view::npos;
}

class Reading {
  public:
    Reading(const json& record, const RecordRules& rules, NetworkTransaction& transaction)
        : record_(record), rules_(rules), transaction_(transaction) {}

    void read() {
        read_id();
        transaction_.subid = text(Field::click, "sub-id");
        transaction_.order_ref = text(Field::order, "order");
        transaction_.merchant_ref = text(Field::merchant, "merchant");
        read_status();
        // Money and dates decide nothing about a cashback that is declined: what of them cannot be
        // read is left out.
        is_lenient_ = transaction_.state == NetworkState::rejected;
        transaction_.commission = amount(Field::commission, "commission");
        transaction_.sale = amount(Field::sale, "sale");
        read_currency();
        transaction_.occurred_ms = time(Field::occurred, "time");
        transaction_.updated_ms = time(Field::updated, "time of change");
        const bool counts = transaction_.state != NetworkState::pending &&
                            transaction_.state != NetworkState::rejected;
        if (counts && !transaction_.commission) {
            say("it is " + transaction_.status + " without a commission");
        }
    }

  private:
    void say(const std::string& problem) {
        if (is_lenient_) {
            return;
        }
        auto& all = transaction_.problem;
        all += (all.empty() ? "" : "; ") + problem;
    }

    // What a text or number says; empty where there is nothing.
    std::string text(Field field, const std::string& what) {
        const auto& name = rules_.fields.name(field);
        const auto member = name.empty() ? record_.end() : record_.find(name);
        if (member == record_.end() || member->is_null()) {
            return {};
        }
        if (!member->is_string()) {
            say("its " + what + " is neither a text nor a number");
            return {};
        }
        auto given = trimmed(member->get_ref<const std::string&>());
        if (given.size() > text_bytes_max) {
            say("its " + what + " is longer than " + std::to_string(text_bytes_max) + " bytes");
            return {};
        }
        return given;
    }

    void read_id() {
        transaction_.id = text(Field::id, "id");
        // Two that were mended might look the same.
        const bool plain = std::all_of(transaction_.id.begin(), transaction_.id.end(),
                                       [](char c) { return c >= ' ' && c <= '~'; });
        if (!plain) {
            say("its id is not printable ASCII");
            transaction_.id.clear();
        } else if (transaction_.id.empty()) {
            say("the record has no id");
        }
    }

    void read_status() {
        transaction_.status = text(Field::status, "status");
        std::string word = transaction_.status;
        std::transform(word.begin(), word.end(), word.begin(), [](char c) {
            return c == ' ' || c == '-'   ? '_'
                   : c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A'))
                                          : c;
        });
        const auto status = rules_.status(word, record_);
        transaction_.state = status.state;
        transaction_.state_known = status.known;
    }

    std::optional<std::string> amount(Field field, const std::string& what) {
        const auto given = text(field, what);
        if (given.empty()) {
            return std::nullopt;
        }
        auto amount = read_network_amount(given);
        if (!amount.reason.empty()) {
            say("its " + what + " " + amount.reason + ": " + storable_text(given, shown_bytes_max));
            return std::nullopt;
        }
        return std::move(amount.text);
    }

    void read_currency() {
        auto given = text(Field::currency, "currency");
        std::transform(given.begin(), given.end(), given.begin(), [](char c) {
            return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
        });
        if (given.empty()) {
            given = rules_.currency;
        }
        const bool good = given.size() == 3 && std::all_of(given.begin(), given.end(), [](char c) {
                              return c >= 'A' && c <= 'Z';
                          });
        if (!good) {
            say(given.empty() ? "it names no currency"
                              : "its currency is none: " + storable_text(given, shown_bytes_max));
            return;
        }
        transaction_.currency = std::move(given);
    }

    std::optional<std::int64_t> time(Field field, const std::string& what) {
        const auto given = text(field, what);
        // As MySQL writes that there is none.
        if (given.empty() || given.starts_with("0000-00-00")) {
            return std::nullopt;
        }
        auto ms = parse_time_ms(given);
        if (ms && !is_number(given) && !names_zone(given)) {
            *ms = rules_.zone.unix_time(*ms / 1000) * 1000 + *ms % 1000;
        }
        // Of a day without a time, its last second: a click of that day came before the purchase.
        constexpr std::size_t day_bytes = 10;  // 2026-11-21
        if (ms && given.size() == day_bytes && given[4] == '-') {
            *ms += (24 * 3600 - 1) * std::int64_t{1000};
        }
        if (!ms || *ms < year_2000_ms || *ms >= year_2100_ms) {
            say("its " + what +
                " is no date of this century: " + storable_text(given, shown_bytes_max));
            return std::nullopt;
        }
        return ms;
    }

    const json& record_;
    const RecordRules& rules_;
    NetworkTransaction& transaction_;
    bool is_lenient_ = false;
};

// Some numbers are JSON and yet finer than NUMERIC, so that jsonb refuses them.
bool has_odd_number(std::string_view record) {
    std::size_t digits = 0;
    for (std::size_t at = 0; at < record.size(); ++at) {
        const char c = record[at];
        digits = c >= '0' && c <= '9' ? digits + 1 : 0;
        if (digits > 300) {
            return true;
        }
        const bool tiny =
            (c == 'e' || c == 'E') && at + 5 < record.size() && record[at + 1] == '-' &&
            record.substr(at + 2, 4).find_first_not_of("0123456789") == std::string_view::npos;
        if (tiny) {
            return true;
        }
    }
    return false;
}

std::string as_json_text(std::string_view bytes) {
    return json(storable_text(bytes, kept_bytes_max)).dump();
}

}  // namespace

NetworkTransaction read_record(std::string_view record, const RecordRules& rules) {
    NetworkTransaction transaction;
    if (record.size() > record_bytes_max) {
        transaction.problem =
            "the record is longer than " + std::to_string(record_bytes_max) + " bytes";
        transaction.raw = as_json_text(record);
        return transaction;
    }
    const auto fields = read_mended_json(record);
    if (!fields) {
        transaction.problem = "the record is no JSON, or names a member twice";
        transaction.raw = as_json_text(record);
        return transaction;
    }
    transaction.raw = has_odd_number(record) ? as_json_text(record) : mended_json(record);
    if (!fields->is_object()) {
        transaction.problem = "the record is no object";
        return transaction;
    }
    Reading(*fields, rules, transaction).read();
    return transaction;
}

std::vector<NetworkTransaction> read_records(const std::vector<std::string_view>& records,
                                             const RecordRules& rules) {
    std::vector<NetworkTransaction> transactions;
    transactions.reserve(records.size());
    for (const auto record : records) {
        transactions.push_back(read_record(record, rules));
    }
    return transactions;
}

}  // namespace coupon
