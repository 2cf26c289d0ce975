// A mail as it is handed to a provider.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace coupon {

struct MailAddress {
    std::string address;  // bare, ASCII
    std::string name;     // UTF-8; may be empty
};

struct Mail {
    std::string id;        // the row's
    std::string category;  // the row's type
    // What a person asked for or was paid: sent to those as well who unsubscribed.
    bool critical = false;
    MailAddress from, to;
    std::string subject, text, html;                           // UTF-8
    std::vector<std::pair<std::string, std::string>> headers;  // more of them; ASCII
};

}  // namespace coupon
