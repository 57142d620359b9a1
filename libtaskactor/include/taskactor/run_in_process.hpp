/// `co_await run_in_process(f, args...)`: a registered function, in a child process, under the process
/// limiter.
///
///     TASKACTOR_REGISTER(resize);                                   // registry.hpp, in a source file
///     auto size = co_await ta::run_in_process(resize, "a.png", 100);
///
/// The child is a worker: this program, started again, which `worker_entry` at the top of `main` makes one.
/// Workers are started when they are needed, at most as many as the process limiter has tokens, and stay for
/// further calls; one call at a time runs in each. A worker that has been idle for five minutes ends. Calls
/// of functions that have lately taken less than 1 ms are sent to a busy worker ahead of their turn; they go
/// to another one when it is late or dies.
///
/// Arguments and results are copied as CBOR: see `detail/json_value.hpp` for what has that form. In the
/// worker the body is a task: `this_task::report_progress`, `sleep_for`, `gather`, threads and commands
/// work there, under a manager of the worker's; its progress is reported as that of the caller. What it
/// prints on standard output and error goes to the log, by lines, with the caller's id; or comes back, with
/// `capture_output`. What it logs by spdlog's default logger is logged here, at its level. A function whose
/// first parameter is a `std::stop_token` is given one, which a cancellation stops. Calls that it makes of
/// further workers are made here, under the same limiter: a worker has none of its own. It runs without a
/// token while it waits for them, and when it dies, they are killed.
///
/// Errors: `worker_lost`, when the process dies under the call, whatever it died of; nothing else is harmed.
/// `remote_error` for what the body throws: its type and its text. `std::system_error` with
/// `errc::unknown_task` (not registered), `errc::worker_not_started` (no worker to be had, with its own last
/// words; without /proc this program can't be started again), `std::length_error` for arguments beyond 64 MiB
/// of CBOR; a result beyond that, of more than 200 levels or with bytes that have a subtype is a
/// `remote_error`. A task whose calls have killed three workers
/// (`manager_options::workers.max_kills`) isn't retried. A call begins at most once, unless its function is
/// registered as `named_options::idempotent`: then it is run again when its worker has died.
/// Stops: the body in the worker is cancelled (`cancelled_error` at its awaits,
/// `this_task::cancel_requested()`), after half of `cancel_grace` the process group gets SIGTERM, and SIGKILL
/// when the grace is over. The await goes on until the call has really ended.
#pragma once

#include <taskactor/detail/remote_callable.hpp>
#include <taskactor/remote_error.hpp>
#include <taskactor/task.hpp>

#include <optional>
#include <stop_token>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {

/// There and back: encoded arguments, encoded result. `captured`: where its output goes; null: to the log.
task<std::string> call_in_process(const remote_callable& what, std::string arguments,
                                  call_output* captured = nullptr);

template <class R>
task<R> call_plainly(const remote_callable* what, std::string arguments) {
  const auto bytes = co_await call_in_process(*what, std::move(arguments));
  if constexpr (std::is_void_v<R>) {
    what->decode_result(bytes, nullptr);
  } else {
    std::optional<R> result;
    what->decode_result(bytes, &result);
    co_return std::move(*result);
  }
}

struct plain_call {
  template <class R>
  static auto begin(const remote_callable* what, std::string arguments) {
    return call_plainly<R>(what, std::move(arguments));
  }
};

template <class How, class R, class... Ps, class... As>
auto begin_call(const void* function, As&&... arguments) {
  const auto& what = remote_callable_of(function);
  const std::tuple<std::remove_cvref_t<Ps>...> values{std::forward<As>(arguments)...};
  return How::template begin<typename result_traits<R>::type>(&what, what.encode_arguments(&values));
}

template <class How, class R, class... Ps, class... As>
auto begin_in_process(R (*function)(Ps...), As&&... arguments) {
  return begin_call<How, R, Ps...>(reinterpret_cast<const void*>(function), std::forward<As>(arguments)...);
}
template <class How, class R, class... Ps, class... As>
auto begin_in_process(R (*function)(std::stop_token, Ps...), As&&... arguments) {
  return begin_call<How, R, Ps...>(reinterpret_cast<const void*>(function), std::forward<As>(arguments)...);
}

/// What a function takes across to another process.
template <class... Ps>
struct crossing {
  template <class... Args>
  static constexpr bool number = sizeof...(Ps) == sizeof...(Args);
  static constexpr bool may_cross = (detail::may_cross<Ps> && ...);
  template <class... Args>
  static constexpr bool types = requires {
    requires sizeof...(Ps) == sizeof...(Args);
    requires(std::is_constructible_v<std::remove_cvref_t<Ps>, Args> && ...);
  };
};
template <class R, class... Ps>
crossing<Ps...> crossing_of(R (*)(Ps...));
template <class R, class... Ps>
crossing<Ps...> crossing_of(R (*)(std::stop_token, Ps...));

template <class F>
inline constexpr bool is_free_function = std::is_function_v<std::remove_pointer_t<std::decay_t<F>>>;

template <class F, class... Args>
inline constexpr bool fits_a_call = false;
template <class F, class... Args>
  requires is_free_function<F>
inline constexpr bool fits_a_call<F, Args...> = [] {
  using call = decltype(crossing_of(std::declval<F>()));
  return call::may_cross && call::template types<Args...>;
}();

/// True: it can be called in another process. Else a static assertion says why not.
template <class F, class... Args>
consteval bool check_process_call() {
  static_assert(
      is_free_function<F>,
      "run_in_process: the function: only a free function that is registered (TASKACTOR_REGISTER) can "
      "run in another process: a lambda, a member or an object with state doesn't exist there");
  if constexpr (is_free_function<F>) {
    using call = decltype(crossing_of(std::declval<std::decay_t<F>>()));
    constexpr bool number = call::template number<Args...>;
    static_assert(number, "run_in_process: the function is given another number of arguments than it has "
                          "parameters; defaults don't belong to a function's type");
    static_assert(
        call::may_cross,
        "run_in_process: the function's parameters have to be values or const references: a pointer or a "
        "reference means nothing in another process");
    static_assert(!number || call::template types<Args...>,
                  "run_in_process: an argument can't be converted to the function's parameter");
  }
  return fits_a_call<std::decay_t<F>, Args...>;
}

} // namespace detail

/// Errors: `errc::unknown_task` and what an argument can't be encoded for are thrown at once.
template <class F, class... Args>
[[nodiscard]] auto run_in_process(F&& function, Args&&... arguments) {
  if constexpr (detail::check_process_call<F, Args...>())
    return detail::begin_in_process<detail::plain_call>(function, std::forward<Args>(arguments)...);
  else
    return detail::refused_await{};
}

} // namespace taskactor
