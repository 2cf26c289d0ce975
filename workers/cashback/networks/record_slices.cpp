#include "cashback/networks/record_slices.hpp"

#include <algorithm>

#include "core/hex.hpp"
#include "core/json_text.hpp"
#include "runtime/exact_json.hpp"

namespace coupon {
namespace {

constexpr auto nowhere = std::string_view::npos;
constexpr std::string_view spaces = " \t\r\n";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::string_view replacement = "\\ufffd";

// Walks over JSON by its brackets and quotes. Every member returns where it stopped, or `nowhere`.
class Walker {
  public:
    explicit Walker(std::string_view text) : text_(text) {}

    [[nodiscard]] std::size_t skip_spaces(std::size_t at) const {
        return std::min(text_.find_first_not_of(spaces, at), text_.size());
    }

    [[nodiscard]] bool is(std::size_t at, char c) const {
        return at < text_.size() && text_[at] == c;
    }

    // Behind the value that begins at `at`.
    [[nodiscard]] std::size_t skip_value(std::size_t at) const {
        if (is(at, '"')) {
            return skip_text(at);
        }
        if (is(at, '{') || is(at, '[')) {
            return skip_brackets(at);
        }
        const auto end = std::min(text_.find_first_of(",]} \t\r\n", at), text_.size());
        return end == at ? nowhere : end;
    }

    // The value of member `name` of the object at `at`.
    [[nodiscard]] std::size_t find_member(std::size_t at, std::string_view name) const {
        if (!is(at, '{')) {
            return nowhere;
        }
        for (at = skip_spaces(at + 1); is(at, '"');) {
            const auto key_end = skip_text(at);
            const auto colon = key_end == nowhere ? nowhere : skip_spaces(key_end);
            if (!is(colon, ':')) {
                return nowhere;
            }
            const auto value = skip_spaces(colon + 1);
            if (text_.substr(at + 1, key_end - at - 2) == name) {
                return value;
            }
            const auto end = skip_value(value);
            if (end == nowhere || !is(skip_spaces(end), ',')) {
                return nowhere;
            }
            at = skip_spaces(skip_spaces(end) + 1);
        }
        return nowhere;
    }

    // Behind the array at `at`, whose elements are added.
    [[nodiscard]] std::size_t slice_array(std::size_t at,
                                          std::vector<std::string_view>& elements) const {
        at = skip_spaces(at + 1);
        if (is(at, ']')) {
            return at + 1;
        }
        while (true) {
            const auto end = skip_value(at);
            if (end == nowhere) {
                return nowhere;
            }
            elements.push_back(text_.substr(at, end - at));
            at = skip_spaces(end);
            if (is(at, ']')) {
                return at + 1;
            }
            if (!is(at, ',')) {
                return nowhere;
            }
            at = skip_spaces(at + 1);
        }
    }

  private:
    [[nodiscard]] std::size_t skip_text(std::size_t at) const {
        for (++at; at < text_.size(); ++at) {
            if (text_[at] == '\\') {
                ++at;
            } else if (text_[at] == '"') {
                return at + 1;
            }
        }
        return nowhere;
    }

    [[nodiscard]] std::size_t skip_brackets(std::size_t at) const {
        std::string open;
        while (at < text_.size()) {
            const char c = text_[at];
            if (c == '"') {
                at = skip_text(at);
                if (at == nowhere) {
                    return nowhere;
                }
                continue;
            }
            if (c == '{' || c == '[') {
                open += c == '{' ? '}' : ']';
            } else if (c == '}' || c == ']') {
                if (open.back() != c) {
                    return nowhere;
                }
                open.pop_back();
                if (open.empty()) {
                    return at + 1;
                }
            }
            ++at;
        }
        return nowhere;
    }

    std::string_view text_;
};

// The code unit of \uXXXX at `at`; -1 where there is none.
int code_unit(std::string_view text, std::size_t at) {
    if (at > text.size() || text.size() - at < 6 || text[at] != '\\' || text[at + 1] != 'u') {
        return -1;
    }
    int unit = 0;
    for (const char c : text.substr(at + 2, 4)) {
        const int digit = hex_digit(c);
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

bool is_escaped(std::string_view text, std::size_t at) {
    return at < text.size() && text[at] >= ' ' && text[at] <= '~';
}

bool is_between(int unit, int first, int last) {
    return unit >= first && unit <= last;
}

}  // namespace

SlicedPage slice_records(std::string_view page, std::string_view path) {
    if (page.starts_with(byte_order_mark)) {
        page.remove_prefix(byte_order_mark.size());
    }
    SlicedPage sliced;
    const Walker walker(page);
    auto at = walker.skip_spaces(0);
    while (at != nowhere && !path.empty()) {
        const auto dot = std::min(path.find('.'), path.size());
        at = walker.find_member(at, path.substr(0, dot));
        path.remove_prefix(std::min(dot + 1, path.size()));
    }
    const auto end = walker.is(at, '[') ? walker.slice_array(at, sliced.records) : nowhere;
    if (end == nowhere) {
        sliced.records.clear();
        sliced.rest = page;
        return sliced;
    }
    sliced.found = true;
    sliced.rest.append(page.substr(0, at)).append("[]").append(page.substr(end));
    return sliced;
}

std::string mended_json(std::string_view text) {
    std::string mended;
    mended.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto c = static_cast<unsigned char>(text[at]);
        if (c >= 0x80) {
            auto end = at;
            while (end < text.size() && static_cast<unsigned char>(text[end]) >= 0x80) {
                ++end;
            }
            const auto run = text.substr(at, end - at);
            std::string clean(json_escaped_max(run.size()), '\0');
            clean.resize(
                static_cast<std::size_t>(append_json_string(clean.data(), run) - clean.data()));
            mended += clean;
            at = end;
        } else if (c == '\\') {
            const int unit = code_unit(text, at);
            const bool pair = is_between(unit, 0xd800, 0xdbff) &&
                              is_between(code_unit(text, at + 6), 0xdc00, 0xdfff);
            // What cannot stand behind a backslash is mended on its own.
            const auto length = pair ? 12 : unit >= 0 ? 6 : is_escaped(text, at + 1) ? 2 : 1;
            const bool lost = unit == 0 || (!pair && is_between(unit, 0xd800, 0xdfff));
            mended += lost ? replacement : text.substr(at, static_cast<std::size_t>(length));
            at += static_cast<std::size_t>(length);
        } else {
            mended += c < 0x20 ? ' ' : static_cast<char>(c);
            ++at;
        }
    }
    return mended;
}

std::optional<nlohmann::json> read_mended_json(std::string_view text) {
    if (text.find("\\u0000") == nowhere) {
        if (auto json = read_exact_json(text)) {
            return json;
        }
    }
    return read_exact_json(mended_json(text));
}

}  // namespace coupon
