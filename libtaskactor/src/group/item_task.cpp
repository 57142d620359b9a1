#include "base/memory.hpp"
#include "lifecycle/admission.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/requests.hpp"

#include <taskactor/detail/gather_state.hpp>
#include <taskactor/detail/item_task.hpp>
#include <taskactor/detail/wait.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

/// Its slot then hands on the outcome, which is next to nothing, and is to be at the task's deadline even if
/// that keeps its token.
class item_end final : lending_wait, end_listener {
public:
  item_end(record& task, const record& slot) noexcept
      : end_listener([](end_listener& self) noexcept { static_cast<item_end&>(self).on_end(); }),
        task_(task),
        slot_(slot) {}
  item_end(const item_end&) = delete;
  item_end& operator=(const item_end&) = delete;
  ~item_end() { stop_listening(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    waiting_ = &*self.promise().ctx;
    listening_ = task_.add(*this);
    if (!listening_)
      return waiting_->goes_on();
    lend(*waiting_);
    return true;
  }
  void await_resume() noexcept { stop_listening(); }

private:
  bool arrived() const noexcept override { return ended_.load(std::memory_order_acquire); }
  bool is_all() const noexcept override { return true; }
  bool give_up() noexcept override {
    const auto why = slot_.reason.load();
    once_there_is_memory([&] {
      detail::cancel(*task_.home, task_, why == end_reason::none ? end_reason::parent_ended : why);
    });
    return false;
  }
  std::string awaited() const override { return "the end of its task"; }
  void on_end() noexcept {
    auto& waiting = *waiting_; // this may be gone, once that sees it
    ended_.store(true, std::memory_order_release);
    waiting.wake();
  }
  void stop_listening() noexcept {
    if (std::exchange(listening_, false))
      task_.remove(*this);
  }

  record& task_;
  const record& slot_;
  context* waiting_ = nullptr;
  std::atomic<bool> ended_{false};
  bool listening_ = false;
};

} // namespace

task<void> end_of_item_task(record& task, const record& slot) {
  item_end end{task, slot};
  co_await end;
}

item_place::item_place(gather_state& of, std::string id) : gather_(&of), id_(std::move(id)) {
  gather_->progress.task_made();
}

item_place::~item_place() { gather_->task_gone(left_); }

void item_place::leave() noexcept {
  left_ = true; // its own reference is there: nobody destroys it meanwhile
  gather_->progress.task_left();
}

std::string item_place::next_id() { return id_ + '#' + std::to_string(++numbered_); }

std::optional<rejection> item_task::admit(gather_state& of, std::string id, ref<record> made) {
  const auto& plan = of.plan();
  const ref<item_place> place{new item_place{of, id}};
  plan.prepare_task(*made);
  made->numbered = true;
  made->belongs_to = place;
  task_options how = plan.options().each;
  how.id = std::move(id);
  how.timeout = how.timeout.value_or(no_timeout);
  how.where = {};
  ref<record> joined;
  was_admitted_.store(true, std::memory_order_relaxed); // before the manager can have told of it
  auto refused = plan.home().admissions().admit(made, std::move(how), joined);
  if (refused) {
    reset();
    return refused;
  }
  task_ = std::move(made);
  place_ = place;
  return {};
}

void item_task::leave() noexcept {
  const auto left = std::exchange(task_, {});
  std::exchange(place_, {})->leave();
  if (is_final(left->state.load(std::memory_order_acquire)))
    return;
  once_there_is_memory([&] { detail::cancel(*left->home, *left, end_reason::parent_ended); });
  once_there_is_memory([&] { detail::kill(*left->home, *left); });
}

} // namespace taskactor::detail
