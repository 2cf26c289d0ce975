#include "core/destination.hpp"

#include <algorithm>

#include "core/decimal.hpp"
#include "core/destination_program.hpp"
#include "core/percent.hpp"

namespace coupon {

using detail::Macro;

namespace {

/// One literal and the macro behind it.
struct Step {
    std::string_view literal;
    Macro macro = Macro::end;
};

/// Takes one step off the front; false when it does not fit into what is left.
inline bool take_step(const char*& at, const char* end, Step& step) noexcept {
    auto left = static_cast<size_t>(end - at);
    if (left < detail::kProgramStepBytes)
        return false;
    size_t length = load<uint16_t>(at);
    if (left - detail::kProgramStepBytes < length)
        return false;
    step.literal = {at + 2, length};
    step.macro = static_cast<Macro>(at[2 + length]);
    at += detail::kProgramStepBytes + length;
    return true;
}

inline size_t macro_count(std::string_view program) noexcept {
    return static_cast<unsigned char>(program[1]);
}

inline bool has_header(std::string_view program) noexcept {
    return program.size() >= detail::kProgramHeaderBytes + detail::kProgramStepBytes &&
           program.size() <= kProgramMaxBytes && program[0] == detail::kProgramVersion &&
           macro_count(program) <= detail::kProgramMacrosMax;
}

inline std::string_view used_country(const MacroValues& values) noexcept {
    return values.country.substr(0, kCountryMaxBytes);
}

std::string_view macro_name(Macro macro) noexcept {
    switch (macro) {
        case Macro::click_id:
            return "click_id";
        case Macro::user_id:
            return "user_id";
        case Macro::device:
            return "device";
        case Macro::country:
            return "country";
        case Macro::timestamp:
            return "timestamp";
        case Macro::end:
            break;
    }
    return {};
}

inline bool is_control(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// Calls visit(step) for each step; true when the program is whole and ends where its bytes end.
template <typename Visit>
bool walk_program(std::string_view program, Visit visit) {
    if (!has_header(program))
        return false;
    const char* at = program.data() + detail::kProgramHeaderBytes;
    const char* end = program.data() + program.size();
    Step step;
    for (size_t left = macro_count(program);; --left) {
        if (!take_step(at, end, step))
            return false;
        visit(step);
        if (step.macro == Macro::end)
            return left == 0 && at == end;
        if (left == 0 || macro_name(step.macro).empty())
            return false;
    }
}

}  // namespace

size_t expanded_max_bytes(std::string_view program, const MacroValues& values) noexcept {
    if (!has_header(program))
        return 0;
    size_t widest = std::max(kUuidTextBytes, percent_encoded_max(used_country(values).size()));
    return program.size() + macro_count(program) * widest;
}

size_t expand_destination(std::string_view program, const MacroValues& values, char* out) noexcept {
    if (!has_header(program))
        return 0;
    char* const start = out;
    const char* at = program.data() + detail::kProgramHeaderBytes;
    const char* end = program.data() + program.size();
    Step step;
    size_t left = macro_count(program);
    for (;; --left) {
        if (!take_step(at, end, step))
            return 0;
        out = copy_bytes(out, step.literal.data(), step.literal.size());
        if (step.macro == Macro::end)
            break;
        if (left == 0)
            return 0;
        switch (step.macro) {
            case Macro::click_id:
                std::memcpy(out, values.click_id, kUuidTextBytes);
                out += kUuidTextBytes;
                break;
            case Macro::user_id:
                if (values.user != 0)
                    out = write_decimal(out, values.user);
                break;
            case Macro::device: {
                std::string_view name = device_name(values.device);
                out = copy_bytes(out, name.data(), name.size());
                break;
            }
            case Macro::country:
                out = percent_encode(out, used_country(values));
                break;
            case Macro::timestamp:
                out = write_decimal_signed(out, values.now_s);
                break;
            default:
                return 0;
        }
    }
    return left == 0 && at == end ? static_cast<size_t>(out - start) : 0;
}

bool valid_program(std::string_view program) noexcept {
    bool clean = true;
    bool whole = walk_program(program, [&](const Step& step) {
        clean = clean && std::none_of(step.literal.begin(), step.literal.end(), is_control);
    });
    return whole && clean;
}

std::vector<std::string> program_macros(std::string_view program) {
    std::vector<std::string> names;
    walk_program(program, [&](const Step& step) {
        std::string name(macro_name(step.macro));
        if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(name);
    });
    return names;
}

}  // namespace coupon
