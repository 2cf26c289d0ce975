#include "core/destination.hpp"
#include "core/destination_program.hpp"
#include "core/percent.hpp"
#include "core/url_authority.hpp"

#include <algorithm>

namespace coupon {

using detail::Macro;

namespace {

constexpr size_t kTemplateMaxBytes = 4096;

std::string_view trim_spaces(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

Macro dynamic_macro(std::string_view name) {
    if (name == "click_id" || name == "subid")
        return Macro::click_id;
    if (name == "user_id")
        return Macro::user_id;
    if (name == "device")
        return Macro::device;
    if (name == "country")
        return Macro::country;
    if (name == "timestamp")
        return Macro::timestamp;
    return Macro::end;
}

/// Collects literal text and macros into the program's bytes.
class ProgramWriter {
  public:
    ProgramWriter() : bytes_{static_cast<char>(detail::kProgramVersion), '\0'} {}

    void text(std::string_view literal) { literal_ += literal; }

    void macro(Macro kind) {
        flush(kind);
        ++bytes_[1];
        ++macros_;
    }

    size_t macros() const { return macros_; }

    std::string finish() {
        flush(Macro::end);
        return std::move(bytes_);
    }

  private:
    void flush(Macro kind) {
        auto length = static_cast<uint16_t>(std::min<size_t>(literal_.size(), UINT16_MAX));
        bytes_ += static_cast<char>(length & 0xff);
        bytes_ += static_cast<char>(length >> 8);
        bytes_ += literal_;
        bytes_ += static_cast<char>(kind);
        literal_.clear();
    }

    std::string bytes_;
    std::string literal_;
    size_t macros_ = 0;
};

/// What a template may hold outside macros but a URL may not: encoded, so that the header is valid.
bool needs_encoding(char c) {
    return static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view(" \"<>^`|").find(c) != std::string_view::npos;
}

class DestinationCompiler {
  public:
    explicit DestinationCompiler(const OfferSource& source) : source_(source) {}

    CompileResult run() {
        CompileResult result;
        result.reason = compile();
        result.ok = result.reason.empty();
        if (!result.ok)
            return result;
        result.program = writer_.finish();
        if (result.program.size() > kProgramMaxBytes)
            return {false, {}, "destination is too long"};
        return result;
    }

  private:
    /// Returns the reason of the refusal, empty when all is well.
    std::string compile() {
        std::string_view url = trim_spaces(source_.affiliate_url);
        if (url.empty())
            url = trim_spaces(source_.tracking_url_template);
        if (url.empty())
            return "offer has no destination";
        if (url.size() > kTemplateMaxBytes)
            return "destination is longer than 4096 bytes";
        for (char c : url) {
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
                return "control character in the url";
            if (c == '\\')
                return "backslash in the url";
        }
        std::string reason;
        auto parts = split_url(url, reason);
        if (!parts)
            return reason;
        if (!host_allowed(parts->host))
            return "host " + parts->host + " is not among the merchant's allowed hosts";
        writer_.text(parts->scheme + "://" + parts->host);
        if (!parts->port.empty())
            writer_.text(":" + parts->port);
        return compile_rest(parts->rest);
    }

    bool host_allowed(const std::string& host) const {
        const auto& hosts = source_.allowed_hosts;
        return hosts.empty() ||
               std::any_of(hosts.begin(), hosts.end(), [&](const std::string& allowed) {
                   return normal_host(trim_spaces(allowed)) == host;
               });
    }

    std::string compile_rest(std::string_view rest) {
        std::string_view before = rest.substr(0, rest.find('#'));
        std::string_view fragment = rest.substr(before.size());
        if (!before.starts_with('/'))
            writer_.text("/");
        if (std::string reason = compile_text(before); !reason.empty())
            return reason;
        if (!carries_click_id_ && !source_.subid_param.empty()) {
            bool has_query = before.find('?') != std::string_view::npos;
            if (!has_query) {
                writer_.text("?");
            } else if (!before.ends_with('?') && !before.ends_with('&')) {
                writer_.text("&");
            }
            writer_.text(percent_encoded(source_.subid_param) + "=");
            writer_.macro(Macro::click_id);
        }
        if (std::string reason = compile_text(fragment); !reason.empty())
            return reason;
        return writer_.macros() > detail::kProgramMacrosMax ? "more than 32 macros" : "";
    }

    std::string compile_text(std::string_view text) {
        size_t at = 0;
        while (at < text.size()) {
            char c = text[at];
            if (c == '}')
                return "closing brace without a macro";
            if (c != '{') {
                writer_.text(needs_encoding(c) ? percent_encoded(text.substr(at, 1))
                                               : std::string(1, c));
                ++at;
                continue;
            }
            size_t end = text.find('}', at);
            if (end == std::string_view::npos)
                return "unclosed macro";
            std::string_view name = text.substr(at + 1, end - at - 1);
            if (!compile_macro(name))
                return "unknown macro {" + std::string(name) + "}";
            at = end + 1;
        }
        return {};
    }

    bool compile_macro(std::string_view name) {
        if (Macro kind = dynamic_macro(name); kind != Macro::end) {
            carries_click_id_ |= kind == Macro::click_id;
            writer_.macro(kind);
        } else if (name == "affiliate_id") {
            writer_.text(percent_encoded(source_.affiliate_id));
        } else if (name == "offer_id") {
            writer_.text(to_string(source_.uuid));
        } else if (name == "merchant") {
            writer_.text(percent_encoded(source_.merchant_slug));
        } else if (name == "merchant_id") {
            writer_.text(std::to_string(source_.merchant_id));
        } else {
            return false;
        }
        return true;
    }

    const OfferSource& source_;
    ProgramWriter writer_;
    bool carries_click_id_ = false;
};

}  // namespace

CompileResult compile_destination(const OfferSource& source) {
    return DestinationCompiler(source).run();
}

}  // namespace coupon
