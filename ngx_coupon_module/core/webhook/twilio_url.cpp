#include "core/webhook/twilio_url.hpp"

#include <algorithm>

#include "core/webhook/form.hpp"

namespace coupon {

namespace {

struct UrlParts {
    std::string_view scheme;     // with "://"
    std::string_view authority;  // without the port
    std::string_view port;       // with its colon, or empty
    std::string_view path;
};

UrlParts split(std::string_view url) noexcept {
    url = url.substr(0, url.find_first_of("?#"));
    UrlParts parts;
    size_t slashes = url.find("://");
    size_t after_scheme = slashes == std::string_view::npos ? 0 : slashes + 3;
    parts.scheme = url.substr(0, after_scheme);
    url.remove_prefix(after_scheme);
    parts.authority = url.substr(0, url.find('/'));
    parts.path = url.substr(parts.authority.size());
    // A colon inside of credentials or of an IPv6 address starts no port.
    size_t colon = parts.authority.rfind(':');
    if (colon != std::string_view::npos &&
        parts.authority.find_first_not_of("0123456789", colon + 1) == std::string_view::npos) {
        parts.port = parts.authority.substr(colon);
        parts.authority = parts.authority.substr(0, colon);
    }
    return parts;
}

void append_byte(std::string& text, unsigned char byte) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    text += '%';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
}

/// As a browser writes a query: only what must be encoded is.
std::string normalized(std::string_view query) {
    std::string text;
    for (char c : query) {
        auto byte = static_cast<unsigned char>(c);
        bool encoded = byte <= 0x20 || byte >= 0x7f || c == '"' || c == '\'' || c == '<' || c == '>';
        if (encoded) {
            append_byte(text, byte);
        } else {
            text += c;
        }
    }
    return text;
}

/// As old libraries write a form again after reading it.
void append_requoted(std::string& text, std::string_view value) {
    constexpr std::string_view kPlain = "-_.!~*'()";
    for (char c : value) {
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     kPlain.find(c) != std::string_view::npos;
        if (plain) {
            text += c;
        } else {
            append_byte(text, static_cast<unsigned char>(c));
        }
    }
}

std::string requoted(std::string_view query) {
    auto fields = parse_form(query);
    std::string text;
    if (!fields)
        return text;
    for (const FormField& field : *fields) {
        if (!text.empty())
            text += '&';
        append_requoted(text, field.name);
        text += '=';
        append_requoted(text, field.value);
    }
    return text;
}

void add_once(std::vector<std::string>& texts, std::string text) {
    if (std::find(texts.begin(), texts.end(), text) == texts.end())
        texts.push_back(std::move(text));
}

}  // namespace

std::vector<std::string> twilio_urls(std::string_view url, std::string_view query) {
    UrlParts parts = split(url);
    std::vector<std::string> queries;
    for (std::string& text :
         std::vector<std::string>{std::string(query), normalized(query), requoted(query)}) {
        add_once(queries, text.empty() ? "" : "?" + text);
    }
    std::string_view default_port = parts.scheme == "http://" ? ":80" : ":443";
    std::string_view port = parts.port.empty() ? default_port : parts.port;
    std::string_view path = parts.path.empty() ? "/" : parts.path;
    std::vector<std::string> urls;
    for (const std::string& text : queries) {
        std::string host = std::string(parts.scheme).append(parts.authority);
        add_once(urls, host + std::string(path) + text);
        add_once(urls, host + std::string(port) + std::string(path) + text);
    }
    return urls;
}

}  // namespace coupon
