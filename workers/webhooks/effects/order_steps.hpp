// What a change of a payment means for its order. With ORDER_UPDATES=fulfill the order's row is
// moved here and the back end is asked to fulfil it; with ORDER_UPDATES=backend the row is the back
// end's, which is told instead.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/pg_connection.hpp"
#include "webhooks/effects/shop_rows.hpp"

namespace coupon {

enum class OrderUpdates : std::uint8_t { fulfill, backend };

// One change and what it is about.
struct OrderChange {
    const PaymentRow& payment;
    const OrderRow& order;
    std::string gateway;
    std::string event_key;  // tells one review of a payment from another
    std::string correlation_id;
};

class OrderSteps {
  public:
    OrderSteps(PgConnection& pg, OrderUpdates updates) : pg_(pg), updates_(updates) {}

    // pending, failed, authorized: how far the attempt to pay is. Backwards is nothing.
    void attempt(const OrderChange& change, PaymentState state);
    // Paid in full: to be fulfilled.
    void paid(const OrderChange& change);
    // Whether nobody was ever asked to fulfil it; never so where the back end owns the order.
    bool is_unfulfilled(const OrderRow& order);
    // Paid, but a human has to look before anything is delivered.
    void paid_on_hold(const OrderChange& change, const std::string& why);
    // A human has to look; what was paid stays as it is.
    void review(const OrderChange& change, const std::string& why);
    void refunded(const OrderChange& change);

  private:
    void set(const OrderChange& change, const std::string& status, PaymentState state);
    void tell_back_end(const OrderChange& change, PaymentState state, const std::string& review);

    PgConnection& pg_;
    OrderUpdates updates_;
};

}  // namespace coupon
