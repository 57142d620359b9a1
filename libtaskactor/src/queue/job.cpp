#include <taskactor/queue/job.hpp>

#include "base/memory.hpp"
#include "queue/store_core.hpp"

#include <taskactor/error.hpp>
#include <taskactor/remote_error.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

/// While somebody waits for the end of a job, its store isn't closed.
struct kept_wait {
  std::shared_ptr<store_core> core;
  std::shared_ptr<void> wait;
  ~kept_wait() { wait.reset(); }
};

rejection no_such_job(job_id which) {
  return {errc::unknown_job, "job " + std::to_string(which) + ": there is none in the store"};
}

failure failed(errc code, const std::string& what) {
  return failure{std::make_exception_ptr(error{code, what})};
}

} // namespace

store_call<job_ended> end_of(const std::shared_ptr<store_core>& core, job_id which) {
  auto call = std::make_shared<call_state<job_ended>>();
  auto wait = core->wait_for_end(which, [call](expected<job_ended> how) { call->set(std::move(how)); });
  return store_call<job_ended>{std::move(call), std::make_shared<kept_wait>(core, std::move(wait))};
}

store_call<job_info> info_of(const std::shared_ptr<store_core>& core, job_id which) {
  return call_of<job_info>([&](auto tell) {
    job_query query;
    query.ids = {which};
    query.most = 1;
    core->list(std::move(query), [tell, which](expected<std::vector<job_info>> found) {
      if (!found)
        tell(std::move(found).error());
      else if (found->empty())
        once_there_is_memory([&] { tell(no_such_job(which)); });
      else
        tell(std::move(found->front()));
    });
  });
}

failure failure_of(job_id which, const expected<job_ended>& how) {
  if (!how)
    return failed(how.error().code, how.error().message);
  const auto name = "job " + std::to_string(which);
  switch (how->state) {
  case job_state::cancelled:
    return {state::cancelled, end_reason::cancel_requested};
  case job_state::expired:
    return {
        state::timed_out, end_reason::queue_timeout,
        std::make_exception_ptr(error{errc::job_expired, name + ": it hadn't begun when its time was over"})};
  case job_state::quarantined:
    return failed(errc::quarantined,
                  how->error.empty() ? name + ": its runners have died under it" : name + ": " + how->error);
  default:
    return failure{std::make_exception_ptr(remote_error{how->error})};
  }
}

json parsed_result(const std::string& bytes) {
  auto made = json::parse(bytes, nullptr, false);
  if (made.is_discarded())
    throw decode_fault{{}, "JSON", std::to_string(bytes.size()) + " bytes that are none"};
  return made;
}

std::exception_ptr wrong_result(job_id which, const decode_fault& fault) {
  return std::make_exception_ptr(error{errc::bad_arguments, "job " + std::to_string(which) + ": result"
                                                                + fault.path + ": expected " + fault.expected
                                                                + ", got " + fault.got});
}

} // namespace taskactor::detail
