// What autoscale remembers between two runs: how many readings in a row were low, by role.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace coupon {

class ScaleState {
  public:
    // A file that is not there is an empty state; so is one that cannot be understood, which is
    // told on standard error: scaling down only begins to count anew. Throws ConfigError where it
    // cannot be read.
    explicit ScaleState(std::string path);

    // Nothing where the last reading is so old, or so far ahead, that it says nothing about now.
    [[nodiscard]] int low_readings(const std::string& role, std::int64_t now_s) const;
    void set_low_readings(const std::string& role, int readings, std::int64_t now_s);

    // Replaces the file in one step. Throws ConfigError, with the file's name and why.
    void save() const;

  private:
    struct Readings {
        int low = 0;
        std::int64_t at_s = 0;
    };

    std::string path_;
    std::map<std::string, Readings> roles_;
};

}  // namespace coupon
