// The place of a record in an edge's journal, and what it says of an entry's identity.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/uuid.hpp"

namespace coupon {

struct JournalPlace {
    Uuid segment;
    std::uint64_t seq;
};

// Nothing unless both are there; records of a segment are numbered in 32 bits, so a larger number is
// nobody's place.
std::optional<JournalPlace> make_place(const std::optional<Uuid>& segment,
                                       const std::optional<std::uint64_t>& seq);

// An id for an entry that has none of its own: made of the place, or of the entry's bytes where it
// has no place, so that a repeat has the same.
Uuid id_of_entry(const std::optional<JournalPlace>& place, std::string_view entry);

}  // namespace coupon
