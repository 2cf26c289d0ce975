// Any text as REDIS_URL, as what libpq says of DATABASE_URL, or as a network's map of fields: read,
// or refused with a sentence in which the password does not stand.
#include "cashback/networks/field_map.hpp"
#include "check.hpp"
#include "core/connection_text.hpp"
#include "runtime/error.hpp"
#include "runtime/redis_address.hpp"

namespace {

void check_redis(const std::string& url) {
    try {
        const auto address = coupon::parse_redis_url(url);
        check(address.unix_path.empty() != address.endpoints.empty());
        check(address.db >= 0);
        for (const auto& endpoint : address.endpoints) {
            check(!endpoint.host.empty() && endpoint.port > 0 && endpoint.port <= 65535);
        }
    } catch (const coupon::ConfigError& refusal) {
        check(is_storable(refusal.what()) && *refusal.what() != '\0');
    }
}

/// Behind "://:" and before '@' a password that no message may hold.
void check_secret(std::string_view rest) {
    const std::string password = "Sesame-0pen";
    if (rest.find(password) != std::string_view::npos) {
        return;
    }
    for (const auto* scheme : {"redis://:", "redis+sentinel://:", "unix://:"}) {
        try {
            const auto address = coupon::parse_redis_url(scheme + password + std::string(rest));
            check(address.text().find(password) == std::string::npos ||
                  rest.find('@') == std::string_view::npos);
        } catch (const coupon::ConfigError& refusal) {
            check(std::string_view(refusal.what()).find(password) == std::string_view::npos);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto text = text_of(data, size);
    check_redis(std::string(text));
    check_secret(text);
    const auto quiet = coupon::without_quoted(text);
    check(quiet.find('\n') == std::string::npos);
    try {
        const auto map = coupon::FieldMap().set(coupon::Field::id, "id").with(std::string(text), "FIELDS");
        check(!map.name(coupon::Field::id).empty());
    } catch (const coupon::ConfigError& refusal) {
        check(*refusal.what() != '\0');
    }
    const auto url = take_until(text);
    const auto hosts = take_until(text);
    const auto ports = take_until(text);
    const auto misread = coupon::misread_postgres_text(url, hosts, ports, text);
    check(is_printable(misread));
    return 0;
}
