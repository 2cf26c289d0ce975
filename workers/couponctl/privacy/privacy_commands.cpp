#include "couponctl/privacy/privacy_commands.hpp"

#include <memory>

#include "couponctl/privacy/erase.hpp"
#include "couponctl/privacy/export.hpp"

namespace coupon {
namespace {

void add_user(CLI::App& command, std::string& user) {
    command.add_option("user", user, "The user's id, e-mail address, or number with its +91")
        ->required();
}

}  // namespace

void add_privacy_commands(CLI::App& app, std::ostream& out) {
    auto* privacy =
        app.add_subcommand("privacy", "A user's personal data: export, erase (DATABASE_URL)")
            ->require_subcommand(1);

    auto user = std::make_shared<std::string>();
    auto path = std::make_shared<std::string>();
    auto* exporting = privacy->add_subcommand(
        "export", "Everything the shop holds about a user, as one JSON document");
    add_user(*exporting, *user);
    exporting->add_option("--out", *path, "A file that is made for it; default: standard output");
    auto actor = std::make_shared<std::string>();
    exporting->add_option("--actor", *actor, "Who, for audit_logs; default: user@host");
    exporting->callback([user, path, actor, &out] { export_user(*user, *path, *actor, out); });

    auto options = std::make_shared<EraseOptions>();
    auto* erasing = privacy->add_subcommand(
        "erase",
        "Erase what need not be kept of a user; without --yes only count it. Money's records stay, "
        "without a name");
    add_user(*erasing, options->user);
    erasing->add_flag("--yes", options->yes, "Do it");
    erasing->add_flag("--despite-money", options->despite_money,
                      "Also where withdrawals, orders, holds or cashback are open");
    erasing->add_flag("--keep-kyc", options->keep_kyc, "Leave user_kyc as it is, where a law says so");
    erasing->add_option("--archive", options->archive,
                        "ARCHIVE_DIR of this machine: also take the user out of its files");
    erasing->add_option("--actor", options->actor, "Who, for audit_logs; default: user@host");
    erasing->callback([options, &out] { erase_user(*options, out); });
}

}  // namespace coupon
