// What the master does on disk before workers start: the journal's folder, the catalogue's snapshot.
#pragma once

#include "conf.hpp"

#include <string>

namespace coupon {

inline std::string snapshot_path(const MainConf& main) { return main.journal->directory + "/catalog.snapshot"; }

// Creates the folder (0700) and gives it to the workers' user. False: logged, NGINX must not start.
bool prepare_journal_directory(ngx_cycle_t* cycle, const MainConf& main);

// Fills an empty catalogue from the snapshot, so that the first request is answered without
// PostgreSQL. Anything wrong with the file is a log line; the catalogue is then loaded anew.
void load_catalog_snapshot(ngx_cycle_t* cycle, const MainConf& main);

}  // namespace coupon
