#include "cashback/networks/cuelinks.hpp"

#include <chrono>

#include "cashback/networks/calendar_day.hpp"
#include "runtime/clock.hpp"
#include "runtime/exact_json.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t page_size = 100;
constexpr int no_content = 204;

}  // namespace

FieldMap cuelinks_fields() {
    FieldMap fields;
    return fields.set(Field::id, "id")
        .set(Field::click, "aff_sub")
        .set(Field::order, "order_id")
        .set(Field::merchant, "campaign_id")
        .set(Field::status, "status")
        .set(Field::commission, "user_commission")
        .set(Field::sale, "sale_amount")
        .set(Field::currency, "currency")
        .set(Field::occurred, "transaction_date")
        .set(Field::records, "transactions");
}

// `validated` is agreed with the merchant, who has not paid CueLinks yet.
NetworkStatus cuelinks_status(const std::string& word, const nlohmann::json&) {
    if (word == "validated") {
        return {NetworkState::confirmed};
    }
    if (word == "payable" || word == "invoice_raised" || word == "claimed") {
        return {NetworkState::payable};
    }
    if (word == "paid") {
        return {NetworkState::paid};
    }
    if (word == "rejected") {
        return {NetworkState::rejected};
    }
    return word == "pending" ? NetworkStatus{NetworkState::pending} : unknown_status;
}

Cuelinks::Cuelinks(CuelinksSettings settings, const RedisAddress& redis, const Log& log)
    : settings_(std::move(settings)),
      rules_{settings_.fields, settings_.zone, "INR", cuelinks_status},
      call_(name_, "CueLinks", redis, settings_.rate, 0s, log),
      sweep_("CueLinks", log) {}

NetworkPage Cuelinks::fetch(const NetworkWindow& window, const std::string& place) {
    if (place.empty()) {
        sweep_.begin();
    }
    const auto number = whole_number(place).value_or(1);
    const auto days = days_of(window, unix_now_ms());
    auto found = page("start_date=" + days.first + "&end_date=" + days.last +
                      "&page=" + std::to_string(number) + "&per_page=" + std::to_string(page_size));
    if (const auto next = sweep_.page_after(number, found.transactions, page_size, found.total)) {
        found.next = std::to_string(*next);
    }
    return found;
}

std::optional<NetworkPage> Cuelinks::fetch_one(const std::string&) {
    return std::nullopt;
}

NetworkPage Cuelinks::page(const std::string& query) {
    HttpRequest request;
    request.url = settings_.base_url + settings_.path +
                  (settings_.path.find('?') == std::string::npos ? "?" : "&") + query;
    request.headers = {
        {"Accept", "application/json"},
        {"Authorization", settings_.bearer ? "Bearer " + settings_.api_key
                                           : "Token token=\"" + settings_.api_key + "\""}};
    const auto answer = call_.send(std::move(request));
    if (answer.status == no_content) {
        return {};
    }
    if (!answer.ok()) {
        const auto said = "CueLinks refuses with " + std::to_string(answer.status);
        if (answer.status == 401 || answer.status == 403) {
            throw PermanentFailure(said + ": check CUELINKS_API_KEY and CUELINKS_AUTH");
        }
        throw PermanentFailure(said + (answer.status == 404 ? ": check CUELINKS_PATH" : ""));
    }
    const auto answered = answered_page(answer, call_.who(), settings_.fields.name(Field::records),
                                        "CUELINKS_BASE_URL and CUELINKS_PATH");
    if (!answered.sliced.found) {
        throw PermanentFailure(
            "CueLinks answers without transactions: check CUELINKS_PATH, and \"records=\" of "
            "CUELINKS_FIELDS");
    }
    NetworkPage found;
    found.transactions = read_records(answered.sliced.records, rules_);
    found.total = whole_number(text_at(answered.rest, {"total_count"}));
    return found;
}

}  // namespace coupon
