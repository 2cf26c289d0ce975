#include "admin/admin_server.hpp"

namespace coupon {
namespace {

// A person waits: better a clear refusal soon than an answer late.
constexpr int postgres_deadline_ms = 8000;
constexpr int redis_timeout_ms = 2000;
constexpr const char* application = "coupon-worker admin";

}  // namespace

AdminServer::AdminServer(const SocketPlace& place, const AdminBackends& backends, Site& site,
                         Heartbeat& heartbeat, const Log& log)
    : backends_(backends),
      site_(site),
      heartbeat_(heartbeat),
      log_(log),
      socket_(place),
      connections_(
          socket_.fd(), ConnectionLimits(),
          [this](ConnectionId id, std::string request) { take(id, std::move(request)); },
          [&site](const AdminError& error) { return web_text(site.refuse(error), false); }),
      feed_pg_(backends.database_url, application, postgres_deadline_ms),
      feed_redis_(backends.redis, redis_timeout_ms),
      feed_(
          connections_,
          [this] {
              AdminResources resources{feed_pg_, feed_redis_, log_};
              return live_snapshots(resources);
          },
          log) {
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { work(); });
    }
    connections_.start();
}

AdminServer::~AdminServer() {
    stop();
}

void AdminServer::stop() {
    socket_.unlink();
    connections_.stop_accepting();
    feed_.stop();
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) {
        if (thread.joinable()) {
            thread.join();
        }
    }
    connections_.stop();
}

void AdminServer::take(ConnectionId id, std::string request) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() < waiting_max && !stopping_) {
            waiting_.push_back({id, std::move(request)});
            wake_.notify_one();
            return;
        }
    }
    const AdminError busy{503, "unavailable", "the admin worker is busy: try again"};
    connections_.answer(id, web_text(site_.refuse(busy), false));
}

void AdminServer::work() {
    PgConnection pg(backends_.database_url, application, postgres_deadline_ms);
    RedisConnection redis(backends_.redis, redis_timeout_ms);
    AdminResources resources{pg, redis, log_};
    while (true) {
        Waiting waiting;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) {
                return;
            }
            waiting = std::move(waiting_.front());
            waiting_.pop_front();
        }
        answer(waiting, resources);
    }
}

void AdminServer::answer(const Waiting& waiting, AdminResources& resources) {
    const auto [response, without_body] = site_.answer(waiting.request, resources);
    heartbeat_.count_jobs(1);
    auto text = web_text(response, without_body);
    if (!response.listens_while || without_body) {
        connections_.answer(waiting.id, std::move(text));
    } else if (!feed_.add(waiting.id, std::move(text), response.listens_while)) {
        const AdminError full{429, "too_many", "too many listen to live events already"};
        connections_.answer(waiting.id, web_text(site_.refuse(full), false));
    }
}

void AdminServer::write_metrics(MetricsText& out) {
    const auto counts = connections_.counts();
    out.gauge("coupon_admin_listeners", "Connections that live events are sent to.",
              static_cast<double>(feed_.listeners()));
    out.gauge("coupon_admin_connections", "Connections that are open, listeners included.",
              static_cast<double>(counts.open));
    const auto closed = [&](std::string_view reason, std::uint64_t count) {
        out.counter("coupon_admin_connections_closed_total",
                    "Connections closed before their request was whole, or their answer sent.",
                    static_cast<double>(count), {{"reason", reason}});
    };
    closed("evicted", counts.evicted);
    closed("timed_out", counts.timed_out);
}

}  // namespace coupon
