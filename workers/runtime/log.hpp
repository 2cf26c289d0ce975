// JSON log lines on standard error: {"time","level","role","worker","message", …fields}, and
// "correlation_id" while a CorrelationScope stands, with "trace_id" where that is not the same.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace coupon {

enum class LogLevel { debug, info, warn, error };

// Throws ConfigError for any other word.
LogLevel parse_log_level(std::string_view word);

struct LogField {
    std::string_view name;
    std::variant<std::string_view, std::int64_t, double> value;
};

// One write per line, so lines of several threads and processes do not mix. Safe to use from any
// thread.
class Log {
  public:
    Log(std::string role, std::string worker, LogLevel level, int fd = 2);

    void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const;
    void info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
    void warn(std::string_view message, std::initializer_list<LogField> fields = {}) const;
    void error(std::string_view message, std::initializer_list<LogField> fields = {}) const;

  private:
    void line(LogLevel level, std::string_view message,
              std::initializer_list<LogField> fields) const;

    std::string role_;
    std::string worker_;
    LogLevel level_;
    int fd_;
};

// For std::set_terminate: what nobody caught is a line of the log instead of libstdc++'s text.
[[noreturn]] void log_uncaught() noexcept;

}  // namespace coupon
