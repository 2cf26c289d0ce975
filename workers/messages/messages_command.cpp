#include "messages/messages_command.hpp"

namespace coupon {
namespace {

void add_seconds(CLI::App& app, const std::string& name, std::chrono::seconds& value,
                 const std::string& help, int least, int most) {
    app.add_option_function<int>(
           name, [&value](int seconds) { value = std::chrono::seconds(seconds); }, help)
        ->check(CLI::Range(least, most))
        ->default_str(std::to_string(value.count()));
}

}  // namespace

void add_messages_command(CLI::App& parent, const std::string& name, const std::string& help,
                          MessagesCommand& command) {
    auto& app = *parent.add_subcommand(name, help);
    auto& options = command.options;
    command.app = &app;
    app.add_flag("--check", command.check,
                 "Check the settings, Redis and PostgreSQL, say what is missing, and exit");
    app.add_option("--in-flight", options.in_flight_max, "Most messages whose call is under way")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    add_seconds(app, "--lease", options.lease,
                "Seconds after which another worker may look at a message", 60, 3600);
    add_seconds(app, "--grace", options.grace,
                "Seconds that calls under way have to end after SIGTERM", 0, 3600);
    add_seconds(app, "--unknown-wait", options.unknown_wait,
                "Seconds that a message waits for its provider's report when nobody knows whether "
                "it was sent; then it is sent once more",
                1, 86'400);
}

}  // namespace coupon
