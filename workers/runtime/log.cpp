#include "runtime/log.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>

#include "runtime/clock.hpp"
#include "runtime/correlation.hpp"
#include "runtime/error.hpp"
#include "runtime/time_text.hpp"

namespace coupon {
namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warn", "error"};

}  // namespace

LogLevel parse_log_level(std::string_view word) {
    for (std::size_t i = 0; i < level_names.size(); ++i) {
        if (level_names[i] == word) {
            return static_cast<LogLevel>(i);
        }
    }
    throw ConfigError("LOG_LEVEL is none of debug, info, warn, error");
}

Log::Log(std::string role, std::string worker, LogLevel level, int fd)
    : role_(std::move(role)), worker_(std::move(worker)), level_(level), fd_(fd) {}

void Log::debug(std::string_view message, std::initializer_list<LogField> fields) const {
    line(LogLevel::debug, message, fields);
}

void Log::info(std::string_view message, std::initializer_list<LogField> fields) const {
    line(LogLevel::info, message, fields);
}

void Log::warn(std::string_view message, std::initializer_list<LogField> fields) const {
    line(LogLevel::warn, message, fields);
}

void Log::error(std::string_view message, std::initializer_list<LogField> fields) const {
    line(LogLevel::error, message, fields);
}

void log_uncaught() noexcept {
    const Log log("worker", "pid:" + std::to_string(::getpid()), LogLevel::error);
    try {
        if (const auto failure = std::current_exception()) {
            std::rethrow_exception(failure);
        }
        log.error("the worker was terminated");
    } catch (const std::exception& failure) {
        log.error("the worker was terminated by an error nobody expected",
                  {{"error", failure.what()}});
    } catch (...) {
        log.error("the worker was terminated by an error of no known kind");
    }
    std::abort();
}

void Log::line(LogLevel level, std::string_view message,
               std::initializer_list<LogField> fields) const {
    if (level < level_) {
        return;
    }
    nlohmann::ordered_json entry;
    entry["time"] = iso_time(unix_now_ms());
    entry["level"] = level_names[static_cast<std::size_t>(level)];
    entry["role"] = role_;
    entry["worker"] = worker_;
    entry["message"] = message;
    if (!correlation_id().empty()) {
        entry["correlation_id"] = correlation_id();
        if (trace_id() != correlation_id()) {
            entry["trace_id"] = trace_id();
        }
    }
    for (const auto& field : fields) {
        std::visit([&](const auto& value) { entry[std::string(field.name)] = value; }, field.value);
    }
    // Field values may come from outside: bytes that are not UTF-8 are replaced instead of thrown
    // on.
    auto text = entry.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    text += '\n';
    // A log that cannot be written must not stop the work.
    [[maybe_unused]] const auto written = ::write(fd_, text.data(), text.size());
}

}  // namespace coupon
