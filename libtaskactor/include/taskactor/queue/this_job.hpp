/// `this_job`: in the body of a job, what its runner knows of it.
///
///     ta::task<int> sum() {
///       int all = 0;
///       const auto parents = co_await ta::this_job::parents();   // expected<std::vector<job<json>>>
///       for (const auto& each : parents.value())
///         if (const auto how = co_await each.outcome(); how)
///           all += how->get<int>();
///       co_return all;
///     }
///
/// Errors: `error{errc::not_in_task}`: not called in the body of a job, or called in a child task of it; a
/// job that runs in a worker process has no store at hand.
#pragma once

#include <taskactor/named_task.hpp>
#include <taskactor/queue/job.hpp>
#include <taskactor/queue/job_info.hpp>
#include <taskactor/queue/store.hpp>
#include <taskactor/queue/store_call.hpp>

#include <vector>

namespace taskactor::this_job {

job_id id();
/// That it was claimed from.
store in();
/// Which it ran after (`push_options::after`), by id. All of them are over; their outcomes are kept until it
/// has ended.
store_call<std::vector<job<json>>> parents();

} // namespace taskactor::this_job
