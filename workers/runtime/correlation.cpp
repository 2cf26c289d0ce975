#include "runtime/correlation.hpp"

#include <array>
#include <cstdint>
#include <random>
#include <utility>

#include "core/hex.hpp"
#include "core/hmac.hpp"
#include "core/trace_id.hpp"

namespace coupon {
namespace {

thread_local std::string current_id;
thread_local std::string current_trace;

constexpr std::size_t span_bytes = 8;

std::string as_digits(std::string_view id) {
    std::string digits;
    for (const char c : id) {
        if (c != '-') {
            digits += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }
    return digits;
}

// Random enough to tell spans apart; not all zero.
std::string new_span() {
    thread_local std::mt19937_64 random{std::random_device{}()};
    std::uint64_t number = 0;
    while (number == 0) {
        number = random();
    }
    std::array<char, span_bytes> bytes{};
    for (auto& byte : bytes) {
        byte = static_cast<char>(number & 0xff);
        number >>= 8;
    }
    return hex_encode({bytes.data(), bytes.size()});
}

}  // namespace

CorrelationScope::CorrelationScope(std::string id)
    : outer_id_(std::exchange(current_id, std::move(id))),
      outer_trace_(std::exchange(current_trace,
                                 current_id.empty() ? std::string() : trace_id_of(current_id))) {}

CorrelationScope::~CorrelationScope() {
    current_id = std::move(outer_id_);
    current_trace = std::move(outer_trace_);
}

const std::string& correlation_id() noexcept {
    return current_id;
}

const std::string& trace_id() noexcept {
    return current_trace;
}

std::string outgoing_traceparent() {
    return current_trace.empty() ? std::string() : "00-" + current_trace + "-" + new_span() + "-01";
}

std::string trace_id_of(std::string_view correlation_id) {
    constexpr std::size_t uuid_chars = kTraceIdDigits + 4;
    if (correlation_id.size() == kTraceIdDigits || correlation_id.size() == uuid_chars) {
        if (auto digits = as_digits(correlation_id); is_trace_id(digits)) {
            return digits;
        }
    }
    return hex_encode(as_text(sha256(correlation_id))).substr(0, kTraceIdDigits);
}

}  // namespace coupon
