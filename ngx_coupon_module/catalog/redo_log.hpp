// Changes several words of a zone as one: the steps are written down, the step count is
// stored last, then they are carried out. Every step is an absolute value, so carrying them
// out again after the death of a writer is harmless; before the count is stored nothing has
// happened. One writer at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "catalog/shared_words.hpp"

namespace coupon {

struct RedoLog {
    static constexpr std::size_t kMaxSteps = 16;
    struct Step {
        std::uint64_t offset_bytes;  // from the start of the zone
        std::uint64_t value;
    };
    std::uint64_t count;  // 0: nothing under way
    std::array<Step, kMaxSteps> steps;
};

// Carries out what a dead writer had written down; true when there was something.
inline bool redo(std::byte* zone, RedoLog& log) noexcept {
    const std::uint64_t count = load_word(log.count);
    for (std::uint64_t i = 0; i < count; ++i) {
        const RedoLog::Step& step = log.steps[i];
        store_word(*reinterpret_cast<std::uint64_t*>(zone + step.offset_bytes), step.value);
    }
    store_word(log.count, 0);
    return count != 0;
}

// One change. Steps take effect in commit(), in the order of their first set().
class ZoneChange {
  public:
    ZoneChange(std::byte* zone, RedoLog& log) noexcept : zone_(zone), log_(log) {}

    // The word as it will be after the steps so far.
    std::uint64_t get(const std::uint64_t& word) const noexcept {
        const std::size_t step = find(word);
        return step < count_ ? log_.steps[step].value : load_word(word);
    }

    // At most RedoLog::kMaxSteps different words.
    void set(std::uint64_t& word, std::uint64_t value) noexcept {
        const std::size_t step = find(word);
        log_.steps[step] = {offset_of(word), value};
        if (step == count_) {
            ++count_;
        }
    }

    void commit() noexcept {
        store_word(log_.count, count_);
        redo(zone_, log_);
        count_ = 0;
    }

  private:
    std::uint64_t offset_of(const std::uint64_t& word) const noexcept {
        return static_cast<std::uint64_t>(reinterpret_cast<const std::byte*>(&word) - zone_);
    }

    std::size_t find(const std::uint64_t& word) const noexcept {
        const std::uint64_t offset = offset_of(word);
        std::size_t step = 0;
        while (step < count_ && log_.steps[step].offset_bytes != offset) {
            ++step;
        }
        return step;
    }

    std::byte* zone_;
    RedoLog& log_;
    std::size_t count_ = 0;
};

}  // namespace coupon
