#include "webhooks/events/exact_json.hpp"

#include "webhooks/events/event.hpp"

namespace coupon {
namespace {

std::string path_text(std::initializer_list<const char*> path) {
    std::string text;
    for (const char* name : path) {
        text += text.empty() ? "" : ".";
        text += name;
    }
    return text;
}

}  // namespace

nlohmann::json parse_exact_json(std::string_view text) {
    auto json = read_exact_json(text);
    if (!json) {
        throw MalformedEvent("the body is not the JSON it should be");
    }
    return *std::move(json);
}

std::string required_text(const nlohmann::json& from, std::initializer_list<const char*> path) {
    auto text = text_at(from, path);
    if (text.empty()) {
        throw MalformedEvent("the event has no " + path_text(path));
    }
    return text;
}

}  // namespace coupon
