// Settings from the environment: NAME, or NAME_FILE with the path of a file that holds the value; or
// from a file NAME, role_NAME or common_NAME in CREDENTIALS_DIRECTORY, where systemd puts what a
// unit's LoadCredential= names.
#pragma once

#include <optional>
#include <string>

namespace coupon {

// Nothing when none of these is there or the value is empty. Trailing newlines of a file are
// trimmed. Throws ConfigError when a setting comes from two places or the file cannot be read; the
// text names the variable, never its value.
std::optional<std::string> environment_value(const std::string& name);

// Throws ConfigError where environment_value has nothing; `purpose` says what the value is for.
std::string required_environment(const std::string& name, const std::string& purpose);

// A provider's address: NAME, or the default, without slashes at its end.
std::string base_url(const std::string& name, const std::string& by_default);

}  // namespace coupon
