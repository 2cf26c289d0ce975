#include "runtime/exact_json.hpp"

#include <vector>

namespace coupon {
namespace {

using nlohmann::json;

constexpr std::size_t depth_max = 64;

// Receives nlohmann's parser, whose own tree would make a double of 170.10.
class TreeBuilder {
  public:
    explicit TreeBuilder(json& root) : root_(root) {}

    bool null() { return add(nullptr) != nullptr; }
    bool boolean(bool value) { return add(value) != nullptr; }
    bool number_integer(std::int64_t value) { return add(std::to_string(value)) != nullptr; }
    bool number_unsigned(std::uint64_t value) { return add(std::to_string(value)) != nullptr; }
    bool number_float(double, const std::string& text) { return add(text) != nullptr; }
    bool string(std::string& value) { return add(std::move(value)) != nullptr; }
    bool binary(json::binary_t&) { return false; }
    bool start_object(std::size_t) { return enter(json::object()); }
    bool start_array(std::size_t) { return enter(json::array()); }
    bool end_object() { return leave(); }
    bool end_array() { return leave(); }
    bool parse_error(std::size_t, const std::string&, const json::exception&) { return false; }

    bool key(std::string& name) {
        name_ = std::move(name);
        return !open_.back()->contains(name_);
    }

  private:
    json* add(json value) {
        if (open_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        auto& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        auto& member = parent[name_];
        member = std::move(value);
        return &member;
    }

    bool enter(json container) {
        if (open_.size() == depth_max) {
            return false;
        }
        open_.push_back(add(std::move(container)));
        return true;
    }

    bool leave() {
        open_.pop_back();
        return true;
    }

    json& root_;
    // A container is not added to while one inside it is open, so these stay where they are.
    std::vector<json*> open_;
    std::string name_;
};

const json nothing;

}  // namespace

std::optional<json> read_exact_json(std::string_view text) {
    // No JSON holds this byte, but nlohmann takes it for the end: what follows it would pass unread.
    if (text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    json root;
    TreeBuilder builder(root);
    if (!json::sax_parse(text.begin(), text.end(), &builder)) {
        return std::nullopt;
    }
    return root;
}

const json& at_path(const json& from, std::initializer_list<const char*> path) {
    const json* place = &from;
    for (const char* name : path) {
        if (!place->is_object()) {
            return nothing;
        }
        const auto member = place->find(name);
        if (member == place->end()) {
            return nothing;
        }
        place = &*member;
    }
    return *place;
}

std::string text_at(const json& from, std::initializer_list<const char*> path) {
    const auto& place = at_path(from, path);
    return place.is_string() ? place.get<std::string>() : std::string();
}

}  // namespace coupon
