// The command lines of coupon-worker email and sms: they differ in the channel alone.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "messages/message_sender.hpp"

namespace coupon {

struct MessagesCommand {
    CLI::App* app = nullptr;
    bool check = false;
    SenderOptions options;
};

// `command` must live as long as `parent`; its options are set once the command line is parsed.
void add_messages_command(CLI::App& parent, const std::string& name, const std::string& help,
                          MessagesCommand& command);

}  // namespace coupon
