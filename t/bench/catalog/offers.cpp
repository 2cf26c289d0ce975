#include "offers.hpp"

#include <time.h>

#include <cstring>
#include <stdexcept>

#include "core/offer_entry.hpp"

using namespace coupon;

namespace bench {

uint64_t scramble(uint64_t value) {
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

Uuid offer_uuid(uint64_t offer) {
    Uuid uuid;
    const uint64_t words[2] = {scramble(offer), scramble(offer + 0x123456789)};
    std::memcpy(uuid.bytes.data(), words, sizeof words);
    return uuid;
}

std::string offer_entry(uint64_t offer, uint32_t revision) {
    OfferSource source;
    source.uuid = offer_uuid(offer);
    source.offer_id = static_cast<int64_t>(offer);
    source.merchant_id = static_cast<int64_t>(1 + offer % 100);
    source.starts_at = revision;
    source.affiliate_id = "aff" + std::to_string(source.merchant_id);
    source.affiliate_url = "https://store-" + std::to_string(source.merchant_id) + ".example/deals/offer-" +
                           std::to_string(offer) + "?sub={subid}&path=";
    const size_t length =
        kDestinationMin_bytes + scramble(offer * 1'000'003 + revision) % kDestinationLengths;
    source.affiliate_url.resize(length, static_cast<char>('a' + revision % 26));
    const CompileResult compiled = compile_destination(source);
    if (!compiled.ok) {
        throw std::runtime_error("a destination does not compile: " + compiled.reason);
    }
    return encode_offer_entry(source, compiled.program);
}

bool is_whole(std::string_view entry, uint64_t offer) {
    const auto view = decode_offer_entry(entry);
    return view && entry == offer_entry(offer, static_cast<uint32_t>(view->starts_at));
}

double thread_cpu_s() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace bench
