// RFC 2047: text beyond ASCII in the header of a mail.
#pragma once

#include <string>
#include <string_view>

#include "email/mail.hpp"

namespace coupon {

// `utf8` as it is where it is plain ASCII, else as base64 encoded-words of at most 75 characters
// each, separated by spaces, none of which splits a character.
std::string header_text(std::string_view utf8);

// `"Name" <address>` or `=?UTF-8?B?…?= <address>`.
std::string header_address(const MailAddress& address);

}  // namespace coupon
