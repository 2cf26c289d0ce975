// Providers quote in their errors what they were sent. What a message says, whom it is for and our
// own keys are taken out before a log, a row or a person sees it.
#pragma once

#include <string>
#include <vector>

#include "messages/message.hpp"

namespace coupon {

class PrivateText {
  public:
    // Knows the providers' keys from the environment. Throws ConfigError.
    PrivateText();

    // `text` with *** for each value of the message's data, for its recipient and for our keys.
    // Values of fewer than four characters stay: they tell nothing, and stand in any sentence.
    [[nodiscard]] std::string hidden(std::string text, const Message& message) const;

  private:
    std::vector<std::string> keys_;
};

}  // namespace coupon
