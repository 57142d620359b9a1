/// A schedule's body, of which each fire makes a task. Not for users.
#pragma once

#include <taskactor/detail/admit.hpp>
#include <taskactor/detail/thread_awaiter.hpp>
#include <taskactor/schedule/schedule_options.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

class schedule_body {
public:
  schedule_body() = default;
  schedule_body(const schedule_body&) = delete;
  schedule_body& operator=(const schedule_body&) = delete;
  virtual ~schedule_body() = default;
  /// What of `where` it can't.
  virtual std::optional<rejection> check(std::optional<run_where> where) const = 0;
  /// What was begun. Its handle goes without a lock: a result that nobody else has is destroyed with it.
  struct begun {
    ref<record> task;
    std::shared_ptr<void> handle;
  };
  /// `run` is given up when nothing of the body runs any more. No code of the user's is called here.
  virtual expected<begun> begin(manager_core& home, task_options&& options, schedule_fire at,
                                std::shared_ptr<void> run)
      = 0;

  /// The user's `retry::retry_on`, which the tasks share.
  std::shared_ptr<const std::function<bool(const failure&)>> retry_on{};
  /// Of those that are to be destroyed together.
  std::shared_ptr<schedule_body> behind{};
};

/// One fire: the user's callable is shared by all, and only called on the task's own thread.
template <class F>
struct schedule_call {
  std::shared_ptr<F> body;
  schedule_fire at;
  std::shared_ptr<void> run;

  decltype(auto) operator()() {
    if constexpr (std::invocable<F&, schedule_fire>)
      return (*body)(at);
    else
      return (*body)();
  }
};

/// True: `F` can be a schedule's body. Else a static assertion says why not.
template <class F>
consteval bool check_schedule_body() {
  if constexpr (std::invocable<std::decay_t<F>&>)
    return check_body<F>();
  else
    return check_body<F, schedule_fire>();
}

/// The handle goes soon: a failure that nobody looks at is an event of its own.
template <class T, class Record>
expected<schedule_body::begun> admit_fire(manager_core& home, ref<Record> made, task_options&& options) {
  const auto kept = std::make_shared<std::optional<handle<T>>>(); // before there is any
  auto admitted = admit_body<T>(home, made, std::move(options));
  if (!admitted)
    return admitted.error();
  kept->emplace(*std::move(admitted));
  return schedule_body::begun{ref<record>{std::move(made)}, kept};
}

template <class F>
class typed_schedule_body final : public schedule_body {
  using call = schedule_call<F>;
  using traits = body_traits<call>;
  using result = typename traits::type;

public:
  explicit typed_schedule_body(F body) : body_(std::make_shared<F>(std::move(body))) {}

  std::optional<rejection> check(std::optional<run_where> where) const override {
    if (where == run_where::process)
      return not_in_a_process();
    if (where == run_where::thread && traits::coroutine)
      return not_on_a_thread();
    return {};
  }
  expected<begun> begin(manager_core& home, task_options&& options, schedule_fire at,
                        std::shared_ptr<void> run) override {
    call made{body_, std::move(at), std::move(run)};
    const bool on_a_thread = std::exchange(options.where, std::nullopt) == run_where::thread;
    if constexpr (!traits::coroutine)
      if (on_a_thread)
        // A function, so that no coroutine in a header is made of a type that may be one source's own.
        return admit_fire<result>(
            home, make_body(thread_body<std::function<result()>>, std::function<result()>{std::move(made)}),
            std::move(options));
    return admit_fire<result>(home, make_body(std::move(made)), std::move(options));
  }

private:
  std::shared_ptr<F> body_;
};

} // namespace taskactor::detail
