#include "runtime/envelope_reader.hpp"

#include <algorithm>

#include "core/json_text.hpp"

namespace coupon {
namespace {

constexpr std::size_t depth_max = 64;

// In the order of EnvelopeMember.
constexpr std::array<std::string_view, 9> names{
    "id",           "type", "to", "idempotency_key", "attempts", "enqueued_at", "correlation_id",
    "scheduled_at", "data"};

}  // namespace

bool EnvelopeReader::string(std::string& value) {
    if (value.find('\0') != std::string::npos && member_ != EnvelopeMember::unknown) {
        return refuse("holds U+0000, which PostgreSQL does not store");
    }
    if (in_data()) {
        separate();
        write_string(value);
        return true;
    }
    return scalar(std::move(value), "");
}

bool EnvelopeReader::key(std::string& name) {
    if (depth_ == 1) {
        member_ = static_cast<EnvelopeMember>(std::find(names.begin(), names.end(), name) -
                                              names.begin());
        return true;
    }
    if (!in_data()) {
        return true;
    }
    if (name.find('\0') != std::string::npos) {
        return refuse("holds U+0000, which PostgreSQL does not store");
    }
    separate();
    write_string(name);
    data_ += ':';
    return true;
}

bool EnvelopeReader::parse_error(std::size_t position, const std::string&,
                                 const nlohmann::json::exception&) {
    return refuse("is not valid JSON at byte " + std::to_string(position));
}

bool EnvelopeReader::scalar(nlohmann::json value, std::string_view text) {
    if (depth_ == 0) {
        return refuse("is no JSON object");
    }
    if (in_data()) {
        separate();
        data_ += text;
    } else if (depth_ == 1 && member_ == EnvelopeMember::data) {
        data_.clear();
        return value.is_null() || refuse("has data that is no object");
    } else if (depth_ == 1 && member_ != EnvelopeMember::unknown) {
        values_[static_cast<std::size_t>(member_)] = std::move(value);
    }
    return true;
}

bool EnvelopeReader::open(char bracket) {
    if (depth_ == 0 && bracket != '{') {
        return refuse("is no JSON object");
    }
    if (++depth_ > depth_max) {
        return refuse("is nested deeper than " + std::to_string(depth_max));
    }
    if (depth_ == 2 && member_ == EnvelopeMember::data) {
        if (bracket != '{') {
            return refuse("has data that is no object");
        }
        data_ = bracket;  // the last one counts where there are several
    } else if (in_data()) {
        separate();
        data_ += bracket;
    } else if (depth_ == 2 && member_ != EnvelopeMember::unknown) {
        values_[static_cast<std::size_t>(member_)] = nlohmann::json::object();
    }
    return true;
}

bool EnvelopeReader::close(char bracket) {
    if (in_data()) {
        data_ += bracket;
    }
    --depth_;
    return true;
}

bool EnvelopeReader::refuse(std::string why) {
    error_ = std::move(why);
    return false;
}

// Between two values or members; not at the front of a container, nor behind a name.
void EnvelopeReader::separate() {
    if (const char last = data_.back(); last != '{' && last != '[' && last != ':') {
        data_ += ',';
    }
}

void EnvelopeReader::write_string(const std::string& text) {
    const auto start = data_.size();
    data_.resize(start + json_escaped_max(text.size()) + 2);
    char* out = data_.data() + start;
    *out++ = '"';
    out = append_json_string(out, text);
    *out++ = '"';
    data_.resize(static_cast<std::size_t>(out - data_.data()));
}

}  // namespace coupon
