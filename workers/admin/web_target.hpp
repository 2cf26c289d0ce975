// The path and the query of a request's target, decoded. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

// The parts of the path below /admin/workers/. Throws AdminError 404 for anything that is no plain
// path below it: what stands for a slash, a dot segment or a control character by its escape
// included.
std::vector<std::string> decoded_segments(std::string_view path);

// a=b&c=d, with + as a space. Throws AdminError 400.
std::map<std::string, std::string> decoded_query(std::string_view query);

}  // namespace coupon
