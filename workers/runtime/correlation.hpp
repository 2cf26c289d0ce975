// The id that joins what belongs together across logs, queues and calls, as long as a thread works
// on it.
#pragma once

#include <string>
#include <string_view>

namespace coupon {

// Whatever this thread logs and calls, until the scope ends, bears the id; nothing where it is
// empty. Scopes nest.
class CorrelationScope {
  public:
    explicit CorrelationScope(std::string id);
    ~CorrelationScope();
    CorrelationScope(const CorrelationScope&) = delete;
    CorrelationScope& operator=(const CorrelationScope&) = delete;

  private:
    std::string outer_id_, outer_trace_;
};

// Of the innermost scope; empty outside of any.
const std::string& correlation_id() noexcept;

// The same as a trace-id of W3C Trace Context; empty outside of any scope.
const std::string& trace_id() noexcept;

// The value of a `traceparent` header, with a new span each time; empty outside of any scope.
std::string outgoing_traceparent();

// 32 lower-case hexadecimal digits: the id itself where it has such digits, with dashes and in any
// case as UUIDs are written, else the first ones of its SHA-256.
std::string trace_id_of(std::string_view correlation_id);

}  // namespace coupon
