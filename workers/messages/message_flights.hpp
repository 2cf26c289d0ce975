// The messages under way: each from the choice of its provider, over an inquiry where its last
// outcome is unknown, to the end of its call.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "messages/message_channel.hpp"
#include "messages/message_end.hpp"
#include "messages/private_text.hpp"
#include "messages/providers.hpp"
#include "messages/sender_counts.hpp"
#include "runtime/lease_clock.hpp"
#include "runtime/log.hpp"
#include "runtime/transfers.hpp"

namespace coupon {

class MessageFlights {
  public:
    using OnEnd = std::function<void(MessageEnd end)>;

    // All references must outlive it. `on_end` is called once for each message that was begun, from
    // begin(), run() or leave_all().
    MessageFlights(MessageChannel& channel, Providers& providers, MessageEnds& ends,
                   SenderCounts& counts, std::size_t in_flight_max, const Log& log, OnEnd on_end);

    // A message whose lease runs until `lease_end`.
    void begin(Message message, LeaseClock::time_point lease_end);
    // Moves all calls on, at most for `wait` while nothing happens.
    void run(std::chrono::milliseconds wait);
    // What is under way may have been sent; nothing may be run after this.
    void leave_all();
    // Ends a run() that waits; from any thread.
    void wake() noexcept { transfers_.wake(); }

    [[nodiscard]] std::size_t size() const noexcept { return flights_.size(); }
    // For a message that nobody could send now: so long it waits at least, so that it is not taken
    // again and again.
    [[nodiscard]] std::chrono::milliseconds short_delay() const;

  private:
    struct Flight {
        Message message;
        LeaseClock::time_point lease_end;
        std::size_t provider = 0;          // of its call
        std::optional<std::size_t> asked;  // whom the inquiry goes to, while it is under way
    };
    using Place = std::list<Flight>::iterator;

    template <typename Step>
    void guarded(Place place, const Step& step);
    bool ask(Place place);
    void send(Place place);
    void start(Place place, std::size_t provider, Transfer call);
    void give_back_late(Place place);
    void take_answer(Place place, const HttpAnswer& answer);
    void take_inquiry(Place place, const HttpAnswer& answer);
    void finish(Place place, MessageEnd end);

    MessageChannel& channel_;
    Providers& providers_;
    MessageEnds& ends_;
    SenderCounts& counts_;
    const Log& log_;
    const OnEnd on_end_;
    const PrivateText private_text_;
    std::list<Flight> flights_;
    std::vector<std::pair<Place, HttpAnswer>> answers_;
    Transfers transfers_;  // the first to go: its calls refer to all of the above
};

}  // namespace coupon
