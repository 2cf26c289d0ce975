// A view of one answer of Redis, so that nobody else needs hiredis' types.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

struct redisReply;

namespace coupon {

// Valid only while the callback that got it runs.
class RedisReply {
  public:
    enum class Kind : uint8_t { nil, integer, status, string, error, array };

    explicit RedisReply(const redisReply* reply) noexcept : reply_(reply) {}

    Kind kind() const noexcept;
    bool is_error() const noexcept { return kind() == Kind::error; }
    // Error text starts with its code: "OOM command not allowed …". Empty for other kinds.
    std::string_view error() const noexcept { return is_error() ? raw_text() : std::string_view(); }
    // Of a status or string; empty for other kinds.
    std::string_view text() const noexcept;
    // Of an integer; 0 for other kinds.
    int64_t integer() const noexcept;
    // Elements of an array; 0 for other kinds.
    size_t size() const noexcept;
    RedisReply at(size_t index) const noexcept;

  private:
    std::string_view raw_text() const noexcept;

    const redisReply* reply_;
};

// Commands in Redis' wire format: a header with the number of words, then each word.
void append_command_header(std::string& out, size_t words);
void append_word(std::string& out, std::string_view word);
std::string make_command(std::initializer_list<std::string_view> words);

}  // namespace coupon
