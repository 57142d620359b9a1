/// `capture_output`: what a call in a worker prints comes back with its result, in place of the log.
///
///     auto made = co_await ta::run_in_process(ta::capture_output(convert), "a.png");
///     if (!made.output.err.empty()) warn(made.output.err);
///     use(made.value);
///
/// Everything that the worker's process and those it has started have written by the end of the call, byte by
/// byte. A worker whose output is captured is sent no call ahead of its turn.
///
/// Errors: those of `run_in_process`; `worker_lost` and `remote_error` have the output (`output()`), and a
/// cancelled call's is in `cancelled_call`.
#pragma once

#include <taskactor/run_in_process.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace taskactor {

/// A call's result, with its output.
template <class R>
struct captured {
  R value;
  call_output output;
};
template <>
struct captured<void> {
  call_output output;
};

namespace detail {

template <class F>
struct capturing {
  F function;
};

struct capturing_call {
  template <class R>
  static task<captured<R>> begin(const remote_callable* what, std::string arguments) {
    call_output output;
    const auto bytes = co_await call_in_process(*what, std::move(arguments), &output);
    if constexpr (std::is_void_v<R>) {
      what->decode_result(bytes, nullptr);
      co_return captured<void>{std::move(output)};
    } else {
      std::optional<R> result;
      what->decode_result(bytes, &result);
      co_return captured<R>{std::move(*result), std::move(output)};
    }
  }
};

} // namespace detail

/// For the first argument of `run_in_process`.
template <class F>
[[nodiscard]] auto capture_output(F&& function) {
  return detail::capturing<std::decay_t<F>>{std::forward<F>(function)};
}

/// Errors: as the one without.
template <class F, class... Args>
[[nodiscard]] auto run_in_process(detail::capturing<F> function, Args&&... arguments) {
  if constexpr (detail::check_process_call<F, Args...>())
    return detail::begin_in_process<detail::capturing_call>(function.function,
                                                            std::forward<Args>(arguments)...);
  else
    return detail::refused_await{};
}

} // namespace taskactor
