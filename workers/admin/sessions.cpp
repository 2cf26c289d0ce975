#include "admin/sessions.hpp"

#include <algorithm>

#include "admin/credentials.hpp"

namespace coupon {

Sessions::Opened Sessions::open(const std::string& user, const std::string& secret,
                                Clock::time_point now) {
    Opened opened{random_token(), {user, secret, random_token()}};
    const std::lock_guard lock(mutex_);
    drop_old(now);
    const auto of_user = std::count_if(entries_.begin(), entries_.end(), [&](const auto& entry) {
        return entry.second.session.user == user;
    });
    if (static_cast<std::size_t>(of_user) >= per_user_max) {
        drop_oldest(&user);
    } else if (entries_.size() >= sessions_max) {
        drop_oldest(nullptr);
    }
    entries_.emplace(hash_token(opened.id), Entry{opened.session, now});
    return opened;
}

std::optional<Session> Sessions::find(const std::string& id, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(hash_token(id));
    if (found == entries_.end() || now - found->second.opened >= age_max_) {
        return std::nullopt;
    }
    return found->second.session;
}

void Sessions::close(const std::string& id) {
    const std::lock_guard lock(mutex_);
    entries_.erase(hash_token(id));
}

std::size_t Sessions::count() {
    const std::lock_guard lock(mutex_);
    drop_old(Clock::now());
    return entries_.size();
}

void Sessions::drop_old(Clock::time_point now) {
    std::erase_if(entries_,
                  [&](const auto& entry) { return now - entry.second.opened >= age_max_; });
}

void Sessions::drop_oldest(const std::string* user) {
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
        if ((user == nullptr || entry->second.session.user == *user) &&
            (oldest == entries_.end() || entry->second.opened < oldest->second.opened)) {
            oldest = entry;
        }
    }
    if (oldest != entries_.end()) {
        entries_.erase(oldest);
    }
}

}  // namespace coupon
