#include "admin/site.hpp"

#include <nlohmann/json.hpp>

#include "admin/access_audit.hpp"
#include "admin/api/api_routes.hpp"

namespace coupon {
namespace {

using Path = std::vector<std::string>;

const Path session_path{"api", "v1", "session"};
constexpr const char* session_pattern = "api/v1/session";
constexpr const char* events_pattern = "api/v1/events";
constexpr const char* metrics_pattern = "metrics";

AdminError unavailable(const std::string& what) {
    return {503, "unavailable", what + " does not answer: try again"};
}

WebResponse session_response(const Known& known) {
    WebResponse response;
    response.body = nlohmann::json{
        {"user", known.who.name},
        {"role", role_name(known.who.role)},
        {"csrf",
         known.csrf}}.dump();
    return response;
}

std::vector<AdminRoute> all_routes(Metrics& metrics) {
    auto routes = admin_api_routes();
    routes.push_back({"GET", metrics_pattern, AdminRole::read_only,
                      [&metrics](const AdminRequest&, AdminResources&) {
                          return AdminAnswer{200, metrics.text(), "text/plain; version=0.0.4"};
                      }});
    // Answered by Site itself: the one for its answer does not end, the others set cookies.
    routes.push_back({"GET", events_pattern, AdminRole::read_only, nullptr});
    for (const auto* method : {"GET", "POST", "DELETE"}) {
        routes.push_back({method, session_pattern, AdminRole::read_only, nullptr});
    }
    return routes;
}

}  // namespace

Site::Site(const AccessSettings& access, StaticFiles files, Metrics& metrics, const Log& log)
    : access_(access, log), files_(std::move(files)), log_(log), routes_(all_routes(metrics)) {}

Site::Answer Site::answer(const std::string& request, AdminResources& resources) noexcept {
    std::string role = "none";
    bool without_body = false;
    WebResponse response;
    AdminError error{500, "unavailable", "the admin worker failed; its log says why"};
    try {
        const auto parsed = parse_web_request(request);
        without_body = parsed.method == "HEAD";
        try {
            response = judged(parsed, resources, role);
            counts_.add(role, "ok");
            return {std::move(response), without_body};
        } catch (const TooMany& failure) {
            error = failure;
            response.headers.emplace_back("Retry-After", std::to_string(failure.wait_s));
        } catch (const AdminError& failure) {
            error = failure;
            if (error.status == 405) {
                response.headers.emplace_back("Allow", StaticFiles::are_asked(parsed)
                                                           ? "GET"
                                                           : routes_.allowed(parsed.segments));
            }
        }
    } catch (const AdminError& failure) {
        error = failure;
    } catch (const PgError& failure) {
        log_.error("PostgreSQL did not do what an answer needs", {{"error", failure.what()}});
        error = failure.is_data_error()
                    ? AdminError{400, "bad_request", "PostgreSQL does not take a value of this"}
                    : unavailable("PostgreSQL");
    } catch (const RedisUnavailable& failure) {
        log_.warn("Redis did not do what an answer needs", {{"error", failure.what()}});
        error = unavailable("Redis");
    } catch (const std::exception& failure) {
        log_.error("an answer failed", {{"error", failure.what()}});
    }
    counts_.add(role, error.code);
    auto headers = std::move(response.headers);
    response = error_response(error);
    response.headers = std::move(headers);
    return {std::move(response), without_body};
}

WebResponse Site::refuse(const AdminError& error) {
    counts_.add("none", error.code);
    return error_response(error);
}

WebResponse Site::judged(const WebRequest& request, AdminResources& resources, std::string& role) {
    if (StaticFiles::are_asked(request)) {
        return files_.answer(request);
    }
    if (request.segments == session_path) {
        return of_session(request, resources, role);
    }
    const auto known = access_.identify(request);
    role = role_name(known.who.role);
    access_.check_forgery(request, known);
    return routed(request, known, resources);
}

WebResponse Site::of_session(const WebRequest& request, AdminResources& resources,
                             std::string& role) {
    if (request.method == "POST") {
        return sign_in(request, resources);
    }
    const auto known = access_.identify(request);
    role = role_name(known.who.role);
    if (routes_.find(request.method, request.segments).route->method == "GET") {
        return session_response(known);
    }
    access_.check_forgery(request, known);
    return sign_out(known, resources);
}

WebResponse Site::sign_in(const WebRequest& request, AdminResources& resources) {
    const auto address = client_address_of(request);
    try {
        const auto signed_in = access_.sign_in(request);
        audit_access(resources, signed_in.known.who.name, "admin.sign_in", address);
        auto response = session_response(signed_in.known);
        response.headers.emplace_back("Set-Cookie", signed_in.cookie);
        return response;
    } catch (const AdminError& error) {
        if (error.code == "unauthorized") {
            audit_access(resources, access_.known_user(request), "admin.sign_in_failed", address);
        }
        throw;
    }
}

WebResponse Site::sign_out(const Known& known, AdminResources& resources) {
    WebResponse response;
    response.status = 204;
    response.headers.emplace_back("Set-Cookie", access_.sign_out(known));
    audit_access(resources, known.who.name, "admin.sign_out", "");
    return response;
}

WebResponse Site::events(const Known& known) {
    WebResponse response;
    response.content_type = "text/event-stream";
    response.listens_while = access_.still_stands(known);
    return response;
}

WebResponse Site::routed(const WebRequest& request, const Known& known, AdminResources& resources) {
    const auto match = routes_.find(request.method, request.segments);
    if (match.route->needed == AdminRole::operate && known.who.role != AdminRole::operate) {
        log_.warn(
            "refused: it needs the role operator",
            {{"who", known.who.name}, {"method", request.method}, {"route", match.route->pattern}});
        throw AdminError{403, "forbidden", "this needs the role operator"};
    }
    if (!match.route->handler) {
        return events(known);
    }
    const auto answer =
        match.route->handler({request.query, match.captures, request.body, known.who}, resources);
    WebResponse response;
    response.status = answer.status;
    response.body = answer.body;
    response.content_type = answer.content_type;
    return response;
}

void Site::write_metrics(MetricsText& out) {
    counts_.write(out);
    const auto sign_ins = [&](std::string_view outcome, std::uint64_t count) {
        out.counter("coupon_admin_sign_ins_total", "Attempts to sign in, by how they ended.",
                    static_cast<double>(count), {{"outcome", outcome}});
    };
    sign_ins("right", access_.sign_ins().right);
    sign_ins("wrong", access_.sign_ins().wrong);
    sign_ins("limited", access_.sign_ins().limited);
    out.gauge("coupon_admin_sessions", "Sessions that are signed in.",
              static_cast<double>(access_.sessions()));
}

}  // namespace coupon
