/// The body of a task whose function runs here or in a worker, as its manager has learnt by the time it
/// begins (`manager_options::isolate_after`). Not for users.
#pragma once

#include <taskactor/process/run_in_process.hpp>
#include <taskactor/run/admit.hpp>
#include <taskactor/run/body.hpp>

#include <type_traits>
#include <utility>

namespace taskactor::detail {

/// `F` is a pointer to a function, as those of `fits_a_call`.
template <class F, class... Args>
auto where_it_belongs() {
  using traits = result_traits<std::invoke_result_t<F, Args...>>;
  return [](F function, Args... arguments) -> task<typename traits::type> {
    if (begins_in_worker())
      co_return co_await taskactor::run_in_process(function, std::move(arguments)...);
    if constexpr (traits::coroutine)
      co_return co_await function(std::move(arguments)...);
    else
      co_return function(std::move(arguments)...);
  };
}

/// Null: it isn't registered.
template <class R, class... Ps>
const portable* find_portable(R (*function)(Ps...)) {
  return find_portable(reinterpret_cast<const void*>(function));
}

template <class F, class... Args>
expected<handle<body_result<F, Args...>>> admit_watched(runtime& home, task_options options,
                                                        const portable& known, F* function, Args&&... args) {
  auto body = make_body(where_it_belongs<F*, std::decay_t<Args>...>(), function, std::forward<Args>(args)...);
  watch(home, *body, known);
  return admit_body<body_result<F, Args...>>(home, std::move(body), std::move(options));
}

} // namespace taskactor::detail
