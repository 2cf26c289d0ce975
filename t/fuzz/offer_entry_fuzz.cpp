// Any bytes as an entry of the catalogue, as damaged memory or a damaged snapshot would give them.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "core/offer_entry.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto offer = coupon::decode_offer_entry({reinterpret_cast<const char*>(data), size});
    if (!offer) {
        return 0;
    }
    offer->live_at(1732104000);
    coupon::MacroValues values{"01934971-927b-7898-afeb-6e96738fe9ca", UINT64_MAX,
                               coupon::Device::desktop, "IN", INT64_MIN};
    std::vector<char> room(coupon::expanded_max_bytes(offer->program, values));
    size_t length = coupon::expand_destination(offer->program, values, room.data());
    if (length > room.size()) {
        abort();
    }
    // A control character is what an entry can hold and a program must not.
    bool control = std::any_of(room.data(), room.data() + length, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    if (length != 0 && control == coupon::valid_program(offer->program)) {
        abort();
    }
    return 0;
}
