// Admitad's access token, one for all processes: kept in network_tokens, renewed by one process at
// a time, at half of its life. A refresh token works once, so it leaves the table before it is
// used: whatever happens then, no process uses it again.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cashback/networks/network_call.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

struct AdmitadAccount {
    std::string base_url, client_id, client_secret;
    std::string refresh_token;  // for the first time; empty: client credentials
};

class AdmitadTokens {
  public:
    AdmitadTokens(AdmitadAccount account, const std::string& database_url, NetworkCall& call,
                  const Log& log);

    // Throws RetryLater, PermanentFailure, PgError.
    std::string get();
    // One that is not `refused`: another process's, where it has renewed it already.
    std::string instead_of(const std::string& refused);

  private:
    using Clock = std::chrono::steady_clock;
    struct Kept;     // the row of network_tokens
    struct Granted;  // a token call's answer

    std::string renew(const std::string& refused);
    std::optional<Kept> kept();
    std::string use(const std::string& access_token, std::chrono::milliseconds for_so_long);
    Granted grant(const std::string& refresh_token);
    std::optional<Granted> by_refresh_token(const std::string& refresh_token);
    Granted by_client_credentials();
    std::optional<Granted> token_call(const std::string& form, bool with_secret);

    const AdmitadAccount account_;
    PgConnection pg_;
    NetworkCall& call_;
    const Log& log_;
    std::string token_;
    Clock::time_point until_{};
};

}  // namespace coupon
