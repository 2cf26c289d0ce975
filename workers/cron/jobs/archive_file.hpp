// A file that rows move into from the database, so that a kill at any moment neither loses nor
// doubles one: gzip members of NDJSON, one a transaction, and only what archived_files.bytes counts
// is in the archive.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "journal/file_lock.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// Cuts this host's files of runs that did not end to what was committed, and declares them ended.
// Within no transaction. Throws PgError, CommandError.
void repair_archive(PgConnection& pg, const std::string& folder);

class ArchiveFile {
  public:
    // Makes <folder>/<source>-<time>-<random>.ndjson.gz, 0600, and its row. Within no transaction.
    // Throws PgError, CommandError.
    ArchiveFile(PgConnection& pg, const std::string& folder, const std::string& source);

    // Lines of one JSON object each. On disk when this returns; archived once the transaction that
    // it is called in, which also deletes the rows, is committed.
    void append(std::string_view lines, std::int64_t rows);

    // Nothing more comes. Within no transaction. Without a row the file goes as well.
    void finish();

  private:
    PgConnection& pg_;
    std::string name_, path_;
    UniqueFd fd_;
    std::int64_t bytes_ = 0, rows_ = 0;
};

}  // namespace coupon
