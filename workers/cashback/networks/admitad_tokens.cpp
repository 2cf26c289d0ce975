#include "cashback/networks/admitad_tokens.hpp"

#include <algorithm>

#include "core/percent.hpp"
#include "runtime/exact_json.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr int deadline_ms = 150'000;  // the lock's time-out, and some more
// Where an old token still works and no new one can be had.
constexpr milliseconds try_again_after = 5min;
constexpr std::int64_t life_least_s = 60, life_most_s = 30LL * 24 * 60 * 60;
constexpr std::int64_t life_by_default_s = 60 * 60;

// Two token calls of another process may be waited for.
constexpr const char* open_script =
    "SET synchronous_commit = on; SET lock_timeout = '130s'; SET statement_timeout = 0";
// A session's lock and no transaction: none stays open while Admitad is asked.
constexpr const char* lock_sql =
    "SELECT pg_advisory_lock(hashtextextended('network_tokens:admitad', 0))";
constexpr const char* kept_sql =
    "SELECT access_token, refresh_token,"
    " (extract(epoch FROM expires_at - now()) * 1000)::bigint,"
    " (extract(epoch FROM obtained_at + (expires_at - obtained_at) / 2 - now()) * 1000)::bigint"
    " FROM network_tokens WHERE network = 'admitad'";
constexpr const char* take_sql =
    "INSERT INTO network_tokens (network, access_token, obtained_at, expires_at)"
    " VALUES ('admitad', '', now(), now())"
    " ON CONFLICT (network) DO UPDATE SET refresh_token = NULL";
constexpr const char* keep_sql =
    "INSERT INTO network_tokens (network, access_token, refresh_token, obtained_at, expires_at)"
    " VALUES ('admitad', $1, NULLIF($2, ''), now(), now() + make_interval(secs => $3::int))"
    " ON CONFLICT (network) DO UPDATE SET access_token = excluded.access_token,"
    " refresh_token = excluded.refresh_token, obtained_at = excluded.obtained_at,"
    " expires_at = excluded.expires_at";

// Ends the session, and with it the lock, however the work ends.
class Session {
  public:
    explicit Session(PgConnection& pg) : pg_(pg) { pg_.execute(lock_sql); }
    ~Session() { pg_.close(); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

  private:
    PgConnection& pg_;
};

}  // namespace

struct AdmitadTokens::Kept {
    std::string access_token, refresh_token;
    milliseconds life_left, half_left;  // until it ends; until it should be renewed
};

struct AdmitadTokens::Granted {
    std::string access_token, refresh_token;
    std::int64_t life_s;
};

AdmitadTokens::AdmitadTokens(AdmitadAccount account, const std::string& database_url,
                             NetworkCall& call, const Log& log)
    : account_(std::move(account)),
      pg_(database_url, "coupon-worker admitad token", deadline_ms,
          [](PgConnection& pg) { pg.execute_script(open_script); }),
      call_(call),
      log_(log) {}

std::string AdmitadTokens::get() {
    if (!token_.empty() && Clock::now() < until_) {
        return token_;
    }
    return renew({});
}

std::string AdmitadTokens::instead_of(const std::string& refused) {
    token_.clear();
    return renew(refused);
}

std::optional<AdmitadTokens::Kept> AdmitadTokens::kept() {
    const auto row = pg_.execute(kept_sql);
    if (row.rows() == 0) {
        return std::nullopt;
    }
    return Kept{std::string(row.text(0, 0)), std::string(row.text(0, 1)),
                milliseconds(row.number(0, 2)), milliseconds(row.number(0, 3))};
}

std::string AdmitadTokens::use(const std::string& access_token, milliseconds for_so_long) {
    token_ = access_token;
    until_ = Clock::now() + for_so_long;
    return token_;
}

std::string AdmitadTokens::renew(const std::string& refused) {
    const Session session(pg_);
    const auto row = kept();
    const bool usable = row && !row->access_token.empty() && row->access_token != refused;
    if (usable && row->half_left > 0ms) {
        return use(row->access_token, row->half_left);
    }
    // Once there is a row, the environment's has been used.
    const auto refresh_token = row ? row->refresh_token : account_.refresh_token;
    try {
        const auto granted = grant(refresh_token);
        pg_.execute(keep_sql,
                    {granted.access_token, granted.refresh_token, std::to_string(granted.life_s)});
        log_.info("Admitad granted a new access token", {{"life_s", granted.life_s}});
        return use(granted.access_token, std::chrono::seconds(granted.life_s) / 2);
    } catch (const RetryLater& failure) {
        if (!usable || row->life_left <= try_again_after) {
            throw;
        }
        log_.warn("Admitad grants no new access token yet; the old one still works",
                  {{"error", failure.what()}});
        return use(row->access_token, try_again_after);
    }
}

AdmitadTokens::Granted AdmitadTokens::grant(const std::string& refresh_token) {
    if (!refresh_token.empty()) {
        pg_.execute(take_sql);
        if (auto granted = by_refresh_token(refresh_token)) {
            return *std::move(granted);
        }
        log_.warn("Admitad refuses the refresh token; client credentials are used instead");
    }
    return by_client_credentials();
}

std::optional<AdmitadTokens::Granted> AdmitadTokens::by_refresh_token(
    const std::string& refresh_token) {
    return token_call("grant_type=refresh_token&client_id=" + percent_encoded(account_.client_id) +
                          "&client_secret=" + percent_encoded(account_.client_secret) +
                          "&refresh_token=" + percent_encoded(refresh_token),
                      false);
}

AdmitadTokens::Granted AdmitadTokens::by_client_credentials() {
    auto granted = token_call("grant_type=client_credentials&client_id=" +
                                  percent_encoded(account_.client_id) + "&scope=statistics",
                              true);
    if (!granted) {
        throw PermanentFailure(
            "Admitad grants no access token: check ADMITAD_CLIENT_ID and ADMITAD_CLIENT_SECRET, "
            "and that they may read statistics");
    }
    return *std::move(granted);
}

// Nothing where it is refused.
std::optional<AdmitadTokens::Granted> AdmitadTokens::token_call(const std::string& form,
                                                                bool with_secret) {
    HttpRequest request;
    request.method = "POST";
    request.url = account_.base_url + "/token/";
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                       {"Accept", "application/json"}};
    request.body = form;
    request.repeatable = false;
    if (with_secret) {
        request.user = account_.client_id;
        request.password = account_.client_secret;
    }
    const auto answer = call_.send(request);
    if (!answer.ok()) {
        return std::nullopt;
    }
    const auto json = read_exact_json(answer.body);
    const auto access_token = json ? text_at(*json, {"access_token"}) : std::string();
    if (access_token.empty()) {
        throw PermanentFailure(
            "Admitad answers a token call without a token: check ADMITAD_BASE_URL");
    }
    const auto life_s = whole_number(text_at(*json, {"expires_in"})).value_or(life_by_default_s);
    return Granted{access_token, text_at(*json, {"refresh_token"}),
                   std::clamp(life_s, life_least_s, life_most_s)};
}

}  // namespace coupon
