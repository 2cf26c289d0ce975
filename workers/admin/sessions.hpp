// Who is signed in: in memory, so a restart signs everybody out. Ids are kept as digests only. Safe
// to use from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace coupon {

struct Session {
    std::string user;
    std::string secret;  // the password's hash at sign-in: with another one the session is over
    std::string csrf;
};

class Sessions {
  public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t sessions_max = 1000;
    static constexpr std::size_t per_user_max = 20;

    explicit Sessions(std::chrono::seconds age_max) : age_max_(age_max) {}

    struct Opened {
        std::string id;  // for the cookie; nobody else ever sees it
        Session session;
    };
    // Where there are too many, of this user or at all, the oldest ends.
    Opened open(const std::string& user, const std::string& secret, Clock::time_point now);
    std::optional<Session> find(const std::string& id, Clock::time_point now);
    void close(const std::string& id);
    std::size_t count();

  private:
    struct Entry {
        Session session;
        Clock::time_point opened;
    };
    using Entries = std::map<std::string, Entry>;

    void drop_old(Clock::time_point now);
    void drop_oldest(const std::string* user);

    const std::chrono::seconds age_max_;
    std::mutex mutex_;
    Entries entries_;  // by the SHA-256 of the id
};

}  // namespace coupon
