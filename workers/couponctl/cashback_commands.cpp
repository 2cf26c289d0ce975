#include "couponctl/cashback_commands.hpp"

#include <memory>

#include "couponctl/cashback_run.hpp"
#include "couponctl/cashback_trace.hpp"
#include "couponctl/cashback_unmatched.hpp"
#include "couponctl/wallet_verify.hpp"

namespace coupon {

void add_cashback_commands(CLI::App& app, std::ostream& out) {
    auto* cashback =
        app.add_subcommand("cashback", "Cashback: trace, unmatched, run (DATABASE_URL)")
            ->require_subcommand(1);

    auto key = std::make_shared<std::string>();
    auto as_json = std::make_shared<bool>(false);
    auto* trace = cashback->add_subcommand(
        "trace", "Where somebody's cashback is, or why there is none, with all that led there");
    trace
        ->add_option("key", *key,
                     "A click id, an order (the network's reference or our order number), a user's "
                     "id, a network's transaction; click:…, order:…, user:…, transaction:… or "
                     "<network>:… where it could be several")
        ->required();
    trace->add_flag("--json", *as_json, "As JSON");
    trace->callback([key, as_json, &out] { trace_cashback(*key, *as_json, out); });

    auto filter = std::make_shared<UnmatchedFilter>();
    auto* unmatched = cashback->add_subcommand(
        "unmatched", "Transactions that are nobody's, and why; a line each, newest first");
    unmatched->add_option("--network", filter->network, "admitad, vcommission, cuelinks");
    unmatched->add_option("--since", filter->since, "Not older than 90m, 6h, 3d; or since a time");
    unmatched->add_option("--limit", filter->limit, "Most rows")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    unmatched->callback([filter, &out] { list_unmatched(*filter, out); });

    auto wanted = std::make_shared<CashbackRunOptions>();
    auto* run = cashback->add_subcommand(
        "run",
        "Have the workers read networks now; without a time, as far back as they usually do");
    run->add_option("--network", wanted->network, "One network; default: all");
    run->add_option("--from", wanted->from, "Begin of what is read: 2026-11-01, or a time");
    run->add_option("--to", wanted->to, "Its end; default: now");
    run->callback([wanted, &out] { request_cashback_run(*wanted, out); });
}

void add_wallet_commands(CLI::App& app, std::ostream& out, int& exit_code) {
    auto* wallet =
        app.add_subcommand("wallet", "Wallets: verify (DATABASE_URL)")->require_subcommand(1);
    wallet
        ->add_subcommand(
            "verify",
            "Prove that the ledger adds up and nobody changed it; exit code 1 where it "
            "does not")
        ->callback([&out, &exit_code] { exit_code = verify_wallets(out); });
}

}  // namespace coupon
