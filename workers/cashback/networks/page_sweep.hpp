// One reading of a list that moves while it is read, page by page: whether all of it was met.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cashback/networks/network.hpp"
#include "runtime/log.hpp"

namespace coupon {

// What a record is known by: its id, or where it has none its text.
const std::string& record_key(const NetworkTransaction& transaction) noexcept;

class PageSweep {
  public:
    PageSweep(std::string who, const Log& log) : who_(std::move(who)), log_(log) {}

    // The list is read from its beginning, for a new window.
    void begin();

    // `total`: how many the network says there are, now.
    void add(const std::vector<NetworkTransaction>& page, std::optional<std::int64_t> total);

    // At the end of the list: whether it is to be read once more, since fewer records were met than
    // the network said there were when this reading began (those that came later are the next
    // run's). A reading that meets nothing new is the last: the network counts something else then.
    // Throws RetryLater after too many.
    bool again();

    // For lists by page number, newest first: the page after `page`; nothing where the list was
    // read. New records move others to later pages, which only repeats them; where the total
    // shrank, one has left and others moved to a page that was read, so that the list is read once
    // more. Throws PermanentFailure where the network gives the same page for every number.
    std::optional<std::int64_t> page_after(std::int64_t page,
                                           const std::vector<NetworkTransaction>& records,
                                           std::size_t page_size,
                                           std::optional<std::int64_t> total);

  private:
    std::size_t distinct();

    const std::string who_;
    const Log& log_;
    std::vector<std::size_t> seen_;  // hashes; sorted up to sorted_
    std::size_t sorted_ = 0;
    std::size_t last_page_ = 0;  // hash of its keys
    int repeated_ = 0;
    std::int64_t met_ = 0;  // records of this reading, repeated ones too
    std::optional<std::int64_t> first_total_, last_total_;  // of this reading
    bool shrunk_ = false;
    int readings_ = 0;
    std::size_t distinct_before_ = 0;
};

}  // namespace coupon
