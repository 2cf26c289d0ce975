#include "couponctl/autoscale_state.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/error.hpp"

namespace coupon {
namespace {

// A timer that stood still for longer than this has seen nothing of what happened meanwhile.
constexpr std::int64_t readings_valid_s = 600;

[[noreturn]] void fail(const std::string& what) {
    const int error = errno;
    throw ConfigError("autoscale: " + what + ": " + std::strerror(error));
}

void write_whole(int fd, const std::string& text, const std::string& path) {
    for (std::size_t done = 0; done < text.size();) {
        const auto written = ::write(fd, text.data() + done, text.size() - done);
        if (written < 0) {
            fail("cannot write " + path);
        }
        done += static_cast<std::size_t>(written);
    }
}

}  // namespace

ScaleState::ScaleState(std::string path) : path_(std::move(path)) {
    std::ifstream file(path_, std::ios::binary);
    if (!file.is_open()) {
        if (errno == ENOENT) {
            return;
        }
        fail("cannot read its state, " + path_);
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    try {
        const auto state = nlohmann::json::parse(text);
        for (const auto& [role, readings] : state.items()) {
            roles_[role] = {readings.at("low").get<int>(), readings.at("at").get<std::int64_t>()};
        }
    } catch (const nlohmann::json::exception&) {
        roles_.clear();
        std::cerr << "couponctl: autoscale: " << path_
                  << " is no state of autoscale and is written anew\n";
    }
}

int ScaleState::low_readings(const std::string& role, std::int64_t now_s) const {
    const auto found = roles_.find(role);
    if (found == roles_.end() || found->second.low < 0 || found->second.at_s > now_s ||
        found->second.at_s < now_s - readings_valid_s) {
        return 0;
    }
    return found->second.low;
}

void ScaleState::set_low_readings(const std::string& role, int readings, std::int64_t now_s) {
    roles_[role] = {readings, now_s};
}

void ScaleState::save() const {
    auto state = nlohmann::json::object();
    for (const auto& [role, readings] : roles_) {
        state[role] = {{"low", readings.low}, {"at", readings.at_s}};
    }
    const auto temporary = path_ + ".new";
    // What was left by a kill, or laid there as a link to another file, is not written into.
    ::unlink(temporary.c_str());
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        fail("cannot write " + temporary);
    }
    try {
        write_whole(fd, state.dump() + "\n", temporary);
    } catch (...) {
        ::close(fd);
        throw;
    }
    if (::fsync(fd) != 0 || ::close(fd) != 0 || ::rename(temporary.c_str(), path_.c_str()) != 0) {
        fail("cannot write " + path_);
    }
}

}  // namespace coupon
