// Receives the events of nlohmann's parser for one envelope: the members we know as values, `data`
// as its text, so that 170.10 stays 170.10.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace coupon {

enum class EnvelopeMember : std::uint8_t {
    id,
    type,
    to,
    idempotency_key,
    attempts,
    enqueued_at,
    correlation_id,
    scheduled_at,
    data,
    unknown
};

class EnvelopeReader {
  public:
    // Null where it is absent; an empty object where it is an object or array. Not for `data`.
    [[nodiscard]] const nlohmann::json& value(EnvelopeMember member) const {
        return values_[static_cast<std::size_t>(member)];
    }
    // An object; empty where it is absent or null.
    [[nodiscard]] const std::string& data() const noexcept { return data_; }
    // Why it is no envelope; empty where it is one as far as this can tell.
    [[nodiscard]] const std::string& error() const noexcept { return error_; }

    bool null() { return scalar(nullptr, "null"); }
    bool boolean(bool value) { return scalar(value, value ? "true" : "false"); }
    bool number_integer(std::int64_t value) { return scalar(value, std::to_string(value)); }
    bool number_unsigned(std::uint64_t value) { return scalar(value, std::to_string(value)); }
    bool number_float(double value, const std::string& text) { return scalar(value, text); }
    bool string(std::string& value);
    bool binary(nlohmann::json::binary_t&) { return false; }
    bool start_object(std::size_t) { return open('{'); }
    bool start_array(std::size_t) { return open('['); }
    bool end_object() { return close('}'); }
    bool end_array() { return close(']'); }
    bool key(std::string& name);
    bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&);

  private:
    bool scalar(nlohmann::json value, std::string_view text);
    bool open(char bracket);
    bool close(char bracket);
    bool refuse(std::string why);
    void separate();
    void write_string(const std::string& text);
    [[nodiscard]] bool in_data() const noexcept {
        return member_ == EnvelopeMember::data && depth_ >= 2;
    }

    std::array<nlohmann::json, static_cast<std::size_t>(EnvelopeMember::unknown)> values_;
    EnvelopeMember member_ = EnvelopeMember::unknown;
    std::size_t depth_ = 0;
    std::string data_;
    std::string error_;
};

}  // namespace coupon
