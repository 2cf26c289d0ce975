// What may stand in the places of a mail that decide where it goes and what a reader's programme
// does with it.
#pragma once

#include <string>
#include <string_view>

#include "email/mail.hpp"

namespace coupon {

inline constexpr std::size_t address_max_bytes = 254;
inline constexpr std::size_t name_max_bytes = 200;
inline constexpr std::size_t subject_max_bytes = 500;
inline constexpr std::size_t link_max_bytes = 2000;
inline constexpr std::size_t body_max_bytes = 1 << 20;

// Each returns why the text is refused, to follow its name ("holds a control character"), or
// nothing. Never a part of the text.
std::string address_fault(std::string_view address);  // one bare address, ASCII
std::string name_fault(std::string_view name);        // a display name; may be empty
// Whether it reads as the name of a person or a shop; not where it could be taken for a link or an
// address, turns the direction of writing, hides characters, or is longer than names are. What a
// stranger signs up with is shown in mails that others trust.
bool is_plain_name(std::string_view name);
std::string subject_fault(std::string_view subject);
std::string link_fault(std::string_view link);  // http(s), with a host

// Whether SendGrid takes it as a display name: it refuses `;` and `,`.
bool fits_display_name(std::string_view name);

// Throws PermanentFailure that names the part.
void check_mail(const Mail& mail);

// ASCII letters in lower case, as suppressions are kept.
std::string lower_case_address(std::string_view address);

// What follows the @.
std::string domain_of(const std::string& address);

}  // namespace coupon
