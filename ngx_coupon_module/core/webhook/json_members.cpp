#include "core/webhook/json_members.hpp"

#include <nlohmann/json.hpp>
#include <unordered_set>

namespace coupon {

namespace {

/// Receives the events of nlohmann's parser, which does not recurse; false ends it.
class MemberReader {
  public:
    explicit MemberReader(std::vector<JsonMember>& members) : members_(members) {}

    bool null() { return depth_ > 0; }
    bool boolean(bool value) { return scalar(value ? "true" : "false"); }
    bool number_integer(int64_t value) { return scalar(std::to_string(value)); }
    bool number_unsigned(uint64_t value) { return scalar(std::to_string(value)); }
    bool number_float(double, const std::string& text) { return scalar(text); }
    bool binary(nlohmann::json::binary_t&) { return false; }

    bool string(std::string& value) {
        if (depth_ == 0)
            return false;
        if (depth_ == 1)
            members_.push_back({std::move(name_), std::move(value), true});
        return true;
    }

    bool key(std::string& name) {
        if (depth_ > 1)
            return true;
        name_ = std::move(name);
        return names_.size() < kJsonMembersMax && names_.insert(name_).second;
    }

    bool start_object(size_t) { return ++depth_ <= kJsonDepthMax; }
    bool start_array(size_t) { return depth_ > 0 && ++depth_ <= kJsonDepthMax; }
    bool end_object() { return leave(); }
    bool end_array() { return leave(); }

    bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) { return false; }

  private:
    bool scalar(std::string text) {
        if (depth_ == 0)
            return false;
        if (depth_ == 1)
            members_.push_back({std::move(name_), std::move(text), false});
        return true;
    }

    bool leave() {
        --depth_;
        return true;
    }

    std::vector<JsonMember>& members_;
    std::unordered_set<std::string> names_;
    std::string name_;
    size_t depth_ = 0;
};

}  // namespace

std::optional<std::vector<JsonMember>> parse_json_members(std::string_view json) {
    std::vector<JsonMember> members;
    MemberReader reader(members);
    if (!nlohmann::json::sax_parse(json.begin(), json.end(), &reader))
        return std::nullopt;
    return members;
}

const std::string* string_member(const std::vector<JsonMember>& members,
                                 std::string_view name) noexcept {
    for (const JsonMember& member : members) {
        if (member.name == name)
            return member.string ? &member.value : nullptr;
    }
    return nullptr;
}

}  // namespace coupon
