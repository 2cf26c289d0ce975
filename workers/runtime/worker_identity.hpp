// Who a worker is, in Redis and in its log: role:host:random.
#pragma once

#include <string>

namespace coupon {

struct WorkerIdentity {
    std::string role;
    std::string host;
    std::string id;
    int pid;
    // Names the boot and the pid namespace: only within the same scope does a pid say whether its
    // process lives.
    std::string pid_scope;
};

// This machine's name, "localhost" where it has none; without ':', which separates the parts of a
// worker's id.
std::string host_name();

WorkerIdentity make_worker_identity(const std::string& role);

// The scope of the calling process, as in WorkerIdentity::pid_scope. Empty where the kernel does
// not tell.
std::string current_pid_scope();

}  // namespace coupon
