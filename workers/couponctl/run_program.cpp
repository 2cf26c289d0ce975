#include "couponctl/run_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace coupon {
namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t output_bytes_max = 64 * 1024;

// Reads until every writer has closed the pipe; false when `deadline` came first.
bool read_all(int fd, steady::time_point deadline, std::string& output) {
    std::array<char, 4096> block{};
    while (true) {
        const auto left_ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady::now()).count();
        pollfd readable{fd, POLLIN, 0};
        const int ready = left_ms > 0 ? ::poll(&readable, 1, static_cast<int>(left_ms)) : 0;
        if (ready == 0) {
            return false;
        }
        const auto got = ready < 0 ? -1 : ::read(fd, block.data(), block.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return true;
        }
        output.append(block.data(),
                      std::min(static_cast<std::size_t>(got), output_bytes_max - output.size()));
    }
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

}  // namespace

ProgramEnd run_program(const std::vector<std::string>& words, int timeout_ms) {
    ProgramEnd end;
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        end.failure = std::strerror(errno);
        return end;
    }
    std::vector<char*> arguments;
    for (const auto& word : words) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, pipe[1], 1);
    ::posix_spawn_file_actions_adddup2(&actions, pipe[1], 2);
    pid_t child = 0;
    const int error =
        ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(pipe[1]);
    if (error != 0) {
        ::close(pipe[0]);
        end.failure = std::string("cannot be run: ") + std::strerror(error);
        return end;
    }

    const bool ended =
        read_all(pipe[0], steady::now() + std::chrono::milliseconds(timeout_ms), end.output);
    ::close(pipe[0]);
    if (!ended) {
        ::kill(child, SIGKILL);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!ended) {
        end.failure = "it took longer than " + std::to_string(timeout_ms / 1000) + " s";
    } else if (WIFSIGNALED(status)) {
        end.failure = "it was ended by signal " + std::to_string(WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        end.failure = "it left with status " + std::to_string(WEXITSTATUS(status)) +
                      (end.output.empty() ? "" : ": " + first_line(end.output));
    }
    return end;
}

}  // namespace coupon
