// Something that a person should look at.
#pragma once

#include <string>
#include <vector>

namespace coupon {

struct Alert {
    std::string name;     // worker_gone: of a small, fixed set
    std::string label;    // which one; may be empty
    std::string message;  // one sentence: what, and where to look
};

// Alerts of which nobody can say now whether they are so.
struct UnseenAlerts {
    std::string name;
    std::string label;  // also as the first word of several; empty: whatever their label
};

struct Findings {
    std::vector<Alert> wrong;
    std::vector<UnseenAlerts> unseen;
};

}  // namespace coupon
