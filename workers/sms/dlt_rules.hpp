// What India's DLT demands of who sends a text message, and when. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace coupon {

// The registered header: six letters for transactional messages, six digits for promotional ones.
bool is_sender_id(std::string_view sender, bool promotional) noexcept;

// How long promotional messages have to wait at a Unix time: until ten in the morning,
// Asia/Kolkata; zero from then to nine in the evening.
std::chrono::milliseconds until_promotional_hours(std::int64_t now_ms) noexcept;

}  // namespace coupon
