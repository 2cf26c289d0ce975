#include "runtime/redis_connection.hpp"

#include <openssl/evp.h>
#include <sys/time.h>

#include <array>

#include "core/hex.hpp"
#include "runtime/watched_loop.hpp"

namespace coupon {
namespace {

timeval as_timeval(int ms) {
    return {ms / 1000, (ms % 1000) * 1000};
}

// Error replies after which the same command may well succeed, on this server or on the one that
// takes over.
bool is_passing(std::string_view error) {
    constexpr std::array<std::string_view, 8> passing{
        "LOADING", "READONLY", "OOM", "MISCONF", "MASTERDOWN", "BUSY ", "CLUSTERDOWN", "TRYAGAIN"};
    for (const auto prefix : passing) {
        if (error.starts_with(prefix)) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::string_view reply_text(const redisReply& reply) noexcept {
    const bool text = reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS;
    return text ? std::string_view(reply.str, reply.len) : std::string_view();
}

RedisScript::RedisScript(std::string text) : text_(std::move(text)) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text_.data(), text_.size(), digest.data(), &size, EVP_sha1(), nullptr);
    digest_ = hex_encode({reinterpret_cast<const char*>(digest.data()), size});
}

RedisConnection::RedisConnection(RedisAddress address, int timeout_ms)
    : address_(std::move(address)), timeout_ms_(timeout_ms) {}

RedisReply RedisConnection::command(const std::vector<std::string_view>& words) {
    if (!context_) {
        open();
    }
    try {
        return send(*context_, words);
    } catch (const RedisUnavailable&) {
        close();
        throw;
    }
}

RedisReply RedisConnection::run(const RedisScript& script,
                                std::initializer_list<std::string_view> keys,
                                std::initializer_list<std::string_view> arguments) {
    const auto key_count = std::to_string(keys.size());
    std::vector<std::string_view> words{"EVALSHA", script.digest(), key_count};
    words.insert(words.end(), keys);
    words.insert(words.end(), arguments);
    try {
        return command(words);
    } catch (const RedisRefused& refused) {
        if (!std::string_view(refused.what()).starts_with("NOSCRIPT")) {
            throw;
        }
    }
    words[0] = "EVAL";
    words[1] = script.text();
    return command(words);
}

void RedisConnection::open() {
    Context context;
    if (!address_.unix_path.empty()) {
        context = connect_to_socket();
    } else if (!address_.sentinel_master.empty()) {
        context = connect_to(ask_sentinels());
    } else {
        context = connect_to(address_.endpoints.front());
    }
    try {
        if (!address_.user.empty()) {
            send(*context, {"AUTH", address_.user, address_.password});
        } else if (!address_.password.empty()) {
            send(*context, {"AUTH", address_.password});
        }
        if (address_.db != 0) {
            send(*context, {"SELECT", std::to_string(address_.db)});
        }
    } catch (const RedisRefused& refused) {
        // The password may be put right on the server while we wait, so this passes too.
        throw RedisUnavailable("Redis at " + address_.text() +
                               " refuses the login or database: " + refused.what());
    }
    context_ = std::move(context);
}

RedisConnection::Context RedisConnection::connect_to(const RedisEndpoint& endpoint) const {
    Context context(
        redisConnectWithTimeout(endpoint.host.c_str(), endpoint.port, as_timeval(timeout_ms_)));
    if (!context || context->err != 0) {
        throw RedisUnavailable("cannot reach Redis at " + endpoint.host + ":" +
                               std::to_string(endpoint.port) + ": " +
                               (context ? context->errstr : "out of memory"));
    }
    redisSetTimeout(context.get(), as_timeval(timeout_ms_));
    redisEnableKeepAlive(context.get());
    return context;
}

RedisConnection::Context RedisConnection::connect_to_socket() const {
    Context context(
        redisConnectUnixWithTimeout(address_.unix_path.c_str(), as_timeval(timeout_ms_)));
    if (!context || context->err != 0) {
        throw RedisUnavailable("cannot reach Redis at " + address_.unix_path + ": " +
                               (context ? context->errstr : "out of memory"));
    }
    redisSetTimeout(context.get(), as_timeval(timeout_ms_));
    return context;
}

RedisEndpoint RedisConnection::ask_sentinels() const {
    std::string last = "no sentinel is configured";
    for (const auto& sentinel : address_.endpoints) {
        note_round();  // one that does not answer takes its time
        try {
            const auto context = connect_to(sentinel);
            const auto reply =
                send(*context, {"SENTINEL", "get-master-addr-by-name", address_.sentinel_master});
            if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
                return {std::string(reply_text(*reply->element[0])),
                        std::stoi(std::string(reply_text(*reply->element[1])))};
            }
            last = "the sentinel at " + sentinel.host + " does not know it";
        } catch (const std::exception& failure) {
            last = failure.what();
        }
    }
    throw RedisUnavailable("no sentinel names the master " + address_.sentinel_master + ": " +
                           last);
}

RedisReply RedisConnection::send(redisContext& context,
                                 const std::vector<std::string_view>& words) const {
    std::vector<const char*> texts;
    std::vector<std::size_t> lengths;
    texts.reserve(words.size());
    lengths.reserve(words.size());
    for (const auto word : words) {
        texts.push_back(word.data());
        lengths.push_back(word.size());
    }
    RedisReply reply(static_cast<redisReply*>(
        redisCommandArgv(&context, static_cast<int>(words.size()), texts.data(), lengths.data())));
    if (!reply) {
        throw RedisUnavailable("Redis at " + address_.text() +
                               " does not answer: " + context.errstr);
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        const std::string error(reply->str, reply->len);
        if (is_passing(error)) {
            throw RedisUnavailable("Redis at " + address_.text() + " takes no command: " + error);
        }
        throw RedisRefused(error);
    }
    return reply;
}

}  // namespace coupon
