#include "couponctl/webhook_commands.hpp"

#include <iostream>
#include <memory>

#include "couponctl/orders.hpp"
#include "couponctl/webhooks.hpp"
#include "couponctl/webhooks_replay.hpp"
#include "couponctl/webhooks_verify.hpp"

namespace coupon {
namespace {

void add_filter(CLI::App& command, WebhookFilter& filter) {
    command.add_option("--provider", filter.provider, "razorpay, phonepe, …");
    command.add_option("--status", filter.status, "pending, processing, completed or failed")
        ->check(CLI::IsMember({"pending", "processing", "completed", "failed"}));
    command.add_option("--outcome", filter.outcome, "applied, duplicate, no-change, review, …");
    command.add_option("--since", filter.since, "Not older than 90m, 6h, 3d; or since a time");
    command.add_option("--limit", filter.limit, "Most rows")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
}

}  // namespace

void add_webhook_commands(CLI::App& app, std::ostream& out, int& exit_code) {
    auto* webhooks =
        app.add_subcommand("webhooks", "Webhooks: list, show, replay, verify (DATABASE_URL)")
            ->require_subcommand(1);

    auto filter = std::make_shared<WebhookFilter>();
    auto* list = webhooks->add_subcommand("list", "A line each, newest first");
    add_filter(*list, *filter);
    list->callback([filter, &out] { list_webhooks(*filter, out); });

    auto id = std::make_shared<std::string>();
    auto* show = webhooks->add_subcommand("show", "All that is known of one, with its body");
    show->add_option("id", *id, "Its id")->required();
    show->callback([id, &out] { show_webhook(*id, out); });

    auto replay_options = std::make_shared<ReplayOptions>();
    auto* replay = webhooks->add_subcommand(
        "replay",
        "Process webhooks anew, oldest first; what had its effect does not have it again");
    replay->add_option("id", replay_options->filter.id, "One webhook; else by the options");
    add_filter(*replay, replay_options->filter);
    replay->add_option("--rate", replay_options->per_second, "Most webhooks a second")
        ->check(CLI::Range(0.01, 10'000.0))
        ->capture_default_str();
    replay->add_flag("--dry-run", replay_options->dry_run, "Only say how many");
    replay->add_flag("--yes", replay_options->yes, "Do not ask");
    replay->add_option("--reason", replay_options->reason, "Why; goes into audit_logs");
    replay->add_option("--actor", replay_options->actor, "Who; default: user@host");
    replay->callback([replay_options, &out] { replay_webhooks(*replay_options, std::cin, out); });

    auto verify_options = std::make_shared<VerifyOptions>();
    auto* verify = webhooks->add_subcommand(
        "verify",
        "Check stored webhooks against secrets, whatever their age; exit code 1 when one "
        "does not pass");
    add_filter(*verify, verify_options->filter);
    verify->get_option("--provider")->required();
    verify
        ->add_option("--secret-file", verify_options->secret_files,
                     "A secret a line; FILE@INDEX for PhonePe's salts; may be given several times")
        ->allow_extra_args(false);
    verify->add_option("--topic", verify_options->topics, "Allowed topic of SNS")
        ->allow_extra_args(false);
    verify->add_option("--url", verify_options->url, "The public URL that Twilio calls");
    verify->add_option("--scheme", verify_options->scheme,
                       "The words behind `coupon_webhook hmac`");
    verify->callback(
        [verify_options, &out, &exit_code] { exit_code = verify_webhooks(*verify_options, out); });
}

void add_order_commands(CLI::App& app, std::ostream& out, int& exit_code) {
    auto* orders =
        app.add_subcommand("orders", "Orders: stuck (DATABASE_URL)")->require_subcommand(1);
    auto minutes = std::make_shared<int>(15);
    auto* stuck = orders->add_subcommand(
        "stuck", "Paid orders that are not fulfilled, and why; exit code 1 when there are any");
    stuck->add_option("--minutes", *minutes, "Longer than this")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    stuck->callback([minutes, &out, &exit_code] { exit_code = list_stuck_orders(*minutes, out); });
}

}  // namespace coupon
