// Text inside HTML and XML.
#pragma once

#include <string>

namespace coupon {

// & < > " ' as entities. &#39;, which old mail clients know and &apos; they do not.
std::string markup_escaped(const std::string& text);

}  // namespace coupon
