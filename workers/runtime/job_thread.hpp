// One thread of a JobRunner and its connection: takes a job, works on it when it is its turn,
// settles it as what the action threw says.
#pragma once

#include "runtime/job_runner_state.hpp"

namespace coupon {

// Takes and works on jobs until a stop is requested; throws nothing that a job or PostgreSQL
// causes.
void work_on_jobs(JobRunner::Impl& runner);

}  // namespace coupon
