#include "couponctl/doctor/judges/programs.hpp"

#include "couponctl/doctor/judges/sizes.hpp"

namespace coupon::doctor {
namespace {

constexpr std::int64_t unsettled_long_s = 60;
constexpr int full_percent = 80;

void judge_module(const NginxFacts& nginx, const ModuleFacts& module,
                  const std::string& our_version, Notes& notes) {
    if (!module.failure.empty()) {
        notes.problem(module.failure,
                      "apt install libnginx-mod-http-coupon, or name the file with --module",
                      module.path);
        return;
    }
    const std::string rebuild = "install the module that was built for this NGINX, or build it anew";
    bool fits = true;
    if (nginx.failure.empty() && !module.nginx_version.empty() &&
        module.nginx_version != nginx.version) {
        fits = false;
        notes.problem("it was built for NGINX " + module.nginx_version + ", and NGINX is " +
                          nginx.version + ": NGINX will not start with it",
                      rebuild, module.path);
    }
    if (!nginx.signature.empty() && module.signature != nginx.signature) {
        fits = false;
        notes.problem("it was built with other options than this NGINX: NGINX will not start with it",
                      rebuild, module.path);
    }
    if (!module.version.empty() && module.version != our_version) {
        fits = false;
        notes.warn("it is version " + module.version + ", and couponctl is " + our_version,
                   "install both from one version", module.path);
    }
    if (fits) {
        notes.fine("it fits this NGINX", module.path);
    }
}

}  // namespace

Findings judge_programs(const NginxFacts& nginx, const std::optional<ModuleFacts>& module,
                        const std::string& our_version) {
    Notes notes("Programs", nginx.path);
    notes.fine("version " + our_version, "couponctl");
    if (nginx.failure.empty()) {
        notes.fine("version " + nginx.version);
    } else {
        notes.warn(nginx.failure,
                   "name the program with --nginx; where no edge runs, this does not matter");
    }
    if (module) {
        judge_module(nginx, *module, our_version, notes);
    }
    return notes.take();
}

Findings judge_edge(const EdgeFacts& edge, const NginxFacts& nginx,
                    const std::string& our_version) {
    Notes notes("Edge", edge.url);
    if (!edge.failure.empty()) {
        notes.problem(edge.failure,
                      "systemctl status nginx; COUPON_EDGE_URL names a location with coupon_stats");
        return notes.take();
    }
    notes.fine("edge " + edge.edge + " answers, with " + std::to_string(edge.workers) + " workers");
    if (!edge.version.empty() && edge.version != our_version) {
        notes.warn("the edge runs version " + edge.version + ", and couponctl is " + our_version,
                   "install both from one version, then restart NGINX (a reload keeps the old module)");
    }
    if (!edge.nginx_version.empty() && nginx.failure.empty() &&
        edge.nginx_version != nginx.version) {
        notes.warn("NGINX " + edge.nginx_version + " runs, and " + nginx.version + " is installed",
                   "upgrade the running one: kill -USR2, then -QUIT (or systemctl restart nginx)");
    }
    if (edge.has_catalog && !edge.loaded) {
        notes.problem("no catalogue was loaded yet: every link is answered with 503 or 404",
                      "is PostgreSQL connected? see error.log for coupon:");
    } else if (edge.has_catalog && !edge.complete) {
        notes.warn("the catalogue is not complete: unknown offers are asked for one by one",
                   "is PostgreSQL connected? evictions above 0: a larger coupon_catalog_zone");
    } else if (edge.has_catalog) {
        notes.fine("its catalogue is complete: " + std::to_string(edge.entries) + " offers");
    }
    if (edge.evictions > 0) {
        notes.warn(std::to_string(edge.evictions) + " offers did not fit",
                   "a larger coupon_catalog_zone, about 400 bytes an offer; then restart NGINX");
    }
    if (!edge.redis) {
        notes.problem("it is not connected to Redis: clicks wait in its journal",
                      "coupon_redis in NGINX's configuration; systemctl status redis-server");
    }
    if (!edge.postgres) {
        notes.problem("it is not connected to PostgreSQL: changed offers do not take effect",
                      "coupon_postgres in NGINX's configuration; systemctl status postgresql");
    }
    if (edge.oldest_unsettled_s > unsettled_long_s) {
        notes.warn("its oldest click has waited for " + std::to_string(edge.oldest_unsettled_s) +
                       " s",
                   "couponctl queues: does coupon-worker clicks run?");
    }
    if (edge.sending_paused) {
        notes.warn("it has stopped sending: coupon_queue_max is reached",
                   "couponctl queues; start more click workers");
    }
    const auto budget = edge.journal_budget_bytes;
    if (budget > 0 && edge.journal_used_bytes * 100 >= budget * full_percent) {
        notes.problem("its journal holds " + size_text(edge.journal_used_bytes) + " of " +
                          size_text(budget) + "; when it is full, clicks are unjournaled",
                      "mend what keeps clicks from being stored, or raise size= of coupon_journal");
    }
    return notes.take();
}

}  // namespace coupon::doctor
