#include "clicks/check.hpp"

#include "runtime/role_check.hpp"

namespace coupon {

int check_clicks(std::ostream& out) {
    return run_checks("clicks",
                      {check_common_settings, [] { check_redis("clicks"); },
                       [] {
                           check_postgres(
                               {"offer_clicks", "click_rejects", "journal_segments", "offers"});
                       }},
                      out);
}

}  // namespace coupon
