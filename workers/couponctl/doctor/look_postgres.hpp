// Asks PostgreSQL; changes nothing there.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "couponctl/doctor/judges/clock.hpp"
#include "couponctl/doctor/judges/postgres.hpp"

namespace coupon::doctor {

struct PostgresLook {
    PostgresFacts facts;
    std::optional<OtherClock> clock;
    std::optional<ConnectionFacts> connections;  // without ours_most
    int edges = 0;                               // hosts that edges are connected from
    std::map<std::string, std::string> needed;   // roles of workers, and why
};

// `sql_directory` empty: where migrate finds its files. Never throws for what PostgreSQL or
// DATABASE_URL is like: that is a finding.
PostgresLook look_at_postgres(const std::string& sql_directory);

}  // namespace coupon::doctor
