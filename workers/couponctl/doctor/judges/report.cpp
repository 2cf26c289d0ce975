#include "couponctl/doctor/judges/report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace coupon::doctor {
namespace {

using Json = nlohmann::ordered_json;

std::int64_t count(const Findings& findings, Level level) {
    return std::count_if(findings.begin(), findings.end(),
                         [level](const Finding& one) { return one.level == level; });
}

std::string counted(const Findings& findings, Level level, const std::string& name) {
    const auto number = count(findings, level);
    return std::to_string(number) + " " + name + (number == 1 ? "" : "s");
}

// Texts come from servers and files: no line end or escape of theirs reaches a terminal. Bytes
// beyond ASCII are letters (a µs).
std::string shown(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        safe += byte < 0x20 || byte == 0x7f ? ' ' : c;
    }
    return safe;
}

const char* mark(Level level) {
    switch (level) {
        case Level::ok:
            return "ok      ";
        case Level::warning:
            return "warning ";
        case Level::problem:
            break;
    }
    return "PROBLEM ";
}

Findings in_groups(const Findings& findings) {
    std::vector<std::string> groups;
    for (const auto& one : findings) {
        if (std::find(groups.begin(), groups.end(), one.group) == groups.end()) {
            groups.push_back(one.group);
        }
    }
    Findings sorted = findings;
    const auto place = [&](const Finding& one) {
        return std::find(groups.begin(), groups.end(), one.group) - groups.begin();
    };
    std::stable_sort(sorted.begin(), sorted.end(), [&](const Finding& a, const Finding& b) {
        return place(a) != place(b) ? place(a) < place(b) : a.level > b.level;
    });
    return sorted;
}

}  // namespace

void print_table(const Findings& findings, std::ostream& out) {
    std::string group;
    for (const auto& one : in_groups(findings)) {
        if (one.group != group) {
            out << (group.empty() ? "" : "\n") << one.group << '\n';
            group = one.group;
        }
        out << "  " << mark(one.level) << shown(one.where) << ": " << shown(one.what) << '\n';
        if (!one.remedy.empty()) {
            out << "          → " << shown(one.remedy) << '\n';
        }
    }
    out << '\n'
        << counted(findings, Level::problem, "problem") << ", "
        << counted(findings, Level::warning, "warning") << ", " << count(findings, Level::ok)
        << " fine\n";
}

void print_json(const Findings& findings, std::ostream& out) {
    auto list = Json::array();
    for (const auto& one : in_groups(findings)) {
        list.push_back({{"level", level_name(one.level)},
                        {"group", one.group},
                        {"where", one.where},
                        {"what", one.what},
                        {"remedy", one.remedy.empty() ? Json() : Json(one.remedy)}});
    }
    out << Json{{"problems", count(findings, Level::problem)},
                {"warnings", count(findings, Level::warning)},
                {"findings", list}}
               .dump(2, ' ', false, Json::error_handler_t::replace)
        << '\n';
}

int exit_code_of(const Findings& findings) {
    return count(findings, Level::problem) > 0 ? 1 : 0;
}

}  // namespace coupon::doctor
