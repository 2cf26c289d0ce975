#include "journal_directory.hpp"

#include "clock.hpp"
#include "zones.hpp"

#include "catalog/snapshot.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace coupon {
namespace {

bool make_directories(const std::string& path) {
    for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        if (mkdir(path.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST) {
            return false;
        }
    }
    return mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
}

bool complain(ngx_cycle_t* cycle, const std::string& path, const char* what) {
    ngx_log_error(NGX_LOG_EMERG, cycle->log, errno, "\"coupon_journal\": %s %s", what, path.c_str());
    return false;
}

}  // namespace

bool prepare_journal_directory(ngx_cycle_t* cycle, const MainConf& main) {
    const std::string& path = main.journal->directory;
    if (!make_directories(path)) {
        return complain(cycle, path, "cannot create");
    }
    struct stat state {};
    if (stat(path.c_str(), &state) != 0 || !S_ISDIR(state.st_mode)) {
        errno = ENOTDIR;
        return complain(cycle, path, "cannot use");
    }
    if (chmod(path.c_str(), 0700) != 0) {
        return complain(cycle, path, "cannot set mode 0700 on");
    }
    const auto* core = reinterpret_cast<ngx_core_conf_t*>(ngx_get_conf(cycle->conf_ctx, ngx_core_module));
    if (geteuid() == 0 && core->user != static_cast<ngx_uid_t>(NGX_CONF_UNSET_UINT) && core->user != state.st_uid &&
        chown(path.c_str(), core->user, static_cast<gid_t>(-1)) != 0) {
        return complain(cycle, path, "cannot give to the workers' user");
    }
    return true;
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
