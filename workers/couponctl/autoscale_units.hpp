// The instances of a role as systemd has them: coupon-worker-<role>@<number>.service. The only
// place that runs systemctl.
#pragma once

#include <string>
#include <vector>

namespace coupon {

struct RoleUnits {
    std::vector<int> running;  // ascending; those that just start count, those that end do not
    std::vector<int> failed;   // ascending
};

class Systemd {
  public:
    explicit Systemd(std::string systemctl) : systemctl_(std::move(systemctl)) {}

    // All throw CommandError with what systemctl said.
    RoleUnits units(const std::string& role) const;
    // Only asks for it; systemd does it afterwards.
    void start(const std::string& role, const std::vector<int>& numbers) const;
    void stop(const std::string& role, const std::vector<int>& numbers) const;

  private:
    void ask(const char* verb, const std::string& role, const std::vector<int>& numbers) const;

    std::string systemctl_;
};

}  // namespace coupon
