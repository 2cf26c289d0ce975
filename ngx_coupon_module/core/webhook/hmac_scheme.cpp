// The arguments of `coupon_webhook hmac`.
#include <algorithm>

#include "core/webhook/ascii.hpp"
#include "core/webhook/provider.hpp"
#include "core/webhook/signed_string.hpp"

namespace coupon {

namespace {

constexpr std::string_view kHeaderMacro = "{header:";

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

bool set_algorithm(std::string_view value, HmacScheme& scheme) noexcept {
    using Algorithm = HmacScheme::Algorithm;
    if (value != "sha1" && value != "sha256" && value != "sha512")
        return false;
    scheme.algorithm = value == "sha1"     ? Algorithm::sha1
                       : value == "sha256" ? Algorithm::sha256
                                           : Algorithm::sha512;
    return true;
}

bool set_encoding(std::string_view value, HmacScheme& scheme) noexcept {
    if (value != "hex" && value != "base64")
        return false;
    scheme.encoding =
        value == "hex" ? HmacScheme::Encoding::hex : HmacScheme::Encoding::base64;
    return true;
}

/// The names of its headers in lower case, as records have them.
std::string with_lower_headers(std::string_view signed_string) {
    std::string text(signed_string);
    for (size_t at = text.find(kHeaderMacro); at != std::string::npos;
         at = text.find(kHeaderMacro, at + 1)) {
        auto end = text.begin() + static_cast<ptrdiff_t>(std::min(text.find('}', at), text.size()));
        std::transform(text.begin() + static_cast<ptrdiff_t>(at), end,
                       text.begin() + static_cast<ptrdiff_t>(at), ascii_lower);
    }
    return text;
}

/// One argument; false when it is none or its value cannot be one.
bool set_argument(std::string_view key, std::string_view value, HmacScheme& scheme,
                  std::string& error) {
    if (key == "prefix") {
        scheme.prefix = value;
        return true;
    }
    if (key == "signed") {
        scheme.signed_string = with_lower_headers(value);
        return true;
    }
    bool known = true;
    if (key == "header" || key == "time") {
        std::string& name = key == "header" ? scheme.header : scheme.time_header;
        if (is_header_name(value)) {
            name = to_ascii_lower(value);
            return true;
        }
    } else if (key == "algorithm") {
        if (set_algorithm(value, scheme))
            return true;
    } else if (key == "encoding") {
        if (set_encoding(value, scheme))
            return true;
    } else {
        known = false;
    }
    error = known ? "invalid " + std::string(key) + " " + quoted(value)
                  : "unknown argument " + quoted(key);
    return false;
}

/// What holds between the arguments.
bool check_whole(const HmacScheme& scheme, std::string& error) {
    if (scheme.header.empty()) {
        error = "header= is missing";
        return false;
    }
    auto parts = parse_signed_string(scheme.signed_string, error);
    if (!parts)
        return false;
    bool binds_request = std::any_of(parts->begin(), parts->end(), [](const SignedPart& part) {
        return part.kind != SignedPart::Kind::literal;
    });
    bool signs_time = std::any_of(parts->begin(), parts->end(), [&](const SignedPart& part) {
        return part.kind == SignedPart::Kind::header &&
               equal_ignoring_case(part.text, scheme.time_header);
    });
    if (!binds_request) {
        error = "signed= names nothing of the request";
    } else if (!scheme.time_header.empty() && !signs_time) {
        error = "signed= leaves out the header of time=";
    }
    return error.empty();
}

}  // namespace

bool parse_hmac_scheme(std::span<const std::string_view> words, HmacScheme& scheme,
                       std::string& error) {
    scheme = {};
    scheme.signed_string = "{body}";
    error.clear();
    std::vector<std::string_view> seen;
    for (std::string_view word : words) {
        size_t equals = word.find('=');
        if (equals == std::string_view::npos) {
            error = "argument " + quoted(word) + " is not key=value";
            return false;
        }
        std::string_view key = word.substr(0, equals);
        if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
            error = std::string(key) + "= is there twice";
            return false;
        }
        seen.push_back(key);
        if (!set_argument(key, word.substr(equals + 1), scheme, error))
            return false;
    }
    return check_whole(scheme, error);
}

}  // namespace coupon
