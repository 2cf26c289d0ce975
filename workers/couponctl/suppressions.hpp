// couponctl suppressions: the addresses that are not written to any more.
#pragma once

#include <ostream>
#include <string>

namespace coupon {

struct SuppressionOptions {
    std::string address;  // an e-mail address, or a number in E.164; of a list: empty for all
    std::string reason;   // to remove: bounce, spam, unsubscribe or manual; empty: all of them
    std::string detail;   // why, for people; goes into audit_logs
    std::string actor;    // empty: who runs it
    int limit = 50;
};

// Newest first. Addresses are shown as they are: this is what the list is for.
void list_suppressions(const SuppressionOptions& options, std::ostream& out);

// By hand: nothing is sent to the address until it is removed. Throws CommandError where it is no
// address, as all of these do.
void add_suppression(const SuppressionOptions& options, std::ostream& out);

// Throws CommandError also where it is not on the list.
void remove_suppression(const SuppressionOptions& options, std::ostream& out);

}  // namespace coupon
