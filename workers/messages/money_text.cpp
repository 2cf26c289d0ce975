#include "messages/money_text.hpp"

#include <array>
#include <string_view>

#include "runtime/amount.hpp"

namespace coupon {
namespace {

void skip_spaces(std::string_view& text) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
}

void skip_currency(std::string_view& text) {
    constexpr std::array<std::string_view, 8> marks{"₹",  "৳",   "Rs.", "Rs",
                                                    "RS", "INR", "BDT", "Tk"};
    for (const auto mark : marks) {
        if (text.starts_with(mark)) {
            text.remove_prefix(mark.size());
            skip_spaces(text);
            return;
        }
    }
}

// "12,34,567" and "1,234,567" without their commas; empty where those stand elsewhere, as in
// "12,50".
std::string without_groups(std::string_view whole) {
    std::string digits;
    std::size_t group = 0, groups = 0;
    for (const char c : whole) {
        if (c != ',') {
            digits += c;
            ++group;
            continue;
        }
        const bool first = groups++ == 0;
        if (group > 3 || group < (first ? 1 : 2)) {
            return {};
        }
        group = 0;
    }
    return groups == 0 || group == 3 ? digits : std::string();
}

}  // namespace

std::optional<std::int64_t> read_hundredths(const nlohmann::json& amount) {
    if (!amount.is_number() && !amount.is_string()) {
        return std::nullopt;
    }
    // The shortest text that reads back as the same number is what the producer wrote.
    const auto given = amount.is_string() ? amount.get<std::string>() : amount.dump();
    std::string_view text = given;
    skip_spaces(text);
    skip_currency(text);
    const auto point = text.find('.');
    auto plain = without_groups(text.substr(0, point));
    auto behind = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
    if (behind.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    if (point != std::string_view::npos) {
        plain.append(1, '.').append(behind.substr(0, 2));
    }
    const bool up = behind.size() > 2 && behind[2] >= '5';
    auto hundredths = parse_major_units(plain);
    if (hundredths && up) {
        ++*hundredths;
    }
    return hundredths;
}

std::string grouped_amount(std::int64_t hundredths, bool lakhs) {
    auto text = major_units(hundredths);
    std::size_t group = 3;
    for (auto at = text.size() - 3; at > group;) {
        at -= group;
        text.insert(at, 1, ',');
        group = lakhs ? 2 : 3;
    }
    return text;
}

}  // namespace coupon
