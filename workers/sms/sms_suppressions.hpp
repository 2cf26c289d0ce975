// Numbers that nothing is sent to: those of the table suppressions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/pg_connection.hpp"

namespace coupon {

class SmsSuppressions {
  public:
    // Learns of these numbers, in E.164, and forgets what it knew of them. Throws PgError.
    void look_up(PgConnection& pg, const std::vector<std::string>& numbers);

    // Throws NotSent("suppressed"). Who unsubscribed still gets what is not promotional: one-time
    // passwords and news of their own payments.
    void refuse(const std::string& number, bool promotional) const;

  private:
    struct Reasons {
        bool unsubscribed = false;
        std::string other;
    };
    std::map<std::string, Reasons> suppressed_;
};

}  // namespace coupon
