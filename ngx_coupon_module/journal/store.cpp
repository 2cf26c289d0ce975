#include "journal/store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "journal/file_space.hpp"
#include "journal/open_file.hpp"
#include "journal/random_uuid.hpp"

namespace coupon {

namespace {

// Settled files past their time that wait to be written anew; more are removed, so that the space
// of a backlog comes back after it has drained.
constexpr size_t kExpiredFiles_max = 16;

std::vector<SegmentName> only(JournalKind kind, std::vector<SegmentName> names) {
    std::erase_if(names, [kind](const SegmentName& name) { return name.kind != kind; });
    return names;
}

}  // namespace

std::unique_ptr<JournalStore> JournalStore::open(StoreOptions options,
                                                 std::shared_ptr<SegmentMap> map,
                                                 std::string& error) {
    std::unique_ptr<JournalStore> store(new JournalStore(std::move(options), std::move(map)));
    const StoreOptions& chosen = store->options_;
    store->owner_ = random_uuid();
    store->folder_ = writer_path(chosen.directory, store->owner_);

    auto lock = lock_folder(chosen.directory, error);
    if (!lock || !make_folder(writers_path(chosen.directory), error) ||
        !make_folder(settled_path(chosen.directory), error) ||
        !make_folder(store->folder_, error)) {
        return nullptr;
    }
    store->owner_lock_ =
        FileLock::try_take(store->folder_ + "/lock", FileLock::Mode::exclusive, true, error);
    if (!store->owner_lock_) {
        return nullptr;
    }
    if (chosen.durable && (!sync_folder(chosen.directory, error) ||
                           !sync_folder(writers_path(chosen.directory), error))) {
        return nullptr;
    }
    auto slot = store->map_->claim(store->owner_, store->owner_, chosen.kind, true);
    if (!slot) {
        error = chosen.directory + "/segments.map has no free slot";
        return nullptr;
    }
    store->writer_slot_ = *slot;
    return store;
}

uint64_t JournalStore::unix_ms() const {
    if (options_.unix_ms != nullptr) {
        return options_.unix_ms();
    }
    using namespace std::chrono;
    return static_cast<uint64_t>(
        duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

bool JournalStore::expired(const SegmentName& settled, uint64_t now_ms) const noexcept {
    // A stamp from a clock that ran ahead must not keep its file for ever.
    uint64_t age_ms =
        now_ms > settled.settled_ms ? now_ms - settled.settled_ms : settled.settled_ms - now_ms;
    return age_ms > options_.keep_ms;
}

uint64_t JournalStore::used_bytes() const {
    uint64_t used = 0;
    auto add = [&](const std::vector<SegmentName>& names) {
        for (const SegmentName& name : names) {
            used += name.kind == options_.kind ? name.file_bytes : 0;
        }
    };
    add(list_settled(options_.directory));
    for (const Uuid& owner : list_owners(options_.directory)) {
        add(list_writer(options_.directory, owner));
    }
    return used;
}

PrepareResult JournalStore::prepare() {
    PrepareResult result;
    SegmentIdentity identity{random_uuid(), options_.kind, options_.segment_bytes, unix_ms(),
                             options_.edge};
    std::string path = folder_ + "/" + segment_name(options_.kind, identity.id);
    std::string unfinished = path.substr(0, path.rfind('.')) + ".new";

    UniqueFd fd;
    if (auto lock = lock_folder(options_.directory, result.error)) {
        fd = take_file(unfinished, result);
    }
    if (!fd) {
        return result;
    }
    // Ours alone from here on, and counted in the budget, so the slow part needs no lock. A process
    // killed here leaves a .new file, which whoever adopts this folder removes.
    auto segment = SegmentFile::begin(std::move(fd), unfinished, identity, result.error);
    if (segment && options_.durable && ::fdatasync(segment->body()->fd.get()) != 0) {
        result.error = system_error("sync", unfinished, errno);
        segment.reset();
    }
    if (segment) {
        if (auto lock = lock_folder(options_.directory, result.error)) {
            // The slot first: there is never a segment without one.
            auto slot = map_->claim(identity.id, owner_, options_.kind, false);
            if (!slot) {
                result.error = options_.directory + "/segments.map has no free slot";
            } else if (::rename(unfinished.c_str(), path.c_str()) != 0) {
                result.error = system_error("rename", unfinished, errno);
                map_->mark_done(*slot);
            } else {
                segment->set_slot(*slot);
                result.segment = std::move(segment);
            }
        }
    }
    if (!result.segment) {
        ::unlink(unfinished.c_str());
    } else if (options_.durable && !sync_folder(folder_, result.error)) {
        std::string ignored;
        retire(identity.id, result.segment->slot(), false, ignored);
        result.segment.reset();
    }
    return result;
}

// The order: settled for longer than keep, a new file, settled for less, none.
UniqueFd JournalStore::take_file(const std::string& path, PrepareResult& result) const {
    auto settled = only(options_.kind, list_settled(options_.directory));
    uint64_t used = used_bytes();
    // Files of another `segment=` are of no use.
    std::erase_if(settled, [&](const SegmentName& name) {
        bool other = name.file_bytes != options_.segment_bytes;
        if (other && ::unlink(name.path.c_str()) == 0) {
            used -= name.file_bytes;
        }
        return other;
    });
    uint64_t now_ms = unix_ms();
    for (const SegmentName& name : settled) {
        if (expired(name, now_ms)) {
            return reuse(name, path, result.error);
        }
    }
    if (used + options_.segment_bytes <= options_.budget_bytes) {
        UniqueFd fd = create(path, result.error);
        if (fd || settled.empty()) {
            return fd;
        }
    }
    if (!settled.empty()) {
        result.error.clear();
        return reuse(settled.front(), path, result.error);
    }
    result.full = true;
    return UniqueFd();
}

UniqueFd JournalStore::create(const std::string& path, std::string& error) const {
    UniqueFd fd = open_file(path, O_RDWR | O_CREAT | O_EXCL, error);
    if (fd && !allocate_file(fd.get(), path, options_.segment_bytes, error)) {
        ::unlink(path.c_str());
        return UniqueFd();
    }
    return fd;
}

UniqueFd JournalStore::reuse(const SegmentName& settled, const std::string& path,
                             std::string& error) const {
    if (::rename(settled.path.c_str(), path.c_str()) != 0) {
        error = system_error("rename", settled.path, errno);
        return UniqueFd();
    }
    UniqueFd fd = open_file(path, O_RDWR, error);
    if (fd && !allocate_file(fd.get(), path, options_.segment_bytes, error)) {
        fd = UniqueFd();
    }
    if (!fd) {
        ::unlink(path.c_str());
    }
    return fd;
}

std::unique_ptr<LoadedRecords> JournalStore::load(const Uuid& segment, uint64_t file_bytes,
                                                  uint32_t records, std::string& error) const {
    return load_records(folder_ + "/" + segment_name(options_.kind, segment), segment, file_bytes,
                        records, records, error);
}

bool JournalStore::retire(const Uuid& segment, SlotId slot, bool used, std::string& error) {
    error.clear();
    auto lock = lock_folder(options_.directory, error);
    if (!lock || !settle_file(segment, used, error)) {
        return false;
    }
    map_->mark_done(slot);
    remove_surplus();
    return true;
}

// An unused file is stamped 0: the first to be written anew.
bool JournalStore::settle_file(const Uuid& segment, bool used, std::string& error) const {
    std::string path = folder_ + "/" + segment_name(options_.kind, segment);
    std::string kept = settled_path(options_.directory) + "/" +
                       settled_name(used ? unix_ms() : 0, options_.kind, segment);
    bool over_budget = used_bytes() > options_.budget_bytes;
    int result = over_budget ? ::unlink(path.c_str()) : ::rename(path.c_str(), kept.c_str());
    if (result != 0 && errno != ENOENT) {
        error = system_error(over_budget ? "remove" : "rename", path, errno);
        return false;
    }
    return true;
}

void JournalStore::remove_surplus() const {
    auto settled = only(options_.kind, list_settled(options_.directory));
    uint64_t now_ms = unix_ms();
    std::erase_if(settled, [&](const SegmentName& name) { return !expired(name, now_ms); });
    for (size_t at = 0; at + kExpiredFiles_max < settled.size(); ++at) {
        ::unlink(settled[at].path.c_str());
    }
}

}  // namespace coupon
