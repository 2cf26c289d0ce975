// Destinations: an offer's URL template is checked and compiled once, when the offer enters the
// catalogue, and expanded on every redirect. The program is plain bytes that live in shared memory
// and snapshots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/device.hpp"
#include "core/uuid.hpp"

namespace coupon {

/// A row of offers joined with its merchant.
struct OfferSource {
    int64_t offer_id = 0;
    int64_t merchant_id = 0;
    Uuid uuid;
    std::string merchant_slug;
    std::string affiliate_url;
    std::string tracking_url_template;
    std::string affiliate_id;
    std::string subid_param;
    std::vector<std::string> allowed_hosts;
    int64_t starts_at = INT64_MIN;   // Unix seconds, live from here on; INT64_MIN: open
    int64_t expires_at = INT64_MAX;  // Unix seconds, no longer live from here on; INT64_MAX: open
};

struct CompileResult {
    bool ok = false;
    std::string program;
    std::string reason;  // why the offer stays out of the catalogue, one lower-case clause
};

/// Takes the offer's affiliate_url, else the merchant's tracking_url_template. Static macros become
/// percent-encoded text; the click id is appended as subid_param before a fragment when no macro in
/// front of the fragment carries it.
CompileResult compile_destination(const OfferSource& source);

/// Largest program that compile_destination makes and valid_program accepts.
inline constexpr size_t kProgramMaxBytes = 7900;

struct MacroValues {
    const char* click_id;  // 36 characters
    uint64_t user;         // 0: none, expands to nothing
    Device device;
    std::string_view country;  // percent-encoded; cut at kCountryMaxBytes
    int64_t now_s;
};

inline constexpr size_t kCountryMaxBytes = 32;

/// Room that expand_destination needs; 0 when the program cannot be one.
size_t expanded_max_bytes(std::string_view program, const MacroValues& values) noexcept;

/// Writes the URL and returns its length; 0 when the program is damaged (nothing beyond the room is
/// touched even then).
size_t expand_destination(std::string_view program, const MacroValues& values, char* out) noexcept;

/// True when expand_destination can run the program to its end and its text has no control
/// characters, which an answer's header cannot hold.
bool valid_program(std::string_view program) noexcept;

/// Names of the macros that are filled in at each redirect, in order, repeated ones once.
std::vector<std::string> program_macros(std::string_view program);

}  // namespace coupon
