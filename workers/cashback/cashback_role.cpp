#include "cashback/cashback_role.hpp"

namespace coupon {

void run_cashback(const std::string&, const RedisAddress&, const WorkerIdentity&,
                  const CashbackOptions&, const StopSignal&, const Log&,
                  const std::optional<ListenAddress>&) {}

}  // namespace coupon
