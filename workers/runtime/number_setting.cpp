#include "runtime/number_setting.hpp"

#include <charconv>

#include "runtime/environment.hpp"
#include "runtime/error.hpp"

namespace coupon {

int number_setting(const std::string& name, int by_default, int least, int most) {
    const auto text = environment_value(name);
    if (!text) {
        return by_default;
    }
    int number = 0;
    const auto* end = text->data() + text->size();
    const auto [stopped, error] = std::from_chars(text->data(), end, number);
    if (error != std::errc() || stopped != end || number < least || number > most) {
        throw ConfigError(name + ": not a whole number from " + std::to_string(least) + " to " +
                          std::to_string(most));
    }
    return number;
}

}  // namespace coupon
