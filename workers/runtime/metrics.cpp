#include "runtime/metrics.hpp"

#include <array>
#include <cstdio>

namespace coupon {
namespace {

std::string escaped(std::string_view value) {
    std::string text;
    for (const char c : value) {
        if (c == '\\' || c == '"') {
            text += '\\';
        }
        text += c == '\n' ? ' ' : c;
    }
    return text;
}

}  // namespace

void MetricsText::add(const std::string& name, std::string_view type, std::string_view help,
                      double value, Labels labels) {
    auto& family = families_[name];
    if (family.head.empty()) {
        family.head = "# HELP " + name + " " + std::string(help) + "\n# TYPE " + name + " " +
                      std::string(type) + "\n";
    }
    std::string list;
    for (const auto& [label, text] : labels) {
        list += (list.empty() ? "{" : ",") + std::string(label) + "=\"" + escaped(text) + "\"";
    }
    if (!list.empty()) {
        list += '}';
    }
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "%.15g", value);
    family.samples += name + list + " " + number.data() + "\n";
}

std::string MetricsText::text() const {
    std::string text;
    for (const auto& [name, family] : families_) {
        text += family.head + family.samples;
    }
    return text;
}

void Metrics::add(Source source) {
    const std::lock_guard lock(mutex_);
    sources_.push_back(std::move(source));
}

std::string Metrics::text() {
    const std::lock_guard lock(mutex_);
    MetricsText out;
    for (const auto& source : sources_) {
        try {
            source(out);
        } catch (const std::exception&) {
            // What it could not ask for is simply not there; the worker's log says why.
        }
    }
    return out.text();
}

}  // namespace coupon
