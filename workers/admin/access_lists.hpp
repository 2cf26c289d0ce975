// ADMIN_PASSWORDS and ADMIN_TOKENS as they are now: read again whenever a file changed. Safe to use
// from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "admin/credentials.hpp"
#include "runtime/log.hpp"

namespace coupon {

// One of the files.
class WatchedCredentials {
  public:
    using Parse = CredentialFile (*)(std::string_view text);

    // `path` empty: there is no such file, and so nobody in it.
    WatchedCredentials(std::string variable, std::string path, Parse parse, const Log& log);

    // A file that cannot be read lets nobody in; the log says so once.
    std::shared_ptr<const CredentialFile> current();
    // The file's entry of that name, now.
    std::optional<Credential> find(const std::string& name);

  private:
    // What tells one content of the file from another.
    struct Stamp {
        std::uint64_t device = 0, inode = 0;
        std::int64_t bytes = -1, modified_ns = 0, changed_ns = 0;
        friend bool operator==(const Stamp&, const Stamp&) = default;
    };

    Stamp stamp() const noexcept;
    void take(std::optional<std::string> text);

    const std::string variable_, path_;
    const Parse parse_;
    const Log& log_;
    std::mutex mutex_;
    Stamp seen_;
    bool settled_ = false;  // old enough that another change would show in the stamp
    bool taken_ = false;
    std::optional<std::string> text_;  // nothing: it could not be read
    std::shared_ptr<const CredentialFile> file_ = std::make_shared<CredentialFile>();
};

}  // namespace coupon
