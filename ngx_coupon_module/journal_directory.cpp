#include "journal_directory.hpp"

#include "clock.hpp"
#include "zones.hpp"

#include "catalog/snapshot.hpp"

#include "journal/file_lock.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace coupon {
namespace {

bool complain(ngx_cycle_t* cycle, const std::string& path, const char* what, int error_number) {
    ngx_log_error(NGX_LOG_EMERG, cycle->log, error_number, "\"coupon_journal\": %s %s", what, path.c_str());
    return false;
}

// Folders above the journal are ordinary ones; the last is for the workers alone. `created` tells
// whether it is new.
bool make_directories(const std::string& path, bool& created) {
    for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        if (mkdir(path.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST) {
            return false;
        }
    }
    created = mkdir(path.c_str(), 0700) == 0;
    return created || errno == EEXIST;
}

// The root of a fresh file system counts as empty.
bool is_empty(int directory) {
    const int copy = fcntl(directory, F_DUPFD_CLOEXEC, 0);
    DIR* listing = copy < 0 ? nullptr : fdopendir(copy);
    if (listing == nullptr) {
        return false;
    }
    bool empty = true;
    while (const dirent* entry = readdir(listing)) {
        const std::string_view name = entry->d_name;
        empty = empty && (name == "." || name == ".." || name == "lost+found");
    }
    closedir(listing);
    return empty;
}

// The master is root: it gives away only what it has just made, or an empty folder of root's, and
// follows no link, so that nobody can make it give away something else.
bool give_to_workers(ngx_cycle_t* cycle, const std::string& path, bool created) {
    const UniqueFd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat state {};
    if (!directory || fstat(directory.get(), &state) != 0) {
        return complain(cycle, path, "needs a folder that is no symbolic link:", errno);
    }
    const auto* core = reinterpret_cast<ngx_core_conf_t*>(ngx_get_conf(cycle->conf_ctx, ngx_core_module));
    const bool root = geteuid() == 0 && core->user != static_cast<ngx_uid_t>(NGX_CONF_UNSET_UINT);
    const uid_t owner = root ? core->user : geteuid();
    if (state.st_uid != owner) {
        if (!created && (state.st_uid != geteuid() || !is_empty(directory.get()))) {
            return complain(cycle, path, "must belong to the workers' user; chown it, or name an empty folder:", 0);
        }
        if (fchown(directory.get(), owner, static_cast<gid_t>(-1)) != 0) {
            return complain(cycle, path, "cannot give to the workers' user", errno);
        }
    }
    if ((state.st_mode & 07777) != 0700 && fchmod(directory.get(), 0700) != 0) {
        return complain(cycle, path, "cannot set mode 0700 on", errno);
    }
    return true;
}

// A worker holds one segment and two spares; a reload doubles the workers for a while.
bool budget_fits(ngx_cycle_t* cycle, const JournalConf& journal, const char* parameter, uint64_t budget_bytes,
                 const char* otherwise) {
    const auto* core = reinterpret_cast<ngx_core_conf_t*>(ngx_get_conf(cycle->conf_ctx, ngx_core_module));
    const uint64_t held = 3 * static_cast<uint64_t>(core->worker_processes) * journal.segment_bytes;
    if (budget_bytes < held) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"coupon_journal\": %s is below three segments for each of %i workers; raise it or lower segment=",
                      parameter, core->worker_processes);
        return false;
    }
    if (budget_bytes < 2 * held) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"coupon_journal\": %s is below six segments for each of %i workers: during a reload %s", parameter,
                      core->worker_processes, otherwise);
    }
    return true;
}

bool budgets_fit(ngx_cycle_t* cycle, const MainConf& main) {
    const JournalConf& journal = *main.journal;
    return (!main.redirects || budget_fits(cycle, journal, "size=", journal.size_bytes, "clicks may go unjournaled")) &&
           (!main.webhooks ||
            budget_fits(cycle, journal, "webhooks=", journal.webhooks_bytes, "webhooks may be answered 503"));
}

}  // namespace

bool prepare_journal_directory(ngx_cycle_t* cycle, const MainConf& main) {
    if (!budgets_fit(cycle, main)) {
        return false;
    }
    if (ngx_test_config) {
        return true;
    }
    const std::string& path = main.journal->directory;
    bool created = false;
    if (!make_directories(path, created)) {
        return complain(cycle, path, "cannot create", errno);
    }
    return give_to_workers(cycle, path, created);
}

void load_catalog_snapshot(ngx_cycle_t* cycle, const MainConf& main) {
    CatalogZone& catalog = catalog_of(main.catalog_zone);
    const std::string path = snapshot_path(main);
    if (catalog.loaded_once() || access(path.c_str(), F_OK) != 0) {
        return;
    }
    const SnapshotLoaded loaded = load_snapshot(path, catalog, boottime_ms());
    if (!loaded.error.empty()) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0, "coupon: snapshot %s not used: %s", path.c_str(),
                      loaded.error.c_str());
        return;
    }
    ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0, "coupon: %uL offers loaded from %s", loaded.entries, path.c_str());
    if (!loaded.in_full) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "coupon: snapshot %s is damaged: %uL offers skipped%s; all offers are read from PostgreSQL",
                      path.c_str(), loaded.damaged, loaded.truncated ? ", its end is missing" : "");
    }
}

}  // namespace coupon
