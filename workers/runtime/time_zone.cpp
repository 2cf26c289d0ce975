#include "runtime/time_zone.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "runtime/environment.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr const char* zone_directory = "/usr/share/zoneinfo/";
constexpr std::size_t header_bytes = 44;
constexpr std::size_t type_bytes = 6;
constexpr std::int64_t year_2037_s = 2'114'380'800;

// Big-endian numbers of a zone file (RFC 8536), which ends where it must not: `good` is false then.
struct Bytes {
    std::string_view rest;
    bool good = true;

    std::int64_t number(std::size_t size) {
        const auto part = take(size);
        std::uint64_t value = !part.empty() && (part[0] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
        for (const char c : part) {
            value = value << 8 | static_cast<unsigned char>(c);
        }
        return static_cast<std::int64_t>(value);
    }

    std::string_view take(std::size_t size) {
        good = good && rest.size() >= size;
        const auto part = rest.substr(0, good ? size : 0);
        rest.remove_prefix(part.size());
        return part;
    }
};

struct Counts {
    std::size_t utc = 0, standard = 0, leaps = 0, changes = 0, types = 0, letters = 0;

    [[nodiscard]] std::size_t block_bytes(std::size_t time_bytes) const {
        return changes * (time_bytes + 1) + types * type_bytes + letters +
               leaps * (time_bytes + 4) + standard + utc;
    }
};

Counts read_header(Bytes& bytes) {
    bytes.good = bytes.good && bytes.rest.starts_with("TZif");
    bytes.take(header_bytes - 6 * 4);
    Counts counts;
    for (auto* count : {&counts.utc, &counts.standard, &counts.leaps, &counts.changes,
                        &counts.types, &counts.letters}) {
        *count = static_cast<std::size_t>(bytes.number(4));
        bytes.good = bytes.good && *count <= 100'000;
    }
    return counts;
}

std::optional<std::int64_t> fixed_offset(std::string_view name) {
    const auto two_digits = [name](std::size_t at) {
        const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : 1000; };
        return digit(name[at]) * 10 + digit(name[at + 1]);
    };
    if (name.size() != 6 || (name[0] != '+' && name[0] != '-') || name[3] != ':' ||
        two_digits(1) > 15 || two_digits(4) > 59) {
        return std::nullopt;
    }
    return (name[0] == '-' ? -60 : 60) * (two_digits(1) * 60 + two_digits(4));
}

}  // namespace

std::optional<TimeZone> TimeZone::find(const std::string& name) {
    TimeZone zone;
    if (name == "UTC") {
        return zone;
    }
    if (const auto offset = fixed_offset(name)) {
        zone.first_offset_s_ = *offset;
        return zone;
    }
    return read_file(name);
}

std::optional<TimeZone> TimeZone::read_file(const std::string& name) {
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '/' || c == '_' || c == '-' || c == '+';
    });
    if (!plain || name.empty() || name.front() == '/') {
        return std::nullopt;
    }
    const auto path = zone_directory + name;
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) {
        return std::nullopt;
    }
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    Bytes bytes{text};
    // The first block has times of four bytes, for old readers.
    bytes.take(read_header(bytes).block_bytes(4));
    const auto counts = read_header(bytes);
    std::vector<std::int64_t> times;
    for (std::size_t i = 0; bytes.good && i < counts.changes; ++i) {
        times.push_back(bytes.number(8));
    }
    const auto types_of = bytes.take(counts.changes);
    std::vector<std::int64_t> offsets;
    for (std::size_t i = 0; bytes.good && i < counts.types; ++i) {
        offsets.push_back(bytes.number(4));
        bytes.take(type_bytes - 4);
    }
    bytes.take(counts.letters + counts.leaps * 12 + counts.standard + counts.utc);
    // Clocks that go on changing by a rule, which only the text at the end tells: the list of
    // changes has to reach far enough instead.
    const bool by_rule = bytes.rest.find(',') != std::string_view::npos;
    if (!bytes.good || offsets.empty() ||
        (by_rule && (times.empty() || times.back() < year_2037_s))) {
        return std::nullopt;
    }
    TimeZone zone;
    zone.first_offset_s_ = offsets.front();
    for (std::size_t i = 0; i < times.size(); ++i) {
        const auto type = static_cast<unsigned char>(types_of[i]);
        if (type >= offsets.size()) {
            return std::nullopt;
        }
        zone.changes_.push_back({times[i], offsets[type]});
    }
    return zone;
}

std::int64_t TimeZone::offset_at(std::int64_t unix_s) const {
    const auto after = std::upper_bound(
        changes_.begin(), changes_.end(), unix_s,
        [](std::int64_t at_s, const Change& change) { return at_s < change.at_s; });
    return after == changes_.begin() ? first_offset_s_ : std::prev(after)->offset_s;
}

std::int64_t TimeZone::unix_time(std::int64_t local_s) const {
    const auto close = local_s - offset_at(local_s);
    return local_s - offset_at(close);
}

TimeZone configured_time_zone(const std::string& variable, const std::string& by_default) {
    const auto name = environment_value(variable).value_or(by_default);
    auto zone = TimeZone::find(name);
    if (!zone) {
        throw ConfigError(variable +
                          " names no time zone this system knows: give one like UTC, "
                          "Asia/Kolkata or +05:30");
    }
    return *std::move(zone);
}

}  // namespace coupon
