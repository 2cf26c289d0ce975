#include "cashback/networks/vcommission.hpp"

#include <algorithm>
#include <chrono>

#include "cashback/networks/calendar_day.hpp"
#include "core/percent.hpp"
#include "runtime/clock.hpp"
#include "runtime/exact_json.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t page_size = 200;
// How far back a single conversion is looked for.
constexpr std::int64_t year_ms = 365LL * 24 * 60 * 60 * 1000;
constexpr std::size_t id_digits = 24;

// The first code of {"success":false,"errors":[{"message","code"}]}.
std::string code_of(const nlohmann::json& body) {
    const auto& errors = at_path(body, {"errors"});
    return errors.is_array() && !errors.empty() ? text_at(errors.front(), {"code"}) : "";
}

bool says_no(const nlohmann::json& body) {
    const auto& success = at_path(body, {"success"});
    return success.is_boolean() && !success.get<bool>();
}

}  // namespace

struct Vcommission::Page {
    NetworkPage found;
    std::size_t size;  // of a full page
};

FieldMap vcommission_fields() {
    FieldMap fields;
    return fields.set(Field::id, "_id")
        .set(Field::click, "p1")
        .set(Field::order, "txnId")
        .set(Field::merchant, "campaign_id")
        .set(Field::status, "status")
        .set(Field::commission, "payout")
        .set(Field::sale, "sale")
        .set(Field::currency, "currency")
        .set(Field::occurred, "created")
        .set(Field::records, "records");
}

NetworkStatus vcommission_status(const std::string& word, const nlohmann::json&) {
    if (word == "approved") {
        return {NetworkState::confirmed};
    }
    if (word == "cancelled" || word == "rejected") {
        return {NetworkState::rejected};
    }
    return word == "pending" ? NetworkStatus{NetworkState::pending} : unknown_status;
}

Vcommission::Vcommission(VcommissionSettings settings, const RedisAddress& redis, const Log& log)
    : settings_(std::move(settings)),
      rules_{settings_.fields, settings_.zone, settings_.currency, vcommission_status},
      call_(name_, "vCommission", redis, settings_.rate, 0s, log),
      sweep_("vCommission", log) {}

NetworkPage Vcommission::fetch(const NetworkWindow& window, const std::string& place) {
    if (place.empty()) {
        sweep_.begin();
    }
    const auto number = whole_number(place).value_or(1);
    const auto days = days_of(window, unix_now_ms());
    auto [found, size] =
        page("start=" + days.first + "&end=" + days.last + "&page=" + std::to_string(number) +
             "&limit=" + std::to_string(page_size));
    if (const auto next = sweep_.page_after(number, found.transactions, size, found.total)) {
        found.next = std::to_string(*next);
    }
    return std::move(found);
}

std::optional<NetworkPage> Vcommission::fetch_one(const std::string& transaction_id) {
    // A postback may name the merchant's transaction instead, which cannot be asked for.
    if (transaction_id.size() != id_digits ||
        transaction_id.find_first_not_of("0123456789abcdef") != std::string::npos) {
        return std::nullopt;
    }
    const auto now_ms = unix_now_ms();
    const auto days = days_of({now_ms - year_ms, now_ms}, now_ms);
    return page("start=" + days.first + "&end=" + days.last + "&_id%5B%5D=" + transaction_id).found;
}

Vcommission::Page Vcommission::page(const std::string& query) {
    const auto answer = conversions(query);
    const auto answered = answered_page(answer, call_.who(), settings_.fields.name(Field::records),
                                        "VCOMMISSION_BASE_URL and VCOMMISSION_PATH");
    if (says_no(answered.rest)) {
        refuse(answer, code_of(answered.rest));
    }
    if (!answered.sliced.found) {
        throw PermanentFailure(
            "vCommission answers without records: check VCOMMISSION_PATH, and \"records=\" of "
            "VCOMMISSION_FIELDS");
    }
    NetworkPage found;
    found.transactions = read_records(answered.sliced.records, rules_);
    found.total = whole_number(text_at(answered.rest, {"count"}));
    const auto limit = whole_number(text_at(answered.rest, {"limit"})).value_or(page_size);
    return {std::move(found),
            static_cast<std::size_t>(std::clamp<std::int64_t>(limit, 1, page_size))};
}

HttpAnswer Vcommission::conversions(const std::string& query) {
    HttpRequest request;
    request.url = settings_.base_url + settings_.path +
                  (settings_.path.find('?') == std::string::npos ? "?" : "&") + query;
    request.headers = {{"Accept", "application/json"}};
    if (settings_.key_in_query) {
        request.url += "&apiKey=" + percent_encoded(settings_.api_key);
    } else {
        request.headers.emplace_back("X-Api-Key", settings_.api_key);
    }
    auto answer = call_.send(std::move(request));
    if (!answer.ok()) {
        const auto body = read_exact_json(answer.body);
        refuse(answer, body ? code_of(*body) : std::string());
    }
    return answer;
}

void Vcommission::refuse(const HttpAnswer& answer, const std::string& code) {
    const auto said = "vCommission refuses with " +
                      (code.empty() ? std::to_string(answer.status) : "code " + code.substr(0, 8));
    if (code == "40") {
        call_.slow_down(answer, said + ": too many calls", 60s);
    }
    if (code == "50" || code == "51") {
        throw RetryLater(said + ", an error of its own");
    }
    if (code == "41") {
        throw PermanentFailure(said + ": this server's address is not on its list");
    }
    if (code == "42") {
        throw PermanentFailure(said + ": the account is locked");
    }
    if (code == "13" || answer.status == 401 || answer.status == 403) {
        throw PermanentFailure(said + ": check VCOMMISSION_API_KEY and VCOMMISSION_AUTH");
    }
    throw PermanentFailure(said + (answer.status == 404 ? ": check VCOMMISSION_PATH" : ""));
}

}  // namespace coupon
