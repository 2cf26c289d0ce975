#include "clicks/copy_row.hpp"

#include <arpa/inet.h>

#include <array>

namespace coupon {
namespace {

constexpr std::uint32_t text_oid = 25;
constexpr std::int64_t postgres_epoch_ms = 946'684'800'000;  // 2000-01-01 in Unix time
// Address families as inet's receive function numbers them (src/include/utils/inet.h).
constexpr unsigned char pgsql_af_inet = 2;
constexpr unsigned char pgsql_af_inet6 = 3;

}  // namespace

void CopyRow::integer(std::uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        out_ += static_cast<char>(value >> shift);
    }
}

void CopyRow::bigint(std::int64_t value) {
    integer(8, 4);
    integer(static_cast<std::uint64_t>(value), 8);
}

void CopyRow::uuid(const Uuid& value) {
    integer(value.bytes.size(), 4);
    out_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
}

void CopyRow::text(std::string_view value) {
    integer(value.size(), 4);
    out_ += value;
}

void CopyRow::text_array(std::span<const std::string> values) {
    std::uint64_t bytes = values.empty() ? 12 : 20;
    for (const auto& value : values) {
        bytes += 4 + value.size();
    }
    integer(bytes, 4);
    integer(values.empty() ? 0 : 1, 4);  // dimensions
    integer(0, 4);                       // no NULLs
    integer(text_oid, 4);
    if (!values.empty()) {
        integer(values.size(), 4);
        integer(1, 4);  // lower bound
    }
    for (const auto& value : values) {
        text(value);
    }
}

void CopyRow::timestamp_ms(std::uint64_t unix_ms) {
    bigint((static_cast<std::int64_t>(unix_ms) - postgres_epoch_ms) * 1000);
}

void CopyRow::inet(const std::string& address) {
    std::array<unsigned char, 16> bytes{};
    unsigned char family = 0;
    std::size_t size = 0;
    if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) {
        family = pgsql_af_inet;
        size = 4;
    } else if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) {
        family = pgsql_af_inet6;
        size = 16;
    } else {
        null();
        return;
    }
    integer(4 + size, 4);
    integer(family, 1);
    integer(size * 8, 1);  // prefix length: the whole address
    integer(0, 1);         // inet, not cidr
    integer(size, 1);
    out_.append(reinterpret_cast<const char*>(bytes.data()), size);
}

}  // namespace coupon
