#include "runtime/worker_identity.hpp"

#include <unistd.h>

#include <array>
#include <fstream>
#include <random>
#include <string_view>

namespace coupon {
namespace {

std::string random_hex() {
    constexpr std::string_view digits = "0123456789abcdef";
    std::random_device random;
    std::string text;
    for (int i = 0; i < 12; ++i) {
        text += digits[random() % 16];
    }
    return text;
}

}  // namespace

std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    std::string host = name.data();
    for (char& c : host) {
        // ':' separates the parts of a worker id.
        if (c == ':') {
            c = '-';
        }
    }
    return host.empty() ? "localhost" : host;
}

std::string current_pid_scope() {
    std::string boot;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
    std::array<char, 64> space{};
    if (boot.empty() || ::readlink("/proc/self/ns/pid", space.data(), space.size() - 1) <= 0) {
        return {};
    }
    return boot + " " + space.data();
}

WorkerIdentity make_worker_identity(const std::string& role) {
    const auto host = host_name();
    return {role, host, role + ":" + host + ":" + random_hex(), static_cast<int>(::getpid()),
            current_pid_scope()};
}

}  // namespace coupon
