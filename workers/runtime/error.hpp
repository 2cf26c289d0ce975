// The two ways a command gives up: what it was given is wrong, or what it needs is not there.
#pragma once

#include <stdexcept>

namespace coupon {

// An option, an environment variable or a file is wrong. The text is one sentence for the operator
// and names what to change; it never holds a secret. Exit code 2.
class ConfigError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// The command ran and could not do its work. Exit code 1.
class CommandError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace coupon
