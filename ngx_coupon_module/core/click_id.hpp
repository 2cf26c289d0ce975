// Click ids: UUIDv7 whose last 32 bits are a keyed tag, so that invented sub-ids are refused
// without a look-up. 48 bits of Unix ms, version, 12 + 30 counting bits around the variant, then
// the low half of SipHash-2-4 over the twelve bytes before it, big-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/siphash.hpp"
#include "core/uuid.hpp"

namespace coupon {

/// A key of 32 hexadecimal digits, any case.
std::optional<SipKey> parse_click_key(std::string_view hex) noexcept;

/// Makes ids that never repeat within a process: the count starts at a random point every
/// millisecond, then goes up by one. A clock that steps back is followed, because the id's
/// millisecond is the time of the click.
class ClickIdMaker {
  public:
    /// `seed` must differ between processes; take it from the system's random source.
    ClickIdMaker(SipKey key, uint64_t seed) noexcept : key_(key), random_(seed) {}

    Uuid make(uint64_t now_ms) noexcept;

  private:
    uint64_t next_random() noexcept;

    SipKey key_;
    uint64_t random_;
    uint64_t ms_ = UINT64_MAX;
    uint64_t count_ = 0;
};

/// True when the id is a version 7 UUID whose tag one of the keys made.
bool verify_click_id(const Uuid& id, std::span<const SipKey> keys) noexcept;

/// The Unix milliseconds inside the id.
uint64_t click_id_ms(const Uuid& id) noexcept;

}  // namespace coupon
