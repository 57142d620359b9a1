/// Jobs that outlive a program: all of `taskactor/queue/`. The library `taskactor::queue`, on SQLite.
#pragma once

#include <taskactor/queue/job.hpp>
#include <taskactor/queue/job_flow.hpp>
#include <taskactor/queue/job_info.hpp>
#include <taskactor/queue/job_parent.hpp>
#include <taskactor/queue/job_queue.hpp>
#include <taskactor/queue/job_runner.hpp>
#include <taskactor/queue/job_runner_options.hpp>
#include <taskactor/queue/job_state.hpp>
#include <taskactor/queue/push_options.hpp>
#include <taskactor/queue/store.hpp>
#include <taskactor/queue/store_call.hpp>
#include <taskactor/queue/store_options.hpp>
#include <taskactor/queue/this_job.hpp>
