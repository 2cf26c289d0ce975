// Who is not written to any more.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "messages/message.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

class SuppressionList {
  public:
    // Reads what is said of the messages' recipients, in one statement, and forgets all others.
    // Throws PgError.
    void look_up(PgConnection& pg, const std::vector<Message>& messages);

    // Throws NotSent("suppressed") where the recipient must not get this mail: after a bounce, a
    // spam report or an operator's word none, after an unsubscribe none that is not critical.
    void refuse(const std::string& address, bool critical) const;

  private:
    std::unordered_map<std::string, std::set<std::string>> reasons_;  // by address in lower case
};

}  // namespace coupon
