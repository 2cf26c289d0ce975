// Instead of libcurl: HttpClient gives the answers that an input spells out.
#pragma once

#include <string_view>

#include "runtime/http_client.hpp"

/// One answer: the status (or "failed", "unknown"), header lines, an empty line, the body.
coupon::HttpAnswer read_answer(std::string_view text);

/// What every HttpClient answers from now on, in turn; separated by a line "--". Behind the last
/// one nobody answers any more.
void answer_with(std::string_view answers);
