#include <initializer_list>
#include <nlohmann/json.hpp>

#include "cron/alerts/alert_checks.hpp"

namespace coupon {
namespace {

constexpr double unsettled_s_max = 60;
constexpr double full_share = 0.8;

// Nothing but objects on the way, and a number at its end; else 0. Whoever answers there may answer
// anything.
double number_at(const nlohmann::json& stats, std::initializer_list<const char*> path) {
    const auto* place = &stats;
    for (const auto* name : path) {
        const auto found = place->find(name);
        if (found == place->end()) {
            return 0;
        }
        place = &*found;
    }
    return place->is_number() ? place->get<double>() : 0;
}

std::string name_of(const nlohmann::json& stats, const std::string& stats_url) {
    const auto name = stats.find("edge");
    return name != stats.end() && name->is_string() && !name->get_ref<const std::string&>().empty()
               ? name->get<std::string>()
               : stats_url;
}

}  // namespace

Findings look_at_edge(HttpClient& http, const std::string& stats_url) {
    HttpRequest request;
    request.url = stats_url;
    request.timeout = std::chrono::seconds(5);
    const auto answer = http.send(request);
    const auto stats = nlohmann::json::parse(answer.body, nullptr, false);
    if (!answer.ok() || !stats.is_object()) {
        return {{{"edge_away", stats_url, "the edge at " + stats_url + " does not tell its state"}},
                {{"clicks_unsettled", stats_url}, {"journal_space", stats_url}}};
    }
    Findings findings;
    const auto edge = name_of(stats, stats_url);
    if (number_at(stats, {"journal", "oldest_unsettled_s"}) > unsettled_s_max) {
        findings.wrong.push_back({"clicks_unsettled", stats_url,
                                  "clicks of " + edge +
                                      " have waited for more than a minute to be stored; "
                                      "see couponctl queues"});
    }
    for (const auto* kind : {"clicks", "webhooks"}) {
        const auto budget = number_at(stats, {"journal", "space", kind, "budget_bytes"});
        const auto used = number_at(stats, {"journal", "space", kind, "used_bytes"});
        if (budget > 0 && used > full_share * budget) {
            findings.wrong.push_back({"journal_space", stats_url + " " + kind,
                                      "the journal of " + edge +
                                          " has used more than 80 % of its room for " + kind +
                                          "; are Redis, PostgreSQL and the workers there?"});
        }
    }
    return findings;
}

}  // namespace coupon
