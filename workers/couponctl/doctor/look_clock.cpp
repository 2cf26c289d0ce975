#include <sys/timex.h>

#include <chrono>

#include "couponctl/doctor/look_machine.hpp"
#include "runtime/environment.hpp"
#include "runtime/time_zone.hpp"

namespace coupon::doctor {

std::int64_t wall_clock_lead_us() {
    using std::chrono::duration_cast;
    using std::chrono::microseconds;
    return duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count() -
           duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

ClockFacts look_at_clock() {
    ClockFacts facts;
    timex state{};  // no mode: nothing is set
    const int answer = ::adjtimex(&state);
    if (answer != -1) {
        facts.synchronised = answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
    }
    try {
        facts.zone = environment_value("COUPON_TZ").value_or("Asia/Kolkata");
        if (!TimeZone::find(facts.zone)) {
            facts.zone_failure = "this machine does not know the time zone that COUPON_TZ names";
        }
    } catch (const std::exception& error) {
        facts.zone_failure = error.what();
    }
    return facts;
}

}  // namespace coupon::doctor
