// What couponctl doctor found out about one thing.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace coupon::doctor {

enum class Level { ok, warning, problem };

inline const char* level_name(Level level) {
    switch (level) {
        case Level::ok:
            return "ok";
        case Level::warning:
            return "warning";
        case Level::problem:
            break;
    }
    return "problem";
}

struct Finding {
    Level level;
    std::string group;   // "Redis"
    std::string where;   // an address, a path, a setting's name
    std::string what;    // one sentence; never a secret
    std::string remedy;  // a command or a setting; empty where all is well
};

using Findings = std::vector<Finding>;

// Collects the findings of one group. `where` is the group's own place unless another is given.
class Notes {
  public:
    Notes(std::string group, std::string where)
        : group_(std::move(group)), where_(std::move(where)) {}

    void fine(const std::string& what, const std::string& where = "") {
        add(Level::ok, what, "", where);
    }
    void warn(const std::string& what, const std::string& remedy, const std::string& where = "") {
        add(Level::warning, what, remedy, where);
    }
    void problem(const std::string& what, const std::string& remedy,
                 const std::string& where = "") {
        add(Level::problem, what, remedy, where);
    }

    [[nodiscard]] Findings take() { return std::move(findings_); }

  private:
    void add(Level level, const std::string& what, const std::string& remedy,
             const std::string& where) {
        findings_.push_back({level, group_, where.empty() ? where_ : where, what, remedy});
    }

    std::string group_, where_;
    Findings findings_;
};

}  // namespace coupon::doctor
