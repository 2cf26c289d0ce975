#include <nlohmann/json.hpp>

#include "cron/alerts/alert_checks.hpp"

namespace coupon {
namespace {

constexpr double unsettled_s_max = 60;
constexpr double full_share = 0.8;

double number_of(const nlohmann::json& stats, const char* group, const char* name) {
    return stats.value(nlohmann::json::json_pointer(std::string("/") + group + "/" + name), 0.0);
}

void look_at_space(const nlohmann::json& stats, const std::string& edge,
                   std::vector<Alert>& alerts) {
    const auto space =
        stats.value(nlohmann::json::json_pointer("/journal/space"), nlohmann::json::object());
    for (const auto& [kind, use] : space.items()) {
        const auto budget = use.value("budget_bytes", 0.0);
        if (budget > 0 && use.value("used_bytes", 0.0) > full_share * budget) {
            alerts.push_back({"journal_space", edge + " " + kind,
                              "the journal of " + edge +
                                  " has used more than 80 % of its room for " + kind +
                                  "; are Redis, PostgreSQL and the workers there?"});
        }
    }
}

}  // namespace

std::vector<Alert> look_at_edge(HttpClient& http, const std::string& stats_url) {
    HttpRequest request;
    request.url = stats_url;
    request.timeout = std::chrono::seconds(5);
    const auto answer = http.send(request);
    const auto stats = nlohmann::json::parse(answer.body, nullptr, false);
    if (!answer.ok() || !stats.is_object()) {
        return {{"edge_away", stats_url, "the edge at " + stats_url + " does not tell its state"}};
    }
    std::vector<Alert> alerts;
    const auto edge = stats.value("edge", stats_url);
    if (number_of(stats, "journal", "oldest_unsettled_s") > unsettled_s_max) {
        alerts.push_back({"clicks_unsettled", edge,
                          "clicks of " + edge +
                              " have waited for more than a minute to be stored; "
                              "see couponctl queues"});
    }
    look_at_space(stats, edge, alerts);
    return alerts;
}

}  // namespace coupon
