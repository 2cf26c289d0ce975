#include "core/multirange.hpp"

#include <algorithm>
#include <charconv>

namespace coupon {

namespace {

/// Consumes one number of 0…2^63-1 (the bounds are bigint) from the front of `text`.
std::optional<uint64_t> take_number(std::string_view& text) noexcept {
    uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value > INT64_MAX)
        return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return value;
}

bool take_char(std::string_view& text, char expected) noexcept {
    if (text.empty() || text.front() != expected)
        return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::optional<SeqRanges> SeqRanges::parse(std::string_view text) {
    SeqRanges parsed;
    if (!take_char(text, '{'))
        return std::nullopt;
    if (text == "}")
        return parsed;
    do {
        if (!take_char(text, '['))
            return std::nullopt;
        auto begin = take_number(text);
        if (!begin || !take_char(text, ','))
            return std::nullopt;
        auto end = take_number(text);
        if (!end || !take_char(text, ')') || *end <= *begin)
            return std::nullopt;
        parsed.add(*begin, *end);
    } while (take_char(text, ','));
    if (text != "}")
        return std::nullopt;
    return parsed;
}

void SeqRanges::add(uint64_t begin, uint64_t end) {
    if (begin >= end)
        return;
    if (ranges_.empty() || ranges_.back().end < begin) {
        ranges_.push_back({begin, end});
        return;
    }
    // Every range that touches or overlaps [begin, end) melts into one.
    auto first =
        std::lower_bound(ranges_.begin(), ranges_.end(), begin,
                         [](const SeqRange& range, uint64_t seq) { return range.end < seq; });
    auto last = first;
    while (last != ranges_.end() && last->begin <= end) {
        begin = std::min(begin, last->begin);
        end = std::max(end, last->end);
        ++last;
    }
    if (first == last) {
        ranges_.insert(first, {begin, end});
        return;
    }
    *first = {begin, end};
    ranges_.erase(first + 1, last);
}

void SeqRanges::add(const SeqRanges& others) {
    for (const SeqRange& range : others.ranges_)
        add(range.begin, range.end);
}

bool SeqRanges::contains(uint64_t seq) const noexcept {
    return seq != UINT64_MAX && covers(seq, seq + 1);
}

bool SeqRanges::covers(uint64_t begin, uint64_t end) const noexcept {
    if (begin >= end)
        return true;
    auto after =
        std::upper_bound(ranges_.begin(), ranges_.end(), begin,
                         [](uint64_t seq, const SeqRange& range) { return seq < range.begin; });
    return after != ranges_.begin() && std::prev(after)->end >= end;
}

std::vector<SeqRange> SeqRanges::gaps(uint64_t begin, uint64_t end) const {
    std::vector<SeqRange> missing;
    auto range =
        std::lower_bound(ranges_.begin(), ranges_.end(), begin,
                         [](const SeqRange& held, uint64_t seq) { return held.end <= seq; });
    for (; range != ranges_.end() && range->begin < end; ++range) {
        if (begin < range->begin)
            missing.push_back({begin, range->begin});
        begin = range->end;
    }
    if (begin < end)
        missing.push_back({begin, end});
    return missing;
}

uint64_t SeqRanges::count() const noexcept {
    uint64_t total = 0;
    for (const SeqRange& range : ranges_)
        total += range.end - range.begin;
    return total;
}

std::string SeqRanges::to_text() const {
    std::string text = "{";
    for (const SeqRange& range : ranges_) {
        if (text.size() > 1)
            text += ',';
        text += '[';
        text += std::to_string(range.begin);
        text += ',';
        text += std::to_string(range.end);
        text += ')';
    }
    text += '}';
    return text;
}

}  // namespace coupon
