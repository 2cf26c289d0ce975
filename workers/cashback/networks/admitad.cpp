#include "cashback/networks/admitad.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "core/percent.hpp"
#include "runtime/clock.hpp"
#include "runtime/exact_json.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;

constexpr int page_size = 500;
constexpr int lost_anchors_max = 100;
constexpr int tokens_max = 2;  // another process's, and then one of our own
// Admitad says 503 where others say 429.
constexpr auto calls_exceeded_pause = 60s;
constexpr std::int64_t two_days_s = 2 * 24 * 60 * 60;

// 21.11.2026 10:00:00, on clocks of the zone.
std::string admitad_time(std::int64_t unix_s, const TimeZone& zone) {
    using namespace std::chrono;
    const sys_seconds local{seconds(unix_s + zone.offset_at(unix_s))};
    const year_month_day date(floor<days>(local));
    const hh_mm_ss time(local - floor<days>(local));
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%02u.%02u.%04d %02d:%02d:%02d",
                  static_cast<unsigned>(date.day()), static_cast<unsigned>(date.month()),
                  static_cast<int>(date.year()), static_cast<int>(time.hours().count()),
                  static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
    return text.data();
}

std::string error_code(const HttpAnswer& answer) {
    const auto json = read_exact_json(answer.body);
    return json ? text_at(*json, {"error_code"}) : std::string();
}

// "1500:K123": an offset, and the record that was there.
std::string place_text(std::int64_t offset, const std::string& key) {
    return std::to_string(offset) + ":" + key;
}

}  // namespace

NetworkStatus admitad_status(const std::string& word, const nlohmann::json& record) {
    if (word == "approved") {
        const auto paid = text_at(record, {"paid"});
        return {paid == "1" ? NetworkState::paid : NetworkState::confirmed};
    }
    if (word == "declined") {
        return {NetworkState::rejected};
    }
    if (word == "pending" || word == "approved_but_stalled") {
        return {NetworkState::pending};
    }
    return unknown_status;
}

RecordRules admitad_rules(const std::string& subid, const TimeZone& zone) {
    RecordRules rules;
    rules.fields.set(Field::id, "action_id")
        .set(Field::click, subid)
        .set(Field::order, "order_id")
        .set(Field::merchant, "advcampaign_id")
        .set(Field::status, "status")
        .set(Field::commission, "payment")
        .set(Field::sale, "cart")
        .set(Field::currency, "currency")
        .set(Field::occurred, "action_date")
        .set(Field::updated, "status_updated")
        .set(Field::records, "results");
    rules.zone = zone;
    rules.status = admitad_status;
    return rules;
}

Admitad::Admitad(AdmitadSettings settings, const std::string& database_url,
                 const RedisAddress& redis, const Log& log)
    : settings_(std::move(settings)),
      rules_(admitad_rules(settings_.subid, settings_.zone)),
      call_(name_, "Admitad", redis, settings_.rate, calls_exceeded_pause, log),
      tokens_(settings_.account, database_url, call_, log),
      sweep_("Admitad", log) {}

// The window has no end before the day after tomorrow: what changes while it is read stays in it,
// so that the list only grows and an offset may repeat records, but not skip any. Should one leave
// all the same, the record that a page must begin with is not there.
NetworkPage Admitad::fetch(const NetworkWindow& window, const std::string& place) {
    if (place.empty()) {
        sweep_.begin();
        anchors_.clear();
        lost_anchors_ = 0;
    }
    const auto colon = std::min(place.find(':'), place.size());
    Anchor anchor{whole_number(place.substr(0, colon)).value_or(0),
                  place.substr(std::min(colon + 1, place.size()))};
    const auto until_s = std::max(window.to_ms / 1000, unix_now_s()) + two_days_s;
    auto found =
        page("status_updated_start=" +
             percent_encoded(admitad_time(window.from_ms / 1000, settings_.zone)) +
             "&status_updated_end=" + percent_encoded(admitad_time(until_s, settings_.zone)) +
             "&order_by=datetime&order_by=action&limit=" + std::to_string(page_size) +
             "&offset=" + std::to_string(anchor.offset));
    sweep_.add(found.transactions, found.total);
    found.next = place_after(anchor, found);
    return found;
}

std::optional<std::string> Admitad::place_after(const Anchor& begun_at, const NetworkPage& page) {
    const auto& records = page.transactions;
    const bool known = begun_at.key.empty() ||
                       std::any_of(records.begin(), records.end(), [&](const auto& record) {
                           return record_key(record) == begun_at.key;
                       });
    if (!known) {
        return back_to_known();
    }
    const auto size = static_cast<std::int64_t>(records.size());
    const bool more = page.total ? begun_at.offset + size < *page.total : size >= page_size;
    // A page that holds nothing but its anchor leads nowhere.
    if (more && size > (begun_at.key.empty() ? 0 : 1)) {
        anchors_.push_back(begun_at);
        return place_text(begun_at.offset + size - 1, record_key(records.back()));
    }
    if (sweep_.again()) {
        anchors_.clear();
        return place_text(0, "");
    }
    return std::nullopt;
}

// Records left the list before this place, and what stood behind them is on pages already read.
std::string Admitad::back_to_known() {
    if (++lost_anchors_ > lost_anchors_max) {
        throw RetryLater("Admitad's list changes faster than it can be read");
    }
    if (anchors_.empty()) {
        return place_text(0, "");
    }
    const auto earlier = std::move(anchors_.back());
    anchors_.pop_back();
    return place_text(earlier.offset, earlier.key);
}

std::optional<NetworkPage> Admitad::fetch_one(const std::string& transaction_id) {
    if (!whole_number(transaction_id)) {
        return std::nullopt;
    }
    return page("action_id=" + transaction_id + "&limit=" + std::to_string(page_size));
}

NetworkPage Admitad::page(const std::string& query) {
    const auto answer = actions(query);
    const auto answered =
        answered_page(answer, call_.who(), rules_.fields.name(Field::records), "ADMITAD_BASE_URL");
    if (!answered.sliced.found) {
        throw PermanentFailure("Admitad answers without results: check ADMITAD_BASE_URL");
    }
    NetworkPage page;
    page.transactions = read_records(answered.sliced.records, rules_);
    page.total = whole_number(text_at(answered.rest, {"_meta", "count"}));
    return page;
}

HttpAnswer Admitad::actions(const std::string& query) {
    HttpRequest request;
    request.url = settings_.account.base_url + "/statistics/actions/?" + query;
    auto token = tokens_.get();
    for (int renewed = 0;; ++renewed) {
        request.headers = {{"Authorization", "Bearer " + token}, {"Accept", "application/json"}};
        auto answer = call_.send(request);
        if (answer.ok()) {
            return answer;
        }
        const auto code = error_code(answer);
        const bool token_refused = answer.status == 401 && code != "2";
        if (!token_refused) {
            throw PermanentFailure(
                "Admitad refuses to give statistics with " + std::to_string(answer.status) +
                (code == "2" || answer.status == 403 ? ": the account lacks the right to read them"
                 : code.empty()                      ? ""
                                                     : ", error code " + code.substr(0, 8)));
        }
        if (renewed == tokens_max) {
            throw PermanentFailure("Admitad refuses the access tokens that it grants");
        }
        token = tokens_.instead_of(token);
    }
}

}  // namespace coupon
