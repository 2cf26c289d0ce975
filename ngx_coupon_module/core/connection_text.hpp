// What may be said of a setting that holds a password, for the edge and the workers alike.
#pragma once

#include <string>
#include <string_view>

namespace coupon {

/// A message on one line, quoted pieces replaced by "…": libpq quotes pieces of the connection text,
/// and such a piece may be the password.
std::string without_quoted(std::string_view message);

/// Why what libpq has read out of `text`, a conninfo string or URL, cannot be meant; empty when it
/// can. In a URL, a password with a bare '@' or '/' ends too early, and its rest is taken for the
/// host, port or database, which messages show. Lists are separated by commas, as libpq has them.
/// The answer, a clause such as "has a port that …", quotes nothing.
std::string misread_postgres_text(std::string_view text, std::string_view hosts,
                                  std::string_view ports, std::string_view database);

/// A host that is the folder of a Unix socket ('/') or an abstract one ('@'), or not given.
bool is_socket_folder(std::string_view host) noexcept;

}  // namespace coupon
