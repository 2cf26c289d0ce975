// Shared memory, entries and child processes for the catalogue's tests.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "catalog/catalog_zone.hpp"
#include "core/offer_entry.hpp"

namespace coupon::test {

// Anonymous memory that forked children share, as NGINX's zones are.
class SharedMemory {
  public:
    explicit SharedMemory(std::size_t bytes) : bytes_(bytes) {
        memory_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory_ == MAP_FAILED) {
            throw std::bad_alloc();
        }
    }
    ~SharedMemory() { munmap(memory_, bytes_); }
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    void* data() const { return memory_; }
    std::size_t size() const { return bytes_; }
    std::uint64_t* words() const { return static_cast<std::uint64_t*>(memory_); }

  private:
    void* memory_;
    std::size_t bytes_;
};

inline std::uint64_t scramble(std::uint64_t value) {
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

inline Uuid offer_uuid(std::uint64_t offer) {
    Uuid uuid;
    const std::uint64_t words[2] = {scramble(offer), scramble(offer + 0x123456789)};
    std::memcpy(uuid.bytes.data(), words, sizeof words);
    return uuid;
}

// An entry whose program has one literal, every byte of which follows from the offer, the revision
// and the length, so that a mixture of two entries shows. Below 6 bytes it is no whole program.
inline std::string make_entry(std::uint64_t offer, std::uint64_t revision,
                              std::size_t program_bytes,
                              std::int64_t expires_at = std::numeric_limits<std::int64_t>::max()) {
    OfferSource source;
    source.uuid = offer_uuid(offer);
    source.offer_id = static_cast<std::int64_t>(offer);
    source.merchant_id = static_cast<std::int64_t>(offer % 100);
    source.starts_at = static_cast<std::int64_t>(revision);
    source.expires_at = expires_at;
    std::string program(program_bytes, '\0');
    std::uint64_t state = scramble(offer * 1'000'003 + revision) + program_bytes;
    for (std::size_t i = 0; i < program.size(); ++i) {
        if (i % 8 == 0) {
            state = scramble(state + 1);
        }
        program[i] = static_cast<char>('!' + (state >> i % 8 * 8 & 0xff) % 94);
    }
    constexpr std::size_t around = 5;  // version, no macros, length of the literal; its end
    if (program_bytes > around) {
        const auto literal = static_cast<std::uint16_t>(program_bytes - around);
        program[0] = 1;
        program[1] = 0;
        std::memcpy(&program[2], &literal, sizeof literal);
        program.back() = 0;
    }
    return encode_offer_entry(source, program);
}

// Whether the bytes are one whole entry of that offer, of any revision.
inline bool is_whole(std::string_view entry, std::uint64_t offer) {
    const auto view = decode_offer_entry(entry);
    return view && view->uuid == offer_uuid(offer) &&
           entry == make_entry(offer, static_cast<std::uint64_t>(view->starts_at),
                               view->program.size(), view->expires_at);
}

struct Lookup {
    char bytes[CatalogZone::kBufferBytes];
    std::string_view of(const CatalogZone& zone, std::uint64_t offer) {
        return {bytes, zone.lookup(offer_uuid(offer), bytes, sizeof bytes)};
    }
};

// Runs `body` in a child; its result is the exit status.
template <class Body>
pid_t start_child(Body body) {
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when the test ends early
        _exit(body());
    }
    return child;
}

// The child's exit status, or minus the signal that ended it.
inline int wait_child(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

inline std::string damage(CatalogZone& zone) {
    return std::string(zone.find_damage().value_or(""));
}

}  // namespace coupon::test
