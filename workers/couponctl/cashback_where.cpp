#include "couponctl/cashback_where.hpp"

namespace coupon {
namespace {

using nlohmann::ordered_json;

std::string text(const ordered_json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) {
        return {};
    }
    return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string amount_of(const ordered_json& event) {
    return text(event, "cashback") + " " + text(event, "currency");
}

// The cause of the last change, where it says more than the network's word.
std::string last_cause(const ordered_json& facts) {
    const auto& states = facts.at("states");
    auto cause = states.empty() ? std::string() : text(states.back(), "cause");
    return cause.ends_with("says " + text(facts.at("transaction"), "status")) ? std::string()
                                                                              : cause;
}

std::string with_reason(std::string sentence, const std::string& reason) {
    return sentence + (reason.empty() ? "" : " (" + reason + ")") + ".";
}

std::string where_of_click(const ordered_json& facts) {
    const auto& click = facts.at("click");
    if (!facts.at("postbacks").empty()) {
        return "A network has called about this click, and its report is not read yet.";
    }
    if (text(click, "user").empty()) {
        return "No cashback: the click was made without a user, and no network has reported a "
               "purchase for it.";
    }
    return "No cashback so far: no network has reported a purchase for this click.";
}

std::string where_of_paid(const ordered_json& facts, const ordered_json& event) {
    auto sentence = amount_of(event) + " is in the wallet of user " + text(event, "user") +
                    " since " + text(event, "paid");
    const auto& withdrawals = facts.at("withdrawals");
    if (!withdrawals.empty()) {
        const auto& last = withdrawals.back();
        sentence += "; that user has asked for " + text(last, "amount") + " since, which is " +
                    text(last, "status");
    }
    return sentence + ".";
}

std::string where_of_event(const ordered_json& facts, const ordered_json& event) {
    const auto status = text(event, "status");
    const auto& transaction = facts.at("transaction");
    const auto network = text(transaction, "network");
    const auto word = text(transaction, "status");
    if (status == "paid") {
        return where_of_paid(facts, event);
    }
    if (status == "pending") {
        return amount_of(event) + " is expected: " + network + " says " + word +
               ", and nothing is credited before it confirms.";
    }
    if (status == "confirmed") {
        return amount_of(event) + " is confirmed by " + network + " (" + word +
               ") and is credited once it is paid for as far as is asked of that network.";
    }
    if (status == "reversed") {
        return with_reason(amount_of(event) + " was credited at " + text(event, "paid") +
                               " and taken back at " + text(event, "changed") + ": " + network +
                               " says " + word + " now",
                           last_cause(facts));
    }
    return with_reason("No cashback: " + network + " says " + word, last_cause(facts));
}

bool has_moved(const ordered_json& event) {
    const auto status = text(event, "status");
    return status == "paid" || status == "reversed";
}

// Why the network's latest word has had no effect; empty: it has had it.
std::string what_holds_it_up(const ordered_json& transaction) {
    if (const auto problem = text(transaction, "problem"); !problem.empty()) {
        return "Put aside: what " + text(transaction, "network") + " reports cannot be used (" +
               problem + ").";
    }
    if (transaction.value("waits", false)) {
        return "The network's report of " + text(transaction, "changed") +
               " waits for a cashback worker.";
    }
    return {};
}

}  // namespace

std::string where_cashback_is(const ordered_json& facts) {
    if (!facts.contains("transaction")) {
        return where_of_click(facts);
    }
    const auto& transaction = facts.at("transaction");
    const auto& events = facts.at("cashback");
    const auto held_up = what_holds_it_up(transaction);
    // What the network reports later takes no money out of a wallet by itself.
    if (!events.empty() && has_moved(events.back())) {
        const auto sentence = where_of_event(facts, events.back());
        return held_up.empty() ? sentence : sentence + " " + held_up;
    }
    if (!held_up.empty()) {
        return held_up;
    }
    if (const auto why = text(transaction, "unmatched"); !why.empty()) {
        return "No cashback: " + why + ".";
    }
    if (events.empty()) {
        return with_reason("No cashback so far: " + text(transaction, "network") + " says " +
                               text(transaction, "status"),
                           last_cause(facts));
    }
    return where_of_event(facts, events.back());
}

}  // namespace coupon
