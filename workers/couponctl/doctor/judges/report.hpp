// The doctor's findings for people, and for programs.
#pragma once

#include <ostream>

#include "couponctl/doctor/judges/finding.hpp"

namespace coupon::doctor {

// Groups in the order of their first finding, what is bad first within each.
void print_table(const Findings& findings, std::ostream& out);
void print_json(const Findings& findings, std::ostream& out);

// 1 where there is a problem.
int exit_code_of(const Findings& findings);

}  // namespace coupon::doctor
