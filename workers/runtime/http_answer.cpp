#include "runtime/http_client.hpp"

// What reads an answer needs no libcurl; a file of its own keeps it so.
namespace coupon {

std::optional<std::string> HttpAnswer::header(const std::string& lower_case_name) const {
    for (const auto& [name, value] : headers) {
        if (name == lower_case_name) {
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace coupon
