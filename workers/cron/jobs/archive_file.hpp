// A file that rows move into from the database, so that a kill at any moment neither loses nor
// doubles one: gzip members of NDJSON, one a transaction, and only what archived_files.bytes counts
// is in the archive.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "journal/file_lock.hpp"
#include "runtime/log.hpp"
#include "runtime/pg_connection.hpp"

namespace coupon {

// Cuts the folder's files of runs that did not end to what was committed, whichever host they are
// of, and declares them ended. A file that somebody still writes is left to them, and so is one
// that is in no folder of this host's; one that is shorter than what was committed is told of and
// left as it is. Within no transaction. Throws PgError, CommandError.
void repair_archive(PgConnection& pg, const std::string& folder, const Log& log);

// Locked as long as it lives.
class ArchiveFile {
  public:
    // Makes <folder>/<source>-<time>-<random>.ndjson.gz, 0600, and its row. Within no transaction.
    // Throws PgError, CommandError.
    ArchiveFile(PgConnection& pg, const std::string& folder, const std::string& source);

    // Lines of one JSON object each. On disk when this returns; archived once the transaction that
    // it is called in, which also deletes the rows, is committed. Not to be called again once such
    // a transaction was not.
    void append(std::string_view lines, std::int64_t rows);

    // Nothing more comes. Within no transaction. Without a row the file goes as well.
    void finish();

  private:
    void write_member(std::string_view member, std::int64_t rows);

    PgConnection& pg_;
    std::string name_, path_;
    UniqueFd fd_;
    std::int64_t bytes_ = 0, rows_ = 0;
};

}  // namespace coupon
