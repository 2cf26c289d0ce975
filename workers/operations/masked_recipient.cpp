#include "operations/masked_recipient.hpp"

#include "runtime/storable_text.hpp"

namespace coupon {

std::string masked_recipient(std::string_view recipient) {
    constexpr std::string_view dot = "•";
    constexpr std::size_t head = 3;
    constexpr std::size_t tail = 2;
    const auto at = recipient.rfind('@');
    if (at != std::string_view::npos) {
        return storable_text(recipient.substr(0, at == 0 ? 0 : 1)) + "…" +
               storable_text(recipient.substr(at));
    }
    const bool is_long = recipient.size() > 2 * (head + tail);
    std::string masked = is_long ? storable_text(recipient.substr(0, head)) : "";
    for (std::size_t i = is_long ? head + tail : 0; i < recipient.size() && i < 32; ++i) {
        masked += dot;
    }
    return masked + (is_long ? storable_text(recipient.substr(recipient.size() - tail)) : "");
}

}  // namespace coupon
