#include "couponctl/admin_commands.hpp"

#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>

#include "admin/credentials.hpp"
#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr std::size_t password_min_bytes = 12;

struct NewPrincipal {
    std::string name;
    std::string role;
};

// Echo off while a password is typed.
class QuietTerminal {
  public:
    QuietTerminal() : quiet_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
        if (quiet_) {
            auto silent = before_;
            silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        }
    }
    ~QuietTerminal() {
        if (quiet_) {
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        }
    }
    QuietTerminal(const QuietTerminal&) = delete;
    QuietTerminal& operator=(const QuietTerminal&) = delete;

  private:
    termios before_{};
    bool quiet_;
};

std::string typed(const char* prompt) {
    const bool asks = ::isatty(STDIN_FILENO) == 1;
    std::string line;
    const QuietTerminal quiet;
    if (asks) {
        std::cerr << prompt << std::flush;
    }
    if (!std::getline(std::cin, line)) {
        throw CommandError("admin password: no password on standard input");
    }
    if (asks) {
        std::cerr << '\n';
    }
    return line;
}

std::string read_password() {
    auto password = typed("Password: ");
    if (::isatty(STDIN_FILENO) == 1 && typed("Again: ") != password) {
        throw CommandError("admin password: the two differ");
    }
    if (password.size() < password_min_bytes || password.size() >= password_max_bytes) {
        throw CommandError("admin password: a password has 12 to 511 bytes");
    }
    if (password.find('\0') != std::string::npos) {
        throw CommandError("admin password: a password holds no NUL byte");
    }
    return password;
}

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& what,
                      const std::shared_ptr<NewPrincipal>& principal) {
    auto* command = parent.add_subcommand(name, what);
    command->add_option("name", principal->name, "Who: goes into audit_logs as admin:<name>")
        ->required()
        ->check([](const std::string& text) {
            return is_principal_name(text)
                       ? std::string()
                       : std::string("a name is 1 to 64 letters, digits and . _ - @");
        });
    command->add_option("--role", principal->role, "read-only or operator")
        ->required()
        ->check(CLI::IsMember({"read-only", "operator"}));
    return command;
}

}  // namespace

void add_admin_commands(CLI::App& app, std::ostream& out) {
    auto* admin = app.add_subcommand("admin", "Access to the dashboard: password, token")
                      ->require_subcommand(1);
    auto person = std::make_shared<NewPrincipal>();
    add_command(*admin, "password",
                "A line for ADMIN_PASSWORDS; the password comes from the terminal or standard "
                "input",
                person)
        ->callback([person, &out] {
            const auto hash = hash_password(read_password());
            out << person->name << ':' << person->role << ':' << hash << '\n';
        });
    auto program = std::make_shared<NewPrincipal>();
    add_command(*admin, "token",
                "A new bearer token, on standard error, and its line for ADMIN_TOKENS", program)
        ->callback([program, &out] {
            const auto token = random_token();
            std::cerr << "The token, shown this once: " << std::flush;
            std::cerr << token << '\n';
            out << program->name << ':' << program->role << ':' << hash_token(token) << '\n';
        });
}

}  // namespace coupon
