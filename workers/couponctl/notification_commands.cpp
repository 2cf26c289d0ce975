#include "couponctl/notification_commands.hpp"

#include <iostream>
#include <memory>

#include "couponctl/notifications.hpp"
#include "couponctl/notifications_replay.hpp"
#include "couponctl/suppressions.hpp"

namespace coupon {
namespace {

void add_queue(CLI::App& command, std::string& queue) {
    command.add_option("--queue", queue, "email or sms; default: both")
        ->check(CLI::IsMember({"email", "sms"}));
}

void add_limit(CLI::App& command, int& limit) {
    command.add_option("--limit", limit, "Most rows")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
}

void add_actor(CLI::App& command, std::string& actor) {
    command.add_option("--actor", actor, "Who; default: user@host");
}

}  // namespace

void add_notification_commands(CLI::App& app, std::ostream& out) {
    auto* notifications = app.add_subcommand("notifications",
                                             "E-mails and text messages: list, show, replay "
                                             "(DATABASE_URL)")
                              ->require_subcommand(1);

    auto filter = std::make_shared<NotificationFilter>();
    auto* list = notifications->add_subcommand("list", "A line each, newest first");
    add_queue(*list, filter->queue);
    list->add_option("--status", filter->status,
                     "failed: dead letters; unknown: nobody knows whether it arrived; held: such "
                     "that wait for a report; pending")
        ->check(CLI::IsMember({"failed", "unknown", "held", "pending"}));
    add_limit(*list, filter->limit);
    list->callback([filter, &out] { list_notifications(*filter, out); });

    auto id = std::make_shared<std::string>();
    auto as_json = std::make_shared<bool>(false);
    auto* show = notifications->add_subcommand("show", "The timeline of one message");
    show->add_option("id", *id, "Its row id, the provider's id, or its idempotency key")
        ->required();
    show->add_flag("--json", *as_json, "As JSON");
    show->callback([id, as_json, &out] { show_notification(*id, *as_json, out); });

    auto options = std::make_shared<NotificationReplayOptions>();
    auto* replay = notifications->add_subcommand(
        "replay", "Send messages anew that were not sent, or that their provider gave up");
    replay->add_option("id", options->id, "Row id of one message; else --dead");
    replay->add_flag("--dead", options->dead, "All dead letters");
    add_queue(*replay, options->queue);
    replay->add_flag("--unknown", options->unknown,
                     "Also those that may have been sent: their recipients may get them again");
    add_limit(*replay, options->limit);
    replay->add_flag("--dry-run", options->dry_run, "Only say how many");
    replay->add_flag("--yes", options->yes, "Do not ask");
    replay->add_option("--reason", options->reason,
                       "Why; goes into audit_logs and the messages' timelines");
    add_actor(*replay, options->actor);
    replay->callback([options, &out] { replay_notifications(*options, std::cin, out); });
}

void add_suppression_commands(CLI::App& app, std::ostream& out) {
    auto* suppressions = app.add_subcommand("suppressions",
                                            "Addresses that are not written to any more: list, "
                                            "add, remove (DATABASE_URL)")
                             ->require_subcommand(1);
    auto options = std::make_shared<SuppressionOptions>();
    constexpr const char* address = "An e-mail address, or a number such as +919876543210";

    auto* list = suppressions->add_subcommand("list", "A line each, newest first");
    list->add_option("address", options->address, address);
    add_limit(*list, options->limit);
    list->callback([options, &out] { list_suppressions(*options, out); });

    auto* add = suppressions->add_subcommand("add", "Send nothing to an address any more");
    add->add_option("address", options->address, address)->required();
    add->add_option("--detail", options->detail, "Why; is kept with it and in audit_logs");
    add_actor(*add, options->actor);
    add->callback([options, &out] { add_suppression(*options, out); });

    auto* remove = suppressions->add_subcommand("remove", "Take an address off the list");
    remove->add_option("address", options->address, address)->required();
    remove
        ->add_option("--reason", options->reason,
                     "Only where it is for this: bounce, spam, unsubscribe or manual")
        ->check(CLI::IsMember({"bounce", "spam", "unsubscribe", "manual"}));
    remove->add_option("--detail", options->detail, "Why; goes into audit_logs");
    add_actor(*remove, options->actor);
    remove->callback([options, &out] { remove_suppression(*options, out); });
}

}  // namespace coupon
