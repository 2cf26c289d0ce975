// One blocking connection to Redis, opened when first needed and again after it broke. The only
// place that knows hiredis.
#pragma once

#include <hiredis/hiredis.h>

#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/redis_address.hpp"

namespace coupon {

// Redis did not take the command and may take it later: away, loading, a read-only replica, out of
// memory. The connection is closed; the next command opens a new one.
class RedisUnavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// Redis answered the command with an error that trying again does not cure.
class RedisRefused : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct RedisReplyDeleter {
    void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};
using RedisReply = std::unique_ptr<redisReply, RedisReplyDeleter>;

// A Lua script and the digest a server knows it by.
class RedisScript {
  public:
    explicit RedisScript(std::string text);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] const std::string& digest() const noexcept { return digest_; }

  private:
    std::string text_;
    std::string digest_;
};

class RedisConnection {
  public:
    RedisConnection(RedisAddress address, int timeout_ms);

    // Never null and never an error reply: throws RedisUnavailable or RedisRefused instead.
    RedisReply command(const std::vector<std::string_view>& words);
    RedisReply command(std::initializer_list<std::string_view> words) {
        return command(std::vector<std::string_view>(words));
    }

    // By its digest; the text is sent where the server does not know it.
    RedisReply run(const RedisScript& script, std::initializer_list<std::string_view> keys,
                   std::initializer_list<std::string_view> arguments);

    void close() noexcept { context_.reset(); }
    [[nodiscard]] const RedisAddress& address() const noexcept { return address_; }

  private:
    struct ContextDeleter {
        void operator()(redisContext* context) const noexcept { redisFree(context); }
    };
    using Context = std::unique_ptr<redisContext, ContextDeleter>;

    void open();
    Context connect_to(const RedisEndpoint& endpoint) const;
    Context connect_to_socket() const;
    RedisEndpoint ask_sentinels() const;
    RedisReply send(redisContext& context, const std::vector<std::string_view>& words) const;

    RedisAddress address_;
    int timeout_ms_;
    Context context_;
};

// The reply's text; empty for nil and for other types.
std::string_view reply_text(const redisReply& reply) noexcept;

}  // namespace coupon
