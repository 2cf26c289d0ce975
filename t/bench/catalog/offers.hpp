// Offers as the catalogue keeps them, made from a number and a revision; and what a measurement needs.
#pragma once

#include <cstdint>
#include <string>

#include "core/uuid.hpp"

namespace bench {

// Destinations have 80 to 240 bytes, every length equally often: 160 on average.
inline constexpr unsigned kDestinationMin_bytes = 80;
inline constexpr unsigned kDestinationLengths = 161;

coupon::Uuid offer_uuid(uint64_t offer);

// The entry that PostgreSQL's row would become. Its revision stands where it can be read back: as the
// second from which the offer is live.
std::string offer_entry(uint64_t offer, uint32_t revision);

// Whether the bytes are that offer's entry, whole, of one revision.
bool is_whole(std::string_view entry, uint64_t offer);

uint64_t scramble(uint64_t value);
double thread_cpu_s();

}  // namespace bench
