// Any bytes as a redirect URL: what is accepted must be written back to the same text.
#include <cstdlib>
#include <string>

#include "core/device.hpp"
#include "core/redirect_path.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    coupon::classify_device(text);
    size_t question = text.find('?');
    if (question != std::string_view::npos) {
        coupon::RedirectArgs args = coupon::parse_redirect_args(text.substr(question + 1));
        if (args.c.size() + args.e.size() + args.s.size() > size) {
            abort();
        }
    }
    auto path = coupon::parse_redirect_path(text.substr(0, question));
    if (!path) {
        return 0;
    }
    std::string again = "/out/" + std::string(path->merchant) + "/" + to_string(path->offer);
    if (path->user != 0) {
        again += "/" + std::to_string(path->user);
    }
    auto second = coupon::parse_redirect_path(again);
    if (!second || second->merchant != path->merchant || second->offer != path->offer ||
        second->user != path->user || again.size() != text.substr(0, question).size()) {
        abort();
    }
    return 0;
}
