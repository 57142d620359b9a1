#include "services/running_child.hpp"

#include "caf_adapter/compat.hpp"
#include "lifecycle/admission.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/requests.hpp"
#include "services/service_messages.hpp"

#include <taskactor/detail/child_observer.hpp>

#include <caf/all.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

/// Tells the supervisor when nothing of the task runs any more.
class task_watch final : public child_observer {
public:
  explicit task_watch(const child_run& run) : supervisor_(run.supervisor) {
    end_.child = run.child;
    end_.run = run.run;
  }
  bool ended() const noexcept override { return true; }

  void child_ended(record& child) noexcept override {
    child.mark_observed();
    const auto* what = child.failed();
    end_.how = !what                               ? exit_kind::normal
               : what->state() == state::cancelled ? exit_kind::shutdown
                                                   : exit_kind::failed;
    try {
      end_.why = what ? child.error_text() : "completed";
    } catch (...) { // no memory for the words
      end_.why.clear();
    }
  }
  void child_left_behind(record& child) noexcept override { child_gone(child); }
  void child_gone(record&) noexcept override {
    if (!std::exchange(told_, true))
      post(supervisor_, child_over{end_});
  }

private:
  caf::actor supervisor_;
  child_over end_{0, 0, exit_kind::failed, {}, false};
  bool told_ = false;
};

ref<record> admit_task(const child_parts& what, const std::shared_ptr<child_run>& run, manager_core& home) {
  auto task = what.make_body(service_start{run});
  auto options = what.task;
  options.id = run->node->path;
  options.timeout = options.timeout.value_or(no_timeout);
  task->belongs_to = ref<child_observer>{new task_watch{*run}};
  ref<record> joined;
  if (auto refused = home.admissions().admit(task, std::move(options), joined)) {
    task->belongs_to = {};
    throw_rejection(*refused);
  }
  return task;
}

} // namespace

running_child running_child::begin(const child_parts& what, std::shared_ptr<child_run> run,
                                   manager_core& home) {
  running_child result;
  if (what.kind == service_kind::task) {
    result.task_ = admit_task(what, run, home);
  } else {
    result.actor_ = what.spawn(service_start{run});
    if (!result.actor_)
      throw_rejection({errc::invalid_argument, "the function that makes the actor gave none"});
  }
  result.run_ = std::move(run);
  return result;
}

bool running_child::detached() const noexcept {
  return actor_ && actor_->get()->getf(caf::abstract_actor::is_detached_flag);
}

void running_child::ask(manager_core& home) const {
  if (!run_)
    return; // its start came to nothing, and the message that says so is under way
  run_->stop.request_stop();
  if (task_)
    detail::cancel(home, *task_, end_reason::parent_ended);
  else
    caf::anon_send_exit(caf::actor_cast<caf::actor>(actor_), caf::exit_reason::user_shutdown);
}

void running_child::kill(manager_core& home) const {
  if (!run_)
    return;
  run_->stop.request_stop();
  if (task_)
    detail::kill(home, *task_);
  else
    caf::anon_send_exit(caf::actor_cast<caf::actor>(actor_), caf::exit_reason::kill);
}

} // namespace taskactor::detail
