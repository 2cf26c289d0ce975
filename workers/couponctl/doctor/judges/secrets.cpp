#include "couponctl/doctor/judges/secrets.hpp"

#include <algorithm>

namespace coupon::doctor {
namespace {

constexpr unsigned others_may = 0007;
constexpr unsigned group_writes = 0020;
constexpr unsigned group_reads = 0040;

void judge_secret(const SecretFacts& secret, Notes& notes) {
    const auto where = secret.path.empty() ? secret.name : secret.name + " " + secret.path;
    if (!secret.failure.empty()) {
        notes.warn(secret.failure, "run this as root or as the user that reads it", where);
        return;
    }
    bool good = true;
    const auto bad = [&](const std::string& what, const std::string& remedy) {
        good = false;
        notes.problem(what, remedy, where);
    };
    if (!secret.path.empty() && (secret.mode & others_may) != 0) {
        bad("every user of this machine may read it", "chmod o= " + secret.path);
    }
    if (!secret.path.empty() && (secret.mode & group_writes) != 0) {
        bad("its group may write it", "chmod g-w " + secret.path);
    }
    if (!secret.path.empty() && (secret.mode & group_reads) != 0 && secret.common_group) {
        notes.warn("its group may read it", "chmod g= " + secret.path + ", unless a service in it needs it",
                   where);
        good = false;
    }
    if (secret.foreign_owner) {
        notes.warn("it belongs to another user, who may change it", "chown root " + secret.path, where);
        good = false;
    }
    if (!secret.open_folder.empty()) {
        bad("others may put another file in its place: they may write " + secret.open_folder,
            "chmod go-w " + secret.open_folder);
    }
    const auto place = secret.path.empty() ? secret.name : secret.path;
    if (secret.shortest == 0) {
        bad("it is empty", "put the secret into " + place);
    } else if (secret.hex_key && !secret.all_hex) {
        bad("a click key is not 32 hexadecimal digits", "openssl rand -hex 16 > " + place);
    } else if (secret.shortest < secret.least) {
        bad("a secret of " + std::to_string(secret.shortest) + " bytes can be guessed",
            "openssl rand -hex 24, and tell whoever else knows it");
    }
    if (secret.stray_space) {
        bad("it begins or ends with a space, tab or carriage return, which counts as part of it",
            secret.path.empty() ? "set " + secret.name + " without it"
                                : "sed -i 's/^[ \\t]*//; s/[ \\t\\r]*$//' " + secret.path);
    }
    if (good) {
        notes.fine("it can be a secret, and only those who need it can read it", where);
    }
}

void judge_keys(const ClickKeys& keys, Notes& notes) {
    if (!keys.edge || !keys.worker || keys.edge->empty() || keys.worker->empty()) {
        return;
    }
    const auto& known = *keys.worker;
    if (std::find(known.begin(), known.end(), keys.edge->front()) == known.end()) {
        notes.problem("the key that the edge signs with is none of the workers': cashback is not "
                      "matched to clicks",
                      "give coupon_click_key and COUPON_CLICK_KEY the same keys", "COUPON_CLICK_KEY");
    } else {
        notes.fine("edge and workers have the same click key", "COUPON_CLICK_KEY");
    }
}

}  // namespace

Findings judge_secrets(const std::vector<SecretFacts>& secrets, const ClickKeys& keys) {
    Notes notes("Secrets", "");
    for (const auto& secret : secrets) {
        judge_secret(secret, notes);
    }
    judge_keys(keys, notes);
    return notes.take();
}

}  // namespace coupon::doctor
