#include "email/mail_rules.hpp"

#include <algorithm>
#include <array>

#include "core/url_authority.hpp"
#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, is_control);
}

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// RFC 5322's atext; quoted local parts are no address of anybody's.
bool is_local_part(std::string_view local) {
    constexpr std::string_view marks = "!#$%&'*+/=?^_`{|}~-";
    constexpr std::size_t local_max_bytes = 64;
    if (local.empty() || local.size() > local_max_bytes || local.front() == '.' ||
        local.back() == '.' || local.find("..") != std::string_view::npos) {
        return false;
    }
    return std::ranges::all_of(local, [&](char c) {
        return is_alphanumeric(c) || c == '.' || marks.find(c) != std::string_view::npos;
    });
}

bool is_label(std::string_view label) {
    constexpr std::size_t label_max_bytes = 63;
    return !label.empty() && label.size() <= label_max_bytes && label.front() != '-' &&
           label.back() != '-' &&
           std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_mail_domain(std::string_view domain) {
    bool several = false;
    for (auto dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.')) {
        if (!is_label(domain.substr(0, dot))) {
            return false;
        }
        domain.remove_prefix(dot + 1);
        several = true;
    }
    return several && is_label(domain);
}

// They are not seen. Not the two joiners, which names in several scripts are written with.
constexpr std::array<std::string_view, 19> format_characters{
    "\u00ad", "\u061c", "\u180e", "\u200b", "\u200e", "\u200f", "\u202a",
    "\u202b", "\u202c", "\u202d", "\u202e", "\u2060", "\u2061", "\u2062",
    "\u2066", "\u2067", "\u2068", "\u2069", "\ufeff"};

void require(const std::string& fault, const char* part) {
    if (!fault.empty()) {
        throw PermanentFailure(std::string(part) + " " + fault);
    }
}

}  // namespace

std::string address_fault(std::string_view address) {
    if (address.empty()) {
        return "is missing";
    }
    if (has_control(address)) {
        return "holds a control character";
    }
    if (address.size() > address_max_bytes) {
        return "is longer than " + std::to_string(address_max_bytes) + " bytes";
    }
    const auto at = address.rfind('@');
    if (at == std::string_view::npos || !is_local_part(address.substr(0, at)) ||
        !is_mail_domain(address.substr(at + 1))) {
        return "is no e-mail address like name@example.com";
    }
    return {};
}

std::string name_fault(std::string_view name) {
    if (has_control(name)) {
        return "holds a control character";
    }
    if (name.size() > name_max_bytes) {
        return "is longer than " + std::to_string(name_max_bytes) + " bytes";
    }
    return {};
}

bool is_plain_name(std::string_view name) {
    constexpr std::size_t characters_max = 60;
    const auto is_letter = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    };
    const auto characters = std::ranges::count_if(
        name, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    if (static_cast<std::size_t>(characters) > characters_max ||
        name.find_first_of("/@") != std::string_view::npos ||
        lower_case_address(name).find("www.") != std::string::npos) {
        return false;
    }
    for (std::size_t dot = name.find('.'); dot != std::string_view::npos;
         dot = name.find('.', dot + 1)) {
        if (dot + 2 < name.size() && is_letter(name[dot + 1]) && is_letter(name[dot + 2])) {
            return false;
        }
    }
    return std::ranges::none_of(format_characters, [&](std::string_view character) {
        return name.find(character) != std::string_view::npos;
    });
}

std::string subject_fault(std::string_view subject) {
    if (has_control(subject)) {
        return "holds a line break or another control character";
    }
    if (subject.find_first_not_of(' ') == std::string_view::npos) {
        return "is empty";
    }
    if (subject.size() > subject_max_bytes) {
        return "is longer than " + std::to_string(subject_max_bytes) + " bytes";
    }
    return {};
}

std::string link_fault(std::string_view link) {
    if (has_control(link) || link.find_first_of(" \"<>\\") != std::string_view::npos) {
        return "holds a character that no link has";
    }
    if (link.size() > link_max_bytes) {
        return "is longer than " + std::to_string(link_max_bytes) + " bytes";
    }
    std::string reason;
    if (!split_url(link, reason)) {
        return "is no absolute http or https link with a host";
    }
    return {};
}

bool fits_display_name(std::string_view name) {
    return name_fault(name).empty() && name.find_first_of(";,") == std::string_view::npos;
}

void check_mail(const Mail& mail) {
    require(address_fault(mail.from.address), "the sender's address");
    require(name_fault(mail.from.name), "the sender's name");
    require(address_fault(mail.to.address), "the recipient's address");
    require(name_fault(mail.to.name), "the recipient's name");
    require(subject_fault(mail.subject), "the subject");
    for (const auto* body : {&mail.text, &mail.html}) {
        if (body->size() > body_max_bytes) {
            throw PermanentFailure("the mail is larger than " + std::to_string(body_max_bytes) +
                                   " bytes");
        }
    }
}

std::string lower_case_address(std::string_view address) {
    std::string lower(address);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return lower;
}

std::string domain_of(const std::string& address) {
    return address.substr(address.rfind('@') + 1);
}

}  // namespace coupon
