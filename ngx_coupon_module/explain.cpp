#include "explain.hpp"

#include "answers.hpp"
#include "edge.hpp"
#include "request_facts.hpp"
#include "suspension.hpp"

#include "core/destination.hpp"
#include "core/redirect_path.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace coupon {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint32_t kDeadline_ms = 2000;
constexpr std::string_view kDown = "PostgreSQL does not answer, and the catalogue does not hold the offer";
// A version-7 id no edge makes (its tag is zero), so that a copied URL is nobody's click.
constexpr char kSampleClickId[] = "00000000-0000-7000-8000-000000000000";

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool escaped = text[i] == '%' && i + 2 < text.size();
        const ngx_int_t byte =
            escaped ? ngx_hextoi(reinterpret_cast<u_char*>(const_cast<char*>(text.data())) + i + 1, 2) : NGX_ERROR;
        if (byte != NGX_ERROR) {
            decoded.push_back(static_cast<char>(byte));
            i += 2;
        } else {
            decoded.push_back(text[i]);
        }
    }
    return decoded;
}

Json empty_answer(std::string_view reason) {
    return {{"offer", nullptr}, {"cache", ""}, {"macros", Json::object()}, {"url", nullptr}, {"reason", reason}};
}

Json describe(const OfferView& offer) {
    Json json = {{"uuid", to_string(offer.uuid)}, {"id", offer.offer_id}, {"merchant_id", offer.merchant_id}};
    if (offer.starts_at != INT64_MIN) {
        json["starts_at"] = offer.starts_at;
    }
    if (offer.expires_at != INT64_MAX) {
        json["expires_at"] = offer.expires_at;
    }
    return json;
}

Json macro_values(const OfferView& offer, const MacroValues& values) {
    const Json all = {{"click_id", values.click_id},
                      {"subid", values.click_id},
                      {"user_id", values.user == 0 ? "" : std::to_string(values.user)},
                      {"device", device_name(values.device)},
                      {"country", values.country},
                      {"timestamp", std::to_string(values.now_s)}};
    Json used = Json::object();
    for (const std::string& name : program_macros(offer.program)) {
        used[name] = all.value(name, "");
    }
    return used;
}

std::string_view time_reason(const OfferView& offer) {
    const int64_t now_s = ngx_time();
    if (now_s < offer.starts_at) {
        return "the offer has not started";
    }
    return now_s >= offer.expires_at ? "the offer has expired" : "";
}

Json describe_found(ngx_http_request_t* r, const OfferView& offer, uint64_t user, CacheLevel level) {
    const MacroValues values{kSampleClickId, user, classify_device(user_agent(r)),
                             variable(r, main_conf(r).country_variable), ngx_time()};
    std::string url(expanded_max_bytes(offer.program, values), '\0');
    url.resize(url.empty() ? 0 : expand_destination(offer.program, values, url.data()));
    return {{"offer", describe(offer)},
            {"cache", cache_name(level)},
            {"macros", macro_values(offer, values)},
            {"url", url},
            {"reason", time_reason(offer)}};
}

ngx_int_t send_json(ngx_http_request_t* r, const Json& json) {
    // Bytes of the database that are not UTF-8 must not turn into an exception.
    return send_body(r, NGX_HTTP_OK, "application/json",
                     json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void resume(const std::shared_ptr<Suspension>& suspension, const Json& json) {
    suspension->resume(send_json(suspension->request(), json));
}

// PostgreSQL says why the offer stays out of the catalogue.
void explain_absence(const std::shared_ptr<Suspension>& suspension, const Uuid& uuid) {
    Edge::current().misses().explain(uuid, kDeadline_ms, [suspension](MissOutcome outcome, const std::string& reason) {
        if (suspension->request() == nullptr) {
            return;
        }
        const bool down = outcome == MissOutcome::failed;
        Json json = empty_answer(down ? kDown : std::string_view(reason));
        json["cache"] = cache_name(down ? CacheLevel::down : CacheLevel::miss);
        resume(suspension, json);
    });
}

// Not in the catalogue: fetch it as a redirect would, else read why it stays out.
ngx_int_t explain_miss(ngx_http_request_t* r, const Uuid& uuid, uint64_t user) {
    const auto suspension = Suspension::hold(r);
    if (suspension == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    Edge::current().misses().ask(uuid, kDeadline_ms, [suspension, uuid, user](MissOutcome) {
        OfferView offer;
        if (suspension->request() == nullptr) {
            return;
        }
        if (Edge::current().find(uuid, offer)) {
            resume(suspension, describe_found(suspension->request(), offer, user, CacheLevel::miss));
        } else {
            explain_absence(suspension, uuid);
        }
    });
    return NGX_DONE;
}

}  // namespace

ngx_int_t explain(ngx_http_request_t* r, std::string_view encoded_path) {
    const std::string decoded = percent_decoded(encoded_path);
    const auto path = parse_redirect_path(std::string_view(decoded).substr(0, decoded.find_first_of("?#")));
    if (!path) {
        return send_json(r, empty_answer("the path is not /out/<merchant>/<offer uuid>[/<user>]"));
    }
    Edge& edge = Edge::current();
    OfferView offer;
    if (edge.find(path->offer, offer)) {
        const CacheLevel level = edge.catalog_fresh() ? CacheLevel::hit : CacheLevel::stale;
        return send_json(r, describe_found(r, offer, path->user, level));
    }
    return explain_miss(r, path->offer, path->user);
}

}  // namespace coupon
