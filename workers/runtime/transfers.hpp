// Many outgoing calls at once on one thread, through libcurl's multi interface: HTTP/1.1 and HTTP/2
// with kept connections, and SMTP.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/http_client.hpp"

namespace coupon {

// One mail to one recipient. Composed as multipart/alternative, quoted-printable, by libcurl.
struct MailRequest {
    std::string url;  // smtp://host:port (STARTTLS where `require_tls`) or smtps://host:port
    bool require_tls = true;
    std::string user, password;                                // where not empty
    std::string from, to;                                      // the envelope's bare addresses
    std::vector<std::pair<std::string, std::string>> headers;  // From, To, Subject, …; encoded
    std::string text, html;                                    // UTF-8
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds timeout{30'000};
    // From then on it is not sent any more, however long it waited for its turn.
    LeaseClock::time_point not_after = LeaseClock::time_point::max();
};

using Transfer = std::variant<HttpRequest, MailRequest>;

// So many mails are sent at once; what mail servers allow one client is far below what an HTTP API
// does.
inline constexpr int mails_at_once = 32;

class Transfers {
  public:
    // For mail, `status` is the code of the SMTP reply that decided and `body` its text; what a
    // server says before it is told of the mail (greeting, TLS, login) is `failed` with the code in
    // `error`. `failed` and `unknown` are told apart as HttpAnswer says; nothing is ever repeated
    // that may have arrived.
    using Done = std::function<void(HttpAnswer answer)>;

    // At most `connections_per_host` to each host, and no more than mails_at_once; further
    // transfers wait for one of them, or share one where it speaks HTTP/2. Throws ConfigError for
    // HTTPS_CA_FILE.
    explicit Transfers(std::size_t connections_per_host = 256);
    // What is under way is dropped without its Done; takes up to a second where mails are.
    ~Transfers();
    Transfers(const Transfers&) = delete;
    Transfers& operator=(const Transfers&) = delete;

    // Begins a transfer. `done` is called from run(), also where the transfer could not begin.
    void start(const Transfer& transfer, Done done);

    // Moves all transfers on, for at most `wait` while nothing is ready, and calls the Done of
    // those that ended. A Done may start further transfers.
    void run(std::chrono::milliseconds wait);

    // Ends a run() that waits; from any thread.
    void wake() noexcept;

    [[nodiscard]] std::size_t in_flight() const noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace coupon
