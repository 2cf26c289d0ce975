// Everything below /admin/workers/: from a request to its answer, without sockets. Safe to use from
// any thread; each brings its own AdminResources.
#pragma once

#include <string>

#include "admin/access.hpp"
#include "admin/request_counts.hpp"
#include "admin/route_table.hpp"
#include "admin/static_files.hpp"
#include "admin/web_request.hpp"
#include "admin/web_response.hpp"
#include "runtime/metrics.hpp"

namespace coupon {

class Site {
  public:
    // `metrics` must outlive it.
    Site(const AccessSettings& access, StaticFiles files, Metrics& metrics, const Log& log);

    // The whole answer to a whole request, never an exception.
    struct Answer {
        WebResponse response;
        bool without_body = false;  // HEAD
    };
    Answer answer(const std::string& request, AdminResources& resources) noexcept;
    // For requests that are refused before they are whole.
    WebResponse refuse(const AdminError& error);

    AdminAccess& access() noexcept { return access_; }
    void write_metrics(MetricsText& out);

  private:
    WebResponse judged(const WebRequest& request, AdminResources& resources, std::string& role);
    WebResponse of_session(const WebRequest& request, AdminResources& resources, std::string& role);
    WebResponse sign_in(const WebRequest& request, AdminResources& resources);
    WebResponse sign_out(const Known& known, AdminResources& resources);
    WebResponse events(const Known& known);
    WebResponse routed(const WebRequest& request, const Known& known, AdminResources& resources);

    AdminAccess access_;
    const StaticFiles files_;
    const Log& log_;
    RequestCounts counts_;
    const RouteTable routes_;
};

}  // namespace coupon
