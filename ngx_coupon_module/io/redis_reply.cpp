#include "io/redis_reply.hpp"

#include <hiredis/hiredis.h>

#include <charconv>
#include <cstring>

namespace coupon {
namespace {

constexpr size_t kLengthMaxBytes = 20;

char* copy(char* to, std::string_view text) noexcept {
    std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

}  // namespace

RedisReply::Kind RedisReply::kind() const noexcept {
    switch (reply_->type) {
        case REDIS_REPLY_INTEGER:
            return Kind::integer;
        case REDIS_REPLY_STATUS:
            return Kind::status;
        case REDIS_REPLY_STRING:
            return Kind::string;
        case REDIS_REPLY_ERROR:
            return Kind::error;
        case REDIS_REPLY_ARRAY:
            return Kind::array;
        default:
            return Kind::nil;
    }
}

std::string_view RedisReply::raw_text() const noexcept {
    return {reply_->str, reply_->len};
}

std::string_view RedisReply::text() const noexcept {
    return kind() == Kind::string || kind() == Kind::status ? raw_text() : std::string_view();
}

int64_t RedisReply::integer() const noexcept {
    return kind() == Kind::integer ? reply_->integer : 0;
}

size_t RedisReply::size() const noexcept {
    return kind() == Kind::array ? reply_->elements : 0;
}

RedisReply RedisReply::at(size_t index) const noexcept {
    return RedisReply(reply_->element[index]);
}

void append_command_header(std::string& out, size_t words) {
    out += '*';
    out += std::to_string(words);
    out += "\r\n";
}

void append_word(std::string& out, std::string_view word) {
    // One growth and plain copies: this runs once for each click.
    char length[kLengthMaxBytes];
    char* const end = std::to_chars(length, length + kLengthMaxBytes, word.size()).ptr;
    const auto digits = static_cast<size_t>(end - length);
    const size_t at = out.size();
    out.resize(at + 1 + digits + 2 + word.size() + 2);
    char* to = out.data() + at;
    *to = '$';
    to = copy(copy(copy(to + 1, {length, digits}), "\r\n"), word);
    copy(to, "\r\n");
}

std::string make_command(std::initializer_list<std::string_view> words) {
    std::string command;
    append_command_header(command, words.size());
    for (const auto word : words) {
        append_word(command, word);
    }
    return command;
}

}  // namespace coupon
