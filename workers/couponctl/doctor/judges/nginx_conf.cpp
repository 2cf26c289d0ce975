#include "couponctl/doctor/judges/nginx_conf.hpp"

#include <algorithm>
#include <charconv>

namespace coupon::doctor {
namespace {

constexpr unsigned long long default_clicks_bytes = 10ULL << 30;
constexpr unsigned long long default_webhooks_bytes = 1ULL << 30;

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    std::vector<NginxDirective> read() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '#') {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (c == ';' || c == '{' || c == '}') {
                ++at_;
                end_directive();
            } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
                line_ += c == '\n' ? 1 : 0;
                ++at_;
            } else {
                add_word();
            }
        }
        end_directive();
        return std::move(directives_);
    }

  private:
    void add_word() {
        if (words_.empty()) {
            first_line_ = line_;
        }
        std::string word;
        const char quote = text_[at_] == '"' || text_[at_] == '\'' ? text_[at_++] : '\0';
        while (at_ < text_.size() && !ends_word(text_[at_], quote)) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                ++at_;
            }
            line_ += text_[at_] == '\n' ? 1 : 0;
            word += text_[at_++];
        }
        at_ += quote != '\0' && at_ < text_.size() ? 1 : 0;
        words_.push_back(std::move(word));
    }

    static bool ends_word(char c, char quote) {
        return quote != '\0' ? c == quote
                             : c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';' || c == '{';
    }

    void end_directive() {
        if (!words_.empty()) {
            directives_.push_back({std::move(words_), first_line_});
            words_.clear();
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1, first_line_ = 1;
    std::vector<std::string> words_;
    std::vector<NginxDirective> directives_;
};

// "10g", "512m", "64k", "4096"; the default where it is none.
unsigned long long size_of(std::string_view text, unsigned long long by_default) {
    unsigned long long number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) {
        return by_default;
    }
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (unit == "g" || unit == "G") {
        return number << 30;
    }
    if (unit == "m" || unit == "M") {
        return number << 20;
    }
    return unit == "k" || unit == "K" ? number << 10 : number;
}

void add_journal(const std::vector<std::string>& words, NginxSettings& settings) {
    auto clicks = default_clicks_bytes;
    auto webhooks = default_webhooks_bytes;
    for (const auto& word : words) {
        if (word.starts_with("size=")) {
            clicks = size_of(std::string_view(word).substr(5), clicks);
        } else if (word.starts_with("webhooks=")) {
            webhooks = size_of(std::string_view(word).substr(9), webhooks);
        }
    }
    settings.journal = words[1];
    settings.budget_bytes = clicks + webhooks;
}

void add_secrets(const NginxDirective& directive, NginxSettings& settings) {
    for (const auto& word : directive.words) {
        for (const std::string_view prefix : {"file:", "password=file:"}) {
            if (word.starts_with(prefix) && word.size() > prefix.size()) {
                settings.secrets.push_back(
                    {directive.words.front(), word.substr(prefix.size()), directive.line});
            }
        }
    }
}

}  // namespace

std::vector<NginxDirective> read_directives(std::string_view text) {
    return Reader(text).read();
}

void add_settings(const std::vector<NginxDirective>& directives, NginxSettings& settings) {
    for (const auto& directive : directives) {
        const auto& words = directive.words;
        if (words.size() < 2) {
            continue;
        }
        const auto& name = words.front();
        if (name.starts_with("coupon_")) {
            add_secrets(directive, settings);
        }
        if (name == "coupon_journal") {
            add_journal(words, settings);
        } else if (name == "user") {
            settings.user = words[1];
        } else if (name == "load_module") {
            settings.modules.push_back(words[1]);
        } else if (name == "include") {
            settings.includes.push_back(words[1]);
        }
    }
}

}  // namespace coupon::doctor
