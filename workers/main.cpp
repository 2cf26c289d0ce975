// coupon-worker <role>: one binary, a role each.
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "admin/admin_role.hpp"
#include "admin/check.hpp"
#include "cashback/cashback_command.hpp"
#include "cashback/check.hpp"
#include "clicks/check.hpp"
#include "clicks/clicks_role.hpp"
#include "cron/check.hpp"
#include "cron/cron_command.hpp"
#include "email/check.hpp"
#include "email/email_channel.hpp"
#include "messages/messages_command.hpp"
#include "messages/messages_role.hpp"
#include "runtime/command_line.hpp"
#include "runtime/environment.hpp"
#include "runtime/error.hpp"
#include "runtime/installation.hpp"
#include "runtime/service_notifier.hpp"
#include "sms/check.hpp"
#include "sms/sms_channel.hpp"
#include "webhooks/check.hpp"
#include "webhooks/webhooks_role.hpp"

namespace {

using namespace coupon;

struct Settings {
    std::string database_url;
    RedisAddress redis;
    LogLevel log_level;
    std::optional<ListenAddress> metrics_listen;
};

Settings read_settings() {
    return {required_environment("DATABASE_URL", "where PostgreSQL is"),
            parse_redis_url(required_environment("REDIS_URL", "where Redis is")),
            parse_log_level(environment_value("LOG_LEVEL").value_or("info")),
            configured_metrics_listen()};
}

int run_clicks(const ClicksOptions& options) {
    const auto settings = read_settings();
    const auto identity = make_worker_identity("clicks");
    const Log log(identity.role, identity.id, settings.log_level);
    const StopSignal stop;
    const ServiceNotifier notifier(stop, log);
    Metrics metrics;
    ClicksRole role(settings.database_url, settings.redis, identity, options, stop, log, metrics);
    std::optional<MetricsServer> metrics_server;
    if (settings.metrics_listen) {
        metrics_server.emplace(*settings.metrics_listen, metrics);
    }
    role.run();
    return 0;
}

int start_webhooks(const WebhooksOptions& options) {
    const auto settings = read_settings();
    const auto identity = make_worker_identity("webhooks");
    const Log log(identity.role, identity.id, settings.log_level);
    const StopSignal stop;
    const ServiceNotifier notifier(stop, log);
    run_webhooks(settings.database_url, settings.redis, identity, options, stop, log,
                 settings.metrics_listen);
    return 0;
}

int start_cashback(const CashbackOptions& options) {
    const auto settings = read_settings();
    const auto identity = make_worker_identity("cashback");
    const Log log(identity.role, identity.id, settings.log_level);
    const StopSignal stop;
    const ServiceNotifier notifier(stop, log);
    return run_cashback(settings.database_url, settings.redis, identity, options, stop, log,
                        settings.metrics_listen);
}

int start_cron(const CronCommand& command) {
    const auto settings = read_settings();
    const auto identity = make_worker_identity("cron");
    const Log log(identity.role, identity.id, settings.log_level);
    const StopSignal stop;
    const ServiceNotifier notifier(stop, log);
    return run_cron(settings.database_url, settings.redis, identity, command.options(), stop, log,
                    settings.metrics_listen);
}

int start_admin() {
    const auto settings = read_settings();
    const auto identity = make_worker_identity("admin");
    const Log log(identity.role, identity.id, settings.log_level);
    const StopSignal stop;
    const ServiceNotifier notifier(stop, log);
    run_admin(settings.database_url, settings.redis, identity, stop, log, settings.metrics_listen);
    return 0;
}

using MakeChannel = std::unique_ptr<MessageChannel> (*)(const Log& log);

int start_messages(const MessagesCommand& command, MakeChannel make_channel) {
    const auto settings = read_settings();
    const auto identity = make_worker_identity(command.app->get_name());
    const Log log(identity.role, identity.id, settings.log_level);
    const StopSignal stop;
    const ServiceNotifier notifier(stop, log);
    const auto channel = make_channel(log);
    run_messages(*channel, settings.database_url, settings.redis, identity, command.options, stop,
                 log, settings.metrics_listen);
    return 0;
}

// Standard error of a role is its log, so what keeps it from starting is a line of it; what --check
// finds is for a person.
int answer_failure(const CLI::App& app, const std::exception& error, int code) {
    const auto roles = app.get_subcommands();
    if (roles.empty() || roles.front()->count("--check") > 0) {
        std::cerr << "coupon-worker: " << error.what() << '\n';
    } else {
        const auto identity = make_worker_identity(roles.front()->get_name());
        const Log log(identity.role, identity.id, LogLevel::error);
        log.error("the worker cannot go on", {{"error", error.what()}});
    }
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    // Workers of all roles are one user; none of them may read another's secrets through /proc.
    ::prctl(PR_SET_DUMPABLE, 0);
    CLI::App app{
        "Background work of the coupon shop. Settings come from the environment: DATABASE_URL, "
        "REDIS_URL, LOG_LEVEL\n"
        "(debug, info, warn, error), METRICS_LISTEN (host:port or unix:PATH, %i = "
        "WORKER_INSTANCE), each also as <NAME>_FILE. Log lines are JSON on standard "
        "error.",
        "coupon-worker"};
    app.set_version_flag("--version", program_version);
    app.require_subcommand(1);

    auto* clicks =
        app.add_subcommand("clicks", "Store clicks from Redis in PostgreSQL until SIGTERM");
    ClicksOptions options;
    bool check = false;
    clicks->add_flag("--check", check,
                     "Check the settings, Redis and PostgreSQL, say what is missing, and exit");
    clicks->add_option("--batch", options.batch_max, "Most clicks in one transaction")
        ->check(CLI::Range(1, 50'000))
        ->capture_default_str();
    clicks
        ->add_option("--flush-ms", options.flush_ms,
                     "Longest wait of a click for others, in milliseconds")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();

    auto* webhooks = app.add_subcommand(
        "webhooks",
        "Store webhooks from Redis in PostgreSQL and do what they ask for until SIGTERM");
    WebhooksOptions webhooks_options;
    bool check_only = false;
    webhooks->add_flag("--check", check_only,
                       "Check the settings, Redis and PostgreSQL, say what is missing, and exit");
    int lease_s = 60;
    int grace_s = 20;
    webhooks->add_option("--threads", webhooks_options.jobs.threads, "Jobs at once, of each table")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    webhooks->add_option("--lease", lease_s, "Seconds after which another worker takes a job")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    webhooks->add_option("--grace", grace_s, "Seconds that jobs have to end after SIGTERM")
        ->check(CLI::Range(0, 3600))
        ->capture_default_str();

    MessagesCommand email;
    MessagesCommand sms;
    add_messages_command(app, "email", "Send e-mails from Redis and PostgreSQL until SIGTERM",
                         email);
    add_messages_command(app, "sms", "Send text messages from Redis and PostgreSQL until SIGTERM",
                         sms);
    CashbackCommand cashback;
    add_cashback_command(app, cashback);
    CronCommand cron;
    add_cron_command(app, cron);

    auto* admin = app.add_subcommand(
        "admin", "Serve the dashboard and its API behind NGINX until SIGTERM");
    bool check_admin_only = false;
    admin->add_flag("--check", check_admin_only,
                    "Check the settings, files, Redis and PostgreSQL, say what is missing, and exit");

    std::set_terminate(log_uncaught);
    try {
        app.parse(argc, argv);
        if (admin->parsed()) {
            return check_admin_only ? check_admin(std::cerr) : start_admin();
        }
        if (email.app->parsed()) {
            return email.check ? check_email(std::cerr) : start_messages(email, make_email_channel);
        }
        if (sms.app->parsed()) {
            return sms.check ? check_sms(std::cerr) : start_messages(sms, make_sms_channel);
        }
        if (cashback.app->parsed()) {
            return cashback.check ? check_cashback(std::cerr) : start_cashback(cashback.options);
        }
        if (cron.app->parsed()) {
            return cron.check ? check_cron(std::cerr) : start_cron(cron);
        }
        if (webhooks->parsed()) {
            if (check_only) {
                return check_webhooks(std::cerr);
            }
            webhooks_options.jobs.lease = std::chrono::seconds(lease_s);
            webhooks_options.jobs.grace = std::chrono::seconds(grace_s);
            return start_webhooks(webhooks_options);
        }
        return check ? check_clicks(std::cerr) : run_clicks(options);
    } catch (const CLI::ParseError& error) {
        return answer_parse_error(app, error, argc, argv);
    } catch (const ConfigError& error) {
        return answer_failure(app, error, 2);
    } catch (const std::exception& error) {
        return answer_failure(app, error, 1);
    }
}
