// The ways in which Twilio may have written the URL that it signed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coupon {

/// `url` is the configured one, of which scheme, authority and path count; the query is the
/// request's own. The likeliest comes first; at most six, none twice.
std::vector<std::string> twilio_urls(std::string_view url, std::string_view query);

}  // namespace coupon
