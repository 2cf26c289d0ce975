// Something that a person should look at.
#pragma once

#include <string>

namespace coupon {

struct Alert {
    std::string name;     // worker_gone: of a small, fixed set
    std::string label;    // which one; may be empty
    std::string message;  // one sentence: what, and where to look
};

}  // namespace coupon
