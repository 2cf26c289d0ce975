// couponctl privacy erase: what the shop need not keep of a user.
#pragma once

#include <ostream>
#include <string>

namespace coupon {

struct EraseOptions {
    std::string user;          // id, e-mail address or number
    std::string actor;         // empty: user@host
    std::string archive;       // ARCHIVE_DIR, whose files are gone through as well; empty: they are not
    bool yes = false;          // else only counts are shown
    bool despite_money = false;
    bool keep_kyc = false;
};

// In steps of bounded transactions; a run that was killed is gone on with by the next one. Throws
// CommandError where money is still to be moved, PgError.
void erase_user(const EraseOptions& options, std::ostream& out);

}  // namespace coupon
