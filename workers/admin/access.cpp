#include "admin/access.hpp"

#include <nlohmann/json.hpp>

#include "core/client_address.hpp"
#include "core/hmac.hpp"

namespace coupon {
namespace {

constexpr std::string_view cookie_name = "coupon_admin";
constexpr std::string_view bearer = "Bearer ";
constexpr std::size_t secret_max_bytes = 256;  // of a session id or a token
constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr RateLimit principal_limit{120, second_ns / 20};
constexpr RateLimit address_limit{10, 6 * second_ns};
constexpr RateLimit name_limit{20, 6 * second_ns};

std::uint64_t steady_ns() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                          Sessions::Clock::now().time_since_epoch())
                                          .count());
}

[[noreturn]] void unauthorized(const std::string& message) {
    throw AdminError{401, "unauthorized", message};
}

[[noreturn]] void forged(const std::string& message) {
    throw AdminError{403, "csrf", message};
}

// The values of our cookie; several where somebody else planted one.
std::vector<std::string> session_cookies(std::string_view header) {
    std::vector<std::string> values;
    while (!header.empty()) {
        const auto end = std::min(header.find(';'), header.size());
        auto pair = header.substr(0, end);
        header.remove_prefix(std::min(end + 1, header.size()));
        pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
        if (pair.starts_with(cookie_name) && pair.substr(cookie_name.size()).starts_with('=')) {
            values.emplace_back(pair.substr(cookie_name.size() + 1));
        }
    }
    return values;
}

struct SignIn {
    std::string user, password;
};

SignIn parse_sign_in(const WebRequest& request) {
    if (!request.header("content-type").starts_with("application/json")) {
        throw AdminError{415, "bad_request", "signing in takes application/json"};
    }
    const auto body = nlohmann::json::parse(request.body, nullptr, false);
    if (!body.is_object() || !body.contains("user") || !body["user"].is_string() ||
        !body.contains("password") || !body["password"].is_string()) {
        throw AdminError{400, "bad_request",
                         "signing in takes {\"user\":\"…\",\"password\":\"…\"}"};
    }
    return {body["user"], body["password"]};
}

// Gives back what was acquired.
class Turn {
  public:
    explicit Turn(std::counting_semaphore<8>& turns) : turns_(turns) {}
    ~Turn() { turns_.release(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

  private:
    std::counting_semaphore<8>& turns_;
};

}  // namespace

AdminAccess::AdminAccess(const AccessSettings& settings, const Log& log)
    : settings_(settings),
      passwords_("ADMIN_PASSWORDS", settings.passwords_path, parse_passwords, log),
      tokens_("ADMIN_TOKENS", settings.tokens_path, parse_tokens, log),
      sessions_(settings.session_age),
      per_principal_(principal_limit),
      per_address_(address_limit),
      per_name_(name_limit) {
    passwords_.current();
    tokens_.current();
}

Known AdminAccess::identify(const WebRequest& request) {
    const auto authorization = request.header("authorization");
    auto known = authorization.empty() ? by_cookie(request) : by_token(authorization);
    if (const auto wait = per_principal_.wait_s(known.who.name, steady_ns()); wait > 0) {
        throw TooMany("too many requests of " + known.who.name, wait);
    }
    return known;
}

Known AdminAccess::by_token(std::string_view authorization) {
    if (!authorization.starts_with(bearer) || authorization.size() > secret_max_bytes) {
        unauthorized("Authorization is not Bearer and a token");
    }
    const auto entry = find_token(tokens_.current()->entries, authorization.substr(bearer.size()));
    if (!entry) {
        unauthorized("the token is not known");
    }
    return {{entry->name, entry->role}, "", "", entry->secret};
}

Known AdminAccess::by_cookie(const WebRequest& request) {
    const auto cookies = session_cookies(request.header("cookie"));
    if (cookies.empty()) {
        unauthorized("sign in, or send a bearer token");
    }
    if (cookies.size() > 1) {
        unauthorized("there are several cookies coupon_admin: delete them and sign in again");
    }
    const auto& id = cookies.front();
    const auto session =
        id.size() > secret_max_bytes ? std::nullopt : sessions_.find(id, Sessions::Clock::now());
    const auto entry = session ? passwords_.find(session->user) : std::nullopt;
    if (!entry || entry->secret != session->secret) {
        unauthorized("the session is over: sign in again");
    }
    return {{entry->name, entry->role}, id, session->csrf, ""};
}

void AdminAccess::check_origin(const WebRequest& request) const {
    const auto site = request.header("sec-fetch-site");
    if (!site.empty() && site != "same-origin") {
        forged("the request comes from another site's page");
    }
    const auto origin = request.header("origin");
    if (origin.empty()) {
        return;
    }
    const auto scheme_end = origin.find("://");
    const bool ours = settings_.origin.empty()
                          ? scheme_end != std::string_view::npos &&
                                origin.substr(scheme_end + 3) == request.header("host")
                          : origin == settings_.origin;
    if (!ours) {
        forged("the request comes from another site's page");
    }
}

void AdminAccess::check_forgery(const WebRequest& request, const Known& known) const {
    if (known.session_id.empty() || request.method == "GET" || request.method == "HEAD") {
        return;
    }
    check_origin(request);
    const auto token = request.header("x-csrf-token");
    if (token.size() != known.csrf.size() || !constant_time_equal(token, known.csrf)) {
        forged("the header X-CSRF-Token is missing or of another session");
    }
}

std::function<bool()> AdminAccess::still_stands(const Known& known) {
    return [this, known] {
        if (known.session_id.empty()) {
            const auto entry = tokens_.find(known.who.name);
            return entry && entry->secret == known.token_digest && entry->role == known.who.role;
        }
        const auto session = sessions_.find(known.session_id, Sessions::Clock::now());
        const auto entry = session ? passwords_.find(session->user) : std::nullopt;
        return entry && entry->secret == session->secret && entry->role == known.who.role;
    };
}

void AdminAccess::limit_sign_in(const WebRequest& request, const std::string& user) {
    const auto now = steady_ns();
    // Names that cannot be share one allowance, so that they fill no memory.
    const auto name = is_principal_name(user) ? user : std::string();
    auto wait = per_address_.wait_s(client_address_of(request), now);
    if (wait == 0) {
        wait = per_name_.wait_s(name, now);
    }
    if (wait > 0) {
        ++sign_ins_.limited;
        throw TooMany("too many attempts to sign in: wait " + std::to_string(wait) + " s", wait);
    }
}

std::optional<Credential> AdminAccess::checked(const std::string& user,
                                               const std::string& password) {
    if (!signing_in_.try_acquire()) {
        ++sign_ins_.limited;
        throw TooMany("too many sign in at once", 1);
    }
    const Turn place(signing_in_);
    hashing_.acquire();
    const Turn turn(hashing_);
    return find_password(passwords_.current()->entries, user, password);
}

AdminAccess::SignedIn AdminAccess::sign_in(const WebRequest& request) {
    check_origin(request);
    const auto given = parse_sign_in(request);
    limit_sign_in(request, given.user);
    const auto entry = checked(given.user, given.password);
    if (!entry) {
        ++sign_ins_.wrong;
        unauthorized("the name or the password is wrong");
    }
    for (const auto& old : session_cookies(request.header("cookie"))) {
        sessions_.close(old);
    }
    const auto opened = sessions_.open(entry->name, entry->secret, Sessions::Clock::now());
    ++sign_ins_.right;
    return {{{entry->name, entry->role}, opened.id, opened.session.csrf, ""},
            cookie(opened.id, settings_.session_age)};
}

std::string AdminAccess::sign_out(const Known& known) {
    if (known.session_id.empty()) {
        throw AdminError{400, "bad_request", "a token has no session to end"};
    }
    sessions_.close(known.session_id);
    return cookie("", std::chrono::seconds(0));
}

std::string AdminAccess::known_user(const WebRequest& request) {
    const auto body = nlohmann::json::parse(request.body, nullptr, false);
    if (!body.is_object() || !body.contains("user") || !body["user"].is_string()) {
        return "";
    }
    const auto entry = passwords_.find(body["user"].get<std::string>());
    return entry ? entry->name : "";
}

std::string AdminAccess::cookie(const std::string& id, std::chrono::seconds age) const {
    return std::string(cookie_name) + "=" + id +
           "; Path=/admin/workers/; HttpOnly; SameSite=Strict" +
           "; Max-Age=" + std::to_string(age.count()) + (settings_.secure_cookie ? "; Secure" : "");
}

std::string client_address_of(const WebRequest& request) {
    const auto address = parse_client_address(request.header("x-real-ip"));
    return address ? to_string(*address) : "unknown";
}

}  // namespace coupon
