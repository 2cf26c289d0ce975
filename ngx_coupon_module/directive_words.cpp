#include "directive_words.hpp"

#include <string>

namespace coupon {

std::string_view word(const ngx_conf_t* cf, ngx_uint_t i) { return view(static_cast<ngx_str_t*>(cf->args->elts)[i]); }

char* refuse(ngx_conf_t* cf, std::string_view problem) {
    const auto name = word(cf, 0);
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%*s\": %*s", name.size(), name.data(), problem.size(), problem.data());
    return kFailed;
}

char* refuse(ngx_conf_t* cf, std::string_view problem, std::string_view value) {
    return refuse(cf, std::string(problem) + " \"" + std::string(value) + "\"");
}

bool parse_size(std::string_view text, uint64_t& bytes) {
    ngx_str_t raw{text.size(), reinterpret_cast<u_char*>(const_cast<char*>(text.data()))};
    const off_t parsed = ngx_parse_offset(&raw);
    if (parsed == NGX_ERROR || parsed <= 0) {
        return false;
    }
    bytes = static_cast<uint64_t>(parsed);
    return true;
}

bool parse_duration(std::string_view text, uint64_t& ms) {
    ngx_str_t raw{text.size(), reinterpret_cast<u_char*>(const_cast<char*>(text.data()))};
    const ngx_int_t parsed = ngx_parse_time(&raw, 0);
    if (parsed == NGX_ERROR) {
        return false;
    }
    ms = static_cast<uint64_t>(parsed);
    return true;
}

// "key=value" → value, when `text` starts with "key=".
std::optional<std::string_view> option(std::string_view text, std::string_view key) {
    if (text.size() > key.size() && text.starts_with(key) && text[key.size()] == '=') {
        return text.substr(key.size() + 1);
    }
    return std::nullopt;
}

}  // namespace coupon
