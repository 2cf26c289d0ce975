// A set of sequence numbers as sorted, disjoint, non-adjacent half-open ranges; the text is
// PostgreSQL's int8multirange.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coupon {

struct SeqRange {
    uint64_t begin = 0;
    uint64_t end = 0;

    friend bool operator==(const SeqRange&, const SeqRange&) = default;
};

class SeqRanges {
  public:
    /// Canonical text such as `{[0,5),[7,9)}`; nothing for other bounds, negative numbers or broken
    /// syntax.
    static std::optional<SeqRanges> parse(std::string_view text);

    /// Adds [begin, end); empty and overlapping ranges are fine. Appending at the end is O(1).
    void add(uint64_t begin, uint64_t end);
    void add(uint64_t seq) { add(seq, seq + 1); }
    void add(const SeqRanges& others);

    bool contains(uint64_t seq) const noexcept;

    /// True when the whole of [begin, end) is in the set.
    bool covers(uint64_t begin, uint64_t end) const noexcept;

    /// What [begin, end) lacks, in order.
    std::vector<SeqRange> gaps(uint64_t begin, uint64_t end) const;

    /// How many numbers are in the set.
    uint64_t count() const noexcept;

    bool empty() const noexcept { return ranges_.empty(); }
    void clear() noexcept { ranges_.clear(); }
    const std::vector<SeqRange>& ranges() const noexcept { return ranges_; }

    std::string to_text() const;

    friend bool operator==(const SeqRanges&, const SeqRanges&) = default;

  private:
    std::vector<SeqRange> ranges_;
};

}  // namespace coupon
