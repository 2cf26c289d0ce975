// couponctl: the operator's tool. This file is the list of its commands.
#include <CLI/CLI.hpp>
#include <iostream>

#include "couponctl/admin_commands.hpp"
#include "couponctl/audit.hpp"
#include "couponctl/autoscale.hpp"
#include "couponctl/cashback_commands.hpp"
#include "couponctl/cron_commands.hpp"
#include "couponctl/doctor/doctor.hpp"
#include "couponctl/explain.hpp"
#include "couponctl/journal_ls.hpp"
#include "couponctl/journal_send.hpp"
#include "couponctl/migrate.hpp"
#include "couponctl/notification_commands.hpp"
#include "couponctl/privacy/privacy_commands.hpp"
#include "couponctl/queues.hpp"
#include "couponctl/templates.hpp"
#include "couponctl/webhook_commands.hpp"
#include "runtime/command_line.hpp"
#include "runtime/error.hpp"
#include "runtime/installation.hpp"

namespace {

using namespace coupon;

// What the command line holds, of whichever command it names.
struct Arguments {
    std::string sql_directory;
    AuditOptions audit;
    std::string link;
    std::string journal;
    JournalSendOptions send;
};

void add_clicks(CLI::App& app, Arguments& arguments, int& exit_code) {
    auto* clicks = app.add_subcommand("clicks", "Clicks: audit")->require_subcommand(1);
    auto* audit = clicks->add_subcommand("audit",
                                         "Compare what was served with what is stored "
                                         "(DATABASE_URL); exit code 1 when a click is missing");
    audit
        ->add_option("--journal", arguments.audit.journals,
                     "Journal folder of an edge; may be given several times")
        ->allow_extra_args(false);
    audit->add_option("--access-log", arguments.audit.access_log,
                      "Also look for each $coupon_click_id of this access log");
    audit->callback([&] { exit_code = audit_clicks(arguments.audit, std::cout); });
}

void add_offers(CLI::App& app, Arguments& arguments, int& exit_code) {
    auto* offers = app.add_subcommand("offers", "Offers: explain")->require_subcommand(1);
    auto* explain = offers->add_subcommand(
        "explain", "What the edge at COUPON_EDGE_URL answers to a link, and why; makes no click");
    explain->add_option("url", arguments.link, "The link, or its path")->required();
    explain->callback([&] { exit_code = explain_offer(arguments.link, std::cout); });
}

void add_journal(CLI::App& app, Arguments& arguments) {
    auto* journal =
        app.add_subcommand("journal", "Journal folders: ls, send")->require_subcommand(1);
    auto* ls = journal->add_subcommand("ls", "List the segments that are not settled");
    ls->add_option("dir,--journal", arguments.journal, "The folder")->required();
    ls->callback([&] { list_journal(arguments.journal, std::cout); });

    auto* send = journal->add_subcommand(
        "send", "Deliver a folder whose edge is gone (DATABASE_URL, REDIS_URL)");
    send->add_option("dir,--journal", arguments.send.directory, "The folder")->required();
    send->add_flag(
        "--settled", arguments.send.settled,
        "Also send settled segments that are still kept: for a restored, older database");
    send->add_option("--queue-max", arguments.send.queue_max,
                     "Entries in Redis above which sending waits")
        ->capture_default_str();
    send->add_option("--wait", arguments.send.wait_s,
                     "Seconds to wait until all is settled; 0: do not wait")
        ->capture_default_str();
    send->callback([&] { send_journal(arguments.send, std::cout); });
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "Operates the coupon shop's clicks, webhooks, orders, messages, cashback, queues and journals.\n"
        "Settings come from the environment: DATABASE_URL, REDIS_URL, COUPON_EDGE_URL, each also as "
        "<NAME>_FILE.",
        "couponctl"};
    app.set_version_flag("--version", program_version);
    app.require_subcommand(1);

    Arguments arguments;
    int exit_code = 0;
    auto* migrate_command = app.add_subcommand(
        "migrate", "Apply the files of sql/ that the database has not seen (DATABASE_URL)");
    migrate_command->add_option("--sql", arguments.sql_directory,
                                "Directory of the files; default: the installed ones");
    migrate_command->callback([&] { migrate(arguments.sql_directory, std::cout); });
    add_clicks(app, arguments, exit_code);
    add_offers(app, arguments, exit_code);
    app.add_subcommand("queues",
                       "Depth, oldest entry, claims, workers and dead letters of each queue "
                       "(REDIS_URL, DATABASE_URL)")
        ->callback([] { show_queues(std::cout); });
    add_journal(app, arguments);
    add_webhook_commands(app, std::cout, exit_code);
    add_order_commands(app, std::cout, exit_code);
    add_cashback_commands(app, std::cout);
    add_wallet_commands(app, std::cout, exit_code);
    add_cron_commands(app, std::cout, exit_code);
    add_notification_commands(app, std::cout);
    add_suppression_commands(app, std::cout);
    add_template_commands(app, std::cout);
    add_admin_commands(app, std::cout);
    add_autoscale_command(app, std::cout, exit_code);
    add_doctor_command(app, std::cout, exit_code);
    add_privacy_commands(app, std::cout);

    try {
        app.parse(argc, argv);
        return exit_code;
    } catch (const CLI::ParseError& error) {
        return answer_parse_error(app, error, argc, argv);
    } catch (const ConfigError& error) {
        std::cerr << "couponctl: " << error.what() << '\n';
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "couponctl: " << error.what() << '\n';
        return 1;
    }
}
