#include "admin/api/queue_history.hpp"

#include <map>
#include <set>

#include "admin/api/request_values.hpp"

namespace coupon {
namespace {

constexpr int minutes_max = 24 * 60;

constexpr const char* rates_sql =
    "SELECT role, jobs, $1::int - 1 - extract(epoch FROM date_trunc('minute', now()) - minute)"
    "::bigint / 60 FROM worker_rates"
    " WHERE minute > date_trunc('minute', now()) - make_interval(mins => $1::int)"
    "  AND minute <= now() ORDER BY role";

const std::string from_sql =
    "SELECT " + iso_utc("date_trunc('minute', now()) - make_interval(mins => $1::int - 1)");

}  // namespace

AdminAnswer answer_queue_history(const AdminRequest& request, AdminResources& resources) {
    const auto minutes =
        static_cast<std::size_t>(query_number(request, "minutes", 60, 1, minutes_max));
    const std::vector<PgParameter> values{std::to_string(minutes)};
    const auto from = resources.pg.execute(from_sql.c_str(), values);
    const auto rows = resources.pg.execute(rates_sql, values);
    std::map<std::string, std::map<std::size_t, std::int64_t>> series;
    std::set<std::size_t> looked;
    for (int row = 0; row < rows.rows(); ++row) {
        const auto place = static_cast<std::size_t>(rows.number(row, 2));
        if (place < minutes) {
            series[std::string(rows.text(row, 0))][place] = rows.number(row, 1);
            looked.insert(place);
        }
    }
    auto list = Json::array();
    for (const auto& [role, jobs] : series) {
        auto done = Json::array();
        for (std::size_t place = 0; place < minutes; ++place) {
            const auto found = jobs.find(place);
            done.push_back(found != jobs.end()      ? Json(found->second)
                           : looked.contains(place) ? Json(0)
                                                    : Json());
        }
        list.push_back({{"name", role}, {"done", std::move(done)}});
    }
    return json_answer(
        {{"step_s", 60}, {"from", text_or_null(from, 0, 0)}, {"series", std::move(list)}});
}

}  // namespace coupon
