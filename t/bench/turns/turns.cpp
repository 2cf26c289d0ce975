// Preloaded into NGINX: measures each turn of its event loops, from one return of epoll_wait to the next
// call, in all processes forked from the one it was loaded into. The file named by COUPON_BENCH_TURNS,
// zeroed and of the right size, takes one Turns a process; zeros stored into it start anew.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

constexpr size_t kProcessesMax = 64;
constexpr size_t kBounds = 8;   // under 2^n × 62.5 us of CPU, the last one open

struct Turns {
    std::atomic<uint64_t> pid, count, longest_cpu_ns, longest_wall_ns;
    std::atomic<uint64_t> cpu_under[kBounds];
    // Of the turns in which the kernel gave the processor to nobody else.
    std::atomic<uint64_t> undisturbed, longest_undisturbed_ns;
    std::atomic<uint64_t> unused[2];
};
static_assert(sizeof(Turns) == 128);

Turns* open_table() {
    const char* path = std::getenv("COUPON_BENCH_TURNS");
    const int fd = path == nullptr ? -1 : open(path, O_RDWR | O_CLOEXEC);
    void* memory = fd < 0 ? MAP_FAILED
                          : mmap(nullptr, kProcessesMax * sizeof(Turns), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0) {
        close(fd);
    }
    return memory == MAP_FAILED ? nullptr : static_cast<Turns*>(memory);
}

Turns* const table = open_table();

// The row of this process: known by its id, so that a fork finds its own.
Turns* own_row() {
    thread_local Turns* row = nullptr;
    thread_local pid_t owner = 0;
    const pid_t pid = getpid();
    if (table != nullptr && owner != pid) {
        owner = pid;
        row = nullptr;
        for (size_t i = 0; i < kProcessesMax && row == nullptr; ++i) {
            uint64_t none = 0;
            if (table[i].pid.compare_exchange_strong(none, static_cast<uint64_t>(pid))) {
                row = &table[i];
            }
        }
    }
    return row;
}

uint64_t now_ns(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

void raise(std::atomic<uint64_t>& longest, uint64_t value) {
    if (value > longest) {
        longest = value;
    }
}

int64_t preemptions() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
}

thread_local uint64_t turn_wall_ns = 0, turn_cpu_ns = 0;
thread_local int64_t turn_preemptions = 0;

void end_turn() {
    Turns* row = own_row();
    if (row == nullptr || turn_wall_ns == 0) {
        return;
    }
    const uint64_t cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - turn_cpu_ns;
    const uint64_t wall_ns = now_ns(CLOCK_MONOTONIC) - turn_wall_ns;
    ++row->count;
    raise(row->longest_cpu_ns, cpu_ns);
    raise(row->longest_wall_ns, wall_ns);
    if (preemptions() == turn_preemptions) {
        ++row->undisturbed;
        raise(row->longest_undisturbed_ns, wall_ns);
    }
    size_t bound = 0;
    while (bound + 1 < kBounds && cpu_ns >= uint64_t{62'500} << bound) {
        ++bound;
    }
    ++row->cpu_under[bound];
}

}  // namespace

extern "C" int epoll_wait(int epoll, epoll_event* events, int count, int timeout_ms) {
    static const auto real = reinterpret_cast<decltype(&epoll_wait)>(dlsym(RTLD_NEXT, "epoll_wait"));
    if (count == 1) {
        return real(epoll, events, count, timeout_ms);  // NGINX tries it out at its start: no turn of the loop
    }
    end_turn();
    const int ready = real(epoll, events, count, timeout_ms);
    turn_preemptions = preemptions();
    turn_wall_ns = now_ns(CLOCK_MONOTONIC);
    turn_cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
    return ready;
}
