#include "messages/messages_role.hpp"

namespace coupon {

void run_messages(MessageChannel&, const std::string&, const RedisAddress&, const WorkerIdentity&,
                  const SenderOptions&, const StopSignal&, const Log&,
                  const std::optional<ListenAddress>&) {}

}  // namespace coupon
