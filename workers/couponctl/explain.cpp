#include "couponctl/explain.hpp"

#include <nlohmann/json.hpp>

#include "core/percent.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/http_client.hpp"

namespace coupon {
namespace {

constexpr std::chrono::seconds timeout{5};

using Json = nlohmann::ordered_json;

std::string path_of(const std::string& link) {
    const auto scheme = link.find("://");
    if (scheme == std::string::npos) {
        return link;
    }
    const auto path = link.find('/', scheme + 3);
    return path == std::string::npos ? "/" : link.substr(path);
}

std::string value_text(const Json& value) {
    if (value.is_null()) {
        return "-";
    }
    return value.is_string() ? value.get<std::string>() : value.dump();
}

void show(const std::string& name, const Json& value, std::ostream& out) {
    if (!value.is_object()) {
        out << name << ": " << value_text(value) << '\n';
        return;
    }
    for (const auto& [key, inner] : value.items()) {
        out << name << '.' << key << ": " << value_text(inner) << '\n';
    }
}

HttpAnswer ask_edge(const std::string& edge, const std::string& query) {
    if (!edge.starts_with("http://") && !edge.starts_with("https://")) {
        throw ConfigError("COUPON_EDGE_URL begins with neither http:// nor https://");
    }
    HttpRequest request;
    request.url = edge + "?" + query;
    request.timeout = timeout;
    HttpClient client;
    auto answer = client.send(request);
    if (answer.outcome != HttpAnswer::Outcome::answered) {
        throw CommandError("the edge does not answer (" + answer.error +
                           "): is NGINX running, and is COUPON_EDGE_URL right?");
    }
    return answer;
}

}  // namespace

int explain_offer(const std::string& link, std::ostream& out) {
    const auto edge = environment_value("COUPON_EDGE_URL").value_or("http://127.0.0.1/stats");
    const auto answer = ask_edge(edge, "explain=" + percent_encoded(path_of(link)));
    if (answer.status != 200) {
        throw CommandError("the edge answers " + std::to_string(answer.status) +
                           " at COUPON_EDGE_URL: it must be a location with coupon_stats");
    }
    const auto json = Json::parse(answer.body, nullptr, false);
    if (!json.is_object() || !json.contains("reason")) {
        throw CommandError("what answers at COUPON_EDGE_URL is no location with coupon_stats");
    }
    for (const auto& [name, value] : json.items()) {
        show(name, value, out);
    }
    const auto reason = value_text(json["reason"]);
    return reason.empty() || reason == "-" ? 0 : 1;
}

}  // namespace coupon
