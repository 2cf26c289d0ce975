// What the admin worker's server and the answers of its API agree on.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"
#include "runtime/redis_connection.hpp"

namespace coupon {

enum class AdminRole { read_only, operate };

struct Principal {
    std::string name;
    AdminRole role = AdminRole::read_only;
};

struct AdminRequest {
    std::map<std::string, std::string> query;  // decoded; of a name that comes twice the first
    std::vector<std::string> captures;         // what stands for each {…} of the pattern, decoded
    std::string body;                          // bounded by the server
    Principal who;
};

struct AdminAnswer {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
};

// Thrown by a handler; becomes {"error":{"code","message"}}. The message is for people and holds no
// secret.
struct AdminError {
    int status;
    std::string code;
    std::string message;
};

// What one thread of the server has for its answers. PgError and RedisUnavailable that a handler
// lets through become 503.
struct AdminResources {
    PgConnection& pg;
    RedisConnection& redis;
    const Log& log;
};

using AdminHandler =
    std::function<AdminAnswer(const AdminRequest& request, AdminResources& resources)>;

struct AdminRoute {
    std::string method;
    std::string pattern;  // below /admin/workers/: "api/v1/queue/dlq/{name}/{id}"
    AdminRole needed = AdminRole::read_only;
    AdminHandler handler;
};

}  // namespace coupon
