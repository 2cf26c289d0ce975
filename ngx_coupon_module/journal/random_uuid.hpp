#pragma once

#include "core/uuid.hpp"

namespace coupon {

/// A version 4 uuid (RFC 9562) of the kernel's random bytes. Throws std::system_error when the
/// kernel gives none.
Uuid random_uuid();

}  // namespace coupon
