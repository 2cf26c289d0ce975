#include "cashback/networks/page_sweep.hpp"

#include <algorithm>
#include <functional>

#include "runtime/retry_policy.hpp"

namespace coupon {
namespace {

constexpr int readings_max = 5;
constexpr int repeated_max = 3;
constexpr std::size_t unsorted_max = 100'000;

}  // namespace

const std::string& record_key(const NetworkTransaction& transaction) noexcept {
    return transaction.id.empty() ? transaction.raw : transaction.id;
}

void PageSweep::begin() {
    seen_.clear();
    sorted_ = 0;
    last_page_ = 0;
    repeated_ = 0;
    met_ = 0;
    first_total_.reset();
    last_total_.reset();
    shrunk_ = false;
    readings_ = 0;
    distinct_before_ = 0;
}

void PageSweep::add(const std::vector<NetworkTransaction>& page,
                    std::optional<std::int64_t> total) {
    if (!first_total_) {
        first_total_ = total;
    }
    std::size_t all = page.size();
    for (const auto& transaction : page) {
        const auto hash = std::hash<std::string>{}(record_key(transaction));
        seen_.push_back(hash);
        all = all * 31 + hash;
    }
    met_ += static_cast<std::int64_t>(page.size());
    repeated_ = !page.empty() && all == last_page_ ? repeated_ + 1 : 0;
    last_page_ = all;
    if (seen_.size() - sorted_ > unsorted_max) {
        distinct();
    }
}

std::size_t PageSweep::distinct() {
    std::sort(seen_.begin(), seen_.end());
    seen_.erase(std::unique(seen_.begin(), seen_.end()), seen_.end());
    sorted_ = seen_.size();
    return sorted_;
}

bool PageSweep::again() {
    const auto met = distinct();
    const bool fewer = first_total_ && static_cast<std::int64_t>(met) < *first_total_;
    if (!shrunk_ && !fewer) {
        return false;
    }
    if (!shrunk_ && readings_ > 0 && met == distinct_before_) {
        log_.info("a network counts more transactions than it gives",
                  {{"network", who_},
                   {"counted", *first_total_},
                   {"given", static_cast<std::int64_t>(met)}});
        return false;
    }
    if (++readings_ >= readings_max) {
        throw RetryLater(who_ + "'s list changes faster than it can be read");
    }
    log_.info("a network's list moved while it was read; it is read again",
              {{"network", who_}, {"met", static_cast<std::int64_t>(met)}});
    distinct_before_ = met;
    last_page_ = 0;
    repeated_ = 0;
    met_ = 0;
    first_total_.reset();
    last_total_.reset();
    shrunk_ = false;
    return true;
}

std::optional<std::int64_t> PageSweep::page_after(std::int64_t page,
                                                  const std::vector<NetworkTransaction>& records,
                                                  std::size_t page_size,
                                                  std::optional<std::int64_t> total) {
    // A number that is no more than the page holds may count the page alone.
    if (total && *total <= static_cast<std::int64_t>(records.size()) &&
        (page > 1 || records.size() >= page_size)) {
        total.reset();
    }
    add(records, total);
    if (repeated_ == repeated_max) {
        throw PermanentFailure(who_ + " gives the same page for every number");
    }
    if (total) {
        shrunk_ = shrunk_ || (last_total_ && *total < *last_total_);
        last_total_ = total;
    }
    // A page may be shorter than asked for because the network gives no longer ones.
    const bool last =
        records.empty() || (records.size() < page_size && met_ >= last_total_.value_or(0));
    if (!last) {
        return page + 1;
    }
    return again() ? std::optional<std::int64_t>(1) : std::nullopt;
}

}  // namespace coupon
