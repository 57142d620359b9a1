#include <taskactor/queue/this_job.hpp>

#include "queue/job_task.hpp"
#include "queue/runner_inbox.hpp"
#include "queue/store_core.hpp"

#include <taskactor/detail/context.hpp>
#include <taskactor/error.hpp>

#include <memory>
#include <utility>

namespace taskactor::this_job {

namespace {

detail::job_task& require_job() {
  auto* const found = dynamic_cast<detail::job_task*>(&detail::require_task());
  if (!found)
    throw error{errc::not_in_task, "this_job: not in the body of a job; a child task of it isn't the job"};
  return *found;
}

} // namespace

job_id id() { return require_job().job().id; }

store in() { return store{store_of(require_job())}; }

store_call<std::vector<job<json>>> parents() {
  const auto from = in();
  auto state = std::make_shared<detail::call_state<std::vector<job_details>>>();
  detail::core_of(from)->find(
      {id()}, [state](expected<std::vector<job_details>> found) { state->set(std::move(found)); });
  return detail::made_call<std::vector<job<json>>>(std::move(state),
                                                   [from](const std::vector<job_details>& found) {
                                                     std::vector<job<json>> all;
                                                     for (const auto& one : found)
                                                       for (const auto& each : one.parents)
                                                         all.push_back({from, each.id});
                                                     return all;
                                                   });
}

} // namespace taskactor::this_job
