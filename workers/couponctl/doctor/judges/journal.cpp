#include "couponctl/doctor/judges/journal.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "couponctl/doctor/judges/sizes.hpp"

namespace coupon::doctor {
namespace {

constexpr std::uint64_t files_least = 10'000;
constexpr std::int64_t sync_slow_us = 20'000;
constexpr std::int64_t sync_too_slow_us = 500'000;

bool is_one_of(const std::string& name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool has_option(const std::string& options, std::string_view wanted) {
    std::size_t start = 0;
    while (start <= options.size()) {
        const auto end = std::min(options.find(',', start), options.size());
        if (std::string_view(options).substr(start, end - start) == wanted) {
            return true;
        }
        start = end + 1;
    }
    return false;
}

void judge_file_system(const JournalFacts& facts, Notes& notes) {
    const auto& kind = facts.file_system;
    const auto what = "it is on " + kind + ", mounted at " + facts.mount_point;
    const std::string remedy = "give coupon_journal a folder of a local disk (ext4, xfs)";
    if (is_one_of(kind, {"tmpfs", "ramfs", "devtmpfs"})) {
        notes.problem(what + ": a reboot loses it", remedy);
    } else if (is_one_of(kind, {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "lustre",
                                "afs", "ocfs2", "gfs2"}) ||
               kind.starts_with("fuse")) {
        notes.problem(what + ", which is not this machine's own: locks and maps may not hold",
                      remedy);
    } else if (is_one_of(kind, {"overlay", "overlayfs", "aufs"})) {
        notes.problem(what + ": it goes with its container", "mount a volume there");
    } else {
        notes.fine(what + " (" + facts.mount_options + ")");
    }
    if (has_option(facts.mount_options, "ro")) {
        notes.problem("it is mounted read-only: clicks are unjournaled",
                      "look into dmesg for errors of the disk; mount -o remount,rw " +
                          facts.mount_point);
    }
    if (has_option(facts.mount_options, "sync")) {
        notes.warn("the mount option sync makes each write wait for the disk",
                   "mount -o remount,async " + facts.mount_point);
    }
}

void judge_access(const JournalFacts& facts, Notes& notes) {
    if (facts.mode != 0700) {
        notes.problem("others may get at it, and it holds addresses and payments",
                      "chmod 700 " + facts.directory);
    }
    if (!facts.expected_owner.empty() && facts.owner != facts.expected_owner) {
        notes.problem("it belongs to " + facts.owner + ", and NGINX's workers are " +
                          facts.expected_owner,
                      "chown -R " + facts.expected_owner + " " + facts.directory);
    }
    if (facts.mode == 0700 &&
        (facts.expected_owner.empty() || facts.owner == facts.expected_owner)) {
        notes.fine("mode 0700, owned by " + facts.owner);
    }
}

void judge_room(const JournalFacts& facts, Notes& notes) {
    const auto free = size_text(facts.free_bytes) + " are free";
    const auto wanted = facts.budget_bytes - std::min(facts.budget_bytes, facts.used_bytes);
    if (facts.budget_bytes == 0) {
        notes.fine(free);
    } else if (facts.free_bytes < wanted) {
        notes.problem(free + ", and the journal may still take " + size_text(wanted) +
                          ": clicks would be unjournaled before its budget is used",
                      "make room, or lower size= and webhooks= of coupon_journal");
    } else {
        notes.fine(free + "; the journal may still take " + size_text(wanted));
    }
    if (facts.files > 0 && facts.free_files < files_least) {
        notes.warn(std::to_string(facts.free_files) + " inodes are free on it",
                   "delete small files there (df -i " + facts.mount_point + ")");
    }
}

}  // namespace

Findings judge_journal(const JournalFacts& facts) {
    Notes notes("Journal", facts.directory);
    if (!facts.failure.empty()) {
        notes.problem(facts.failure,
                      "name coupon_journal's folder with --journal, and run this as root or as "
                      "NGINX's user");
        return notes.take();
    }
    judge_file_system(facts, notes);
    judge_access(facts, notes);
    judge_room(facts, notes);
    if (!facts.sync_us) {
        return notes.take();
    }
    const auto what = "4 KB are on disk after " + std::to_string(*facts.sync_us) + " µs";
    if (*facts.sync_us >= sync_too_slow_us) {
        notes.problem(what + ": webhooks wait as long for their 200",
                      "put the journal on a disk of its own, or a faster one");
    } else if (*facts.sync_us >= sync_slow_us) {
        notes.warn(what, "put the journal on a disk of its own, or a faster one");
    } else {
        notes.fine(what);
    }
    return notes.take();
}

}  // namespace coupon::doctor
