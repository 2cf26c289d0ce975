// Who asks, and whether they may: sessions and tokens, sign-in and its limits, the proof that a
// request comes from the dashboard's own page. Safe to use from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <semaphore>
#include <string>

#include "admin/access_lists.hpp"
#include "admin/rate_gate.hpp"
#include "admin/sessions.hpp"
#include "admin/web_request.hpp"

namespace coupon {

struct AccessSettings {
    std::string passwords_path;  // empty: nobody signs in
    std::string tokens_path;     // empty: no tokens
    std::chrono::hours session_age{12};
    bool secure_cookie = true;
    std::string origin;  // empty: the Host header's
};

// 429 and the seconds to wait.
struct TooMany : AdminError {
    TooMany(const std::string& message, std::uint32_t wait_s)
        : AdminError{429, "too_many", message}, wait_s(wait_s) {}
    std::uint32_t wait_s;
};

// Somebody who showed a session or a token.
struct Known {
    Principal who;
    std::string session_id;  // empty: a token
    std::string csrf;        // of the session
    std::string token_digest;
};

class AdminAccess {
  public:
    AdminAccess(const AccessSettings& settings, const Log& log);

    // Throws AdminError 401, 429.
    Known identify(const WebRequest& request);
    // Throws AdminError 403 unless it reads only, comes with a token, or proves that it comes from
    // our own page.
    void check_forgery(const WebRequest& request, const Known& known) const;
    // Whether the session or the token still stands, to be asked again and again.
    std::function<bool()> still_stands(const Known& known);

    struct SignedIn {
        Known known;
        std::string cookie;  // for Set-Cookie
    };
    // Ends the session that the request came with. Throws AdminError: 400, 401 for a wrong name or
    // password, 403, 429.
    SignedIn sign_in(const WebRequest& request);
    // The cookie to send, which takes the old one away.
    std::string sign_out(const Known& known);

    // The user named in a sign-in, where there is one of that name: to be audited. What else was
    // typed there may be a password.
    std::string known_user(const WebRequest& request);

    std::size_t sessions() { return sessions_.count(); }
    struct SignIns {
        std::atomic<std::uint64_t> right{0}, wrong{0}, limited{0};
    };
    [[nodiscard]] const SignIns& sign_ins() const noexcept { return sign_ins_; }

  private:
    Known by_token(std::string_view authorization);
    Known by_cookie(const WebRequest& request);
    void check_origin(const WebRequest& request) const;
    void limit_sign_in(const WebRequest& request, const std::string& user);
    std::optional<Credential> checked(const std::string& user, const std::string& password);
    [[nodiscard]] std::string cookie(const std::string& id, std::chrono::seconds age) const;

    const AccessSettings settings_;
    WatchedCredentials passwords_, tokens_;
    Sessions sessions_;
    RateGate per_principal_, per_address_, per_name_;
    // A hash takes a core for 50 ms and more, and a thread that waits for its turn answers nobody
    // else.
    std::counting_semaphore<8> hashing_{2}, signing_in_{4};
    SignIns sign_ins_;
};

// The address that NGINX saw (X-Real-IP), IPv6 by /64; "unknown" where it says none.
std::string client_address_of(const WebRequest& request);

}  // namespace coupon
