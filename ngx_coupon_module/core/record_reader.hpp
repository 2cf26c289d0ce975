// What the readers of our JSON records share. They receive the events of nlohmann's parser: a member
// that cannot be used is noted and the parse goes on, because segment and seq come last; only what is
// no object ends it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/uuid.hpp"

namespace coupon {

/// `Key` numbers the members from 1 in the order of `key_names`, whose first is empty; 0 is unknown.
template <typename Key, const auto& key_names>
class RecordReader {
  public:
    bool null() { return other_value(); }
    bool boolean(bool) { return other_value(); }
    bool number_integer(int64_t) { return other_value(); }
    bool number_float(double, const std::string&) { return other_value(); }
    bool binary(nlohmann::json::binary_t&) { return other_value(); }
    bool end_object() { return leave(); }
    bool end_array() { return leave(); }

    bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) {
        refuse("not valid json at byte " + std::to_string(position));
        return false;
    }

  protected:
    explicit RecordReader(std::string& reason) : reason_(reason) {}

    static Key key_of(std::string_view name) noexcept {
        auto known = std::find(std::begin(key_names) + 1, std::end(key_names), name);
        return known == std::end(key_names) ? Key{}
                                            : static_cast<Key>(known - std::begin(key_names));
    }

    /// A value that no known member takes: ignored below unknown ones.
    bool other_value() {
        if (depth_ == 0)
            return no_object();
        return key_ == Key{} || refuse_member(" has another type than expected");
    }

    bool no_object() {
        refuse("not a json object");
        return false;
    }

    /// Keeps the first reason; true, so that the parse goes on.
    bool refuse(std::string why) {
        if (reason_.empty())
            reason_ = std::move(why);
        return true;
    }

    /// The same for the member that is being read: `what` follows its name.
    bool refuse_member(std::string_view what) {
        return refuse(std::string(key_names[static_cast<size_t>(key_)]).append(what));
    }

    template <typename Into>
    bool uuid(const std::string& value, Into& into) {
        auto parsed = parse_uuid(value);
        if (!parsed)
            return refuse_member(" is not a uuid");
        into = *parsed;
        return true;
    }

    bool is_sound() const noexcept { return reason_.empty(); }

    Key key_{};
    unsigned depth_ = 0;

  private:
    bool leave() {
        --depth_;
        return true;
    }

    std::string& reason_;
};

}  // namespace coupon
