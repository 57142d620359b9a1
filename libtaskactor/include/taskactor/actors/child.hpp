/// `child`: what a supervisor starts, and how. An actor, a task, or a supervisor with children of its own.
///
///     ta::child_actor({.name = "cache"}, [](ta::service_start s) { return s.system().spawn(cache); })
///     ta::child_task({.name = "poller", .restart = ta::restart_policy::transient}, poll, url)
///     ta::child_supervisor({.name = "shop"}, {.strategy = ta::restart_strategy::one_for_all},
///                          {... children ...})
///
/// **An actor** is whatever the function makes and returns, which gets a `service_start` if it takes one:
/// event-based, detached or blocking, typed or not. The supervisor alone keeps it alive. It is called for
/// each run, on the supervisor's thread: it must not block; if it throws, the child hasn't started.
///
/// **A task** is run by the supervisor's task manager, with the path for an id. The body gets a
/// `service_start` first if it takes one; callable and arguments are copied for each run. It holds a token as
/// any task does, for as long as it runs. A value is a normal end, a cancellation one that was asked for,
/// anything else a failure. `task_options` say how each run is admitted: unset, `timeout` is no limit here;
/// id and retry are the supervisor's business.
#pragma once

#include <taskactor/actors/service_info.hpp>
#include <taskactor/actors/service_start.hpp>
#include <taskactor/detail/body.hpp>

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskactor {

namespace detail {
struct child_parts;
} // namespace detail

class child_spec {
public:
  /// For `child_actor` and its kin.
  explicit child_spec(std::shared_ptr<const detail::child_parts> spec) noexcept : spec_(std::move(spec)) {}
  const detail::child_parts& spec() const noexcept { return *spec_; }

private:
  std::shared_ptr<const detail::child_parts> spec_;
};

namespace detail {

struct child_parts {
  child_options options{};
  service_kind kind = service_kind::actor;
  std::function<caf::strong_actor_ptr(const service_start&)> spawn{}; // of an actor
  std::function<ref<record>(const service_start&)> make_body{};       // of a task
  task_options task{};
  supervisor_options supervisor{}; // of a supervisor
  std::vector<child_spec> children{};
};

inline child_spec make_child(child_parts spec) {
  return child_spec{std::make_shared<const child_parts>(std::move(spec))};
}

template <class F, class... Args>
inline constexpr bool takes_start
    = !std::is_invocable_v<F&, Args...> && std::is_invocable_v<F&, const service_start&, Args...>;

template <class F>
decltype(auto) call_with_start(F& make, const service_start& start) {
  if constexpr (takes_start<F>)
    return make(start);
  else
    return make();
}

/// True: a child can be made of it. Else a static assertion says why not.
template <class F>
consteval bool check_child_actor() {
  constexpr bool callable = std::invocable<F&> || takes_start<F>;
  using result = typename std::conditional_t<takes_start<F>, call_result<F&, const service_start&>,
                                             call_result<F&>>::type;
  constexpr bool gives_actor
      = std::is_class_v<result> && !std::is_same_v<result, no_call> && !is_task<result>;
  static_assert(callable, "the function: it is called with a service_start, or with nothing");
  static_assert(!callable || gives_actor, "the function: it has to give an actor, as spawn does");
  return callable && gives_actor;
}
template <class F, class... Args>
consteval bool check_child_task() {
  constexpr bool callable = std::invocable<F&, Args...> || std::invocable<F&, service_start, Args...>;
  constexpr bool right = body<F, Args...> || body<F, service_start, Args...>;
  static_assert(callable,
                "the body: a child's body can't be called with these arguments, nor with a service_start "
                "before them: their number or a type doesn't fit");
  static_assert(
      !callable || right,
      "the body: its result has to be void, or a value that can be moved; no reference, and nothing that "
      "would have to be awaited");
  static_assert(std::copy_constructible<F>,
                "the body: a child is run more than once, so it has to be one that can "
                "be copied");
  static_assert(
      (std::copy_constructible<Args> && ...),
      "an argument of the body: a child is run more than once, so it has to be one that can be copied");
  return right && std::copy_constructible<F> && (std::copy_constructible<Args> && ...);
}

} // namespace detail

/// `make(start)` or `make()` gives a handle of an actor: `caf::actor`, a typed one, a
/// `caf::strong_actor_ptr`.
template <class F>
child_spec child_actor(child_options options, F make) {
  detail::child_parts spec{.options = std::move(options), .kind = service_kind::actor};
  if constexpr (detail::check_child_actor<F>())
    spec.spawn = [make = std::make_shared<F>(std::move(make))](const service_start& start) {
      return caf::actor_cast<caf::strong_actor_ptr>(detail::call_with_start(*make, start));
    };
  return detail::make_child(std::move(spec));
}

/// A body as `task_manager::add_task` takes it, of `args...` or of a `service_start` and `args...`.
template <class F, class... Args>
child_spec child_task(child_options options, task_options how, F body, Args... args) {
  detail::child_parts spec{.options = std::move(options), .kind = service_kind::task};
  if constexpr (detail::check_child_task<F, Args...>())
    spec.make_body = [body = std::move(body), args = std::make_tuple(std::move(args)...)](
                         const service_start& start) -> detail::ref<detail::record> {
      return std::apply(
          [&](const auto&... copies) -> detail::ref<detail::record> {
            if constexpr (detail::takes_start<F, Args...>)
              return detail::make_body(body, start, copies...);
            else
              return detail::make_body(body, copies...);
          },
          args);
    };
  spec.task = std::move(how);
  return detail::make_child(std::move(spec));
}
template <class F, class... Args>
child_spec child_task(child_options options, F body, Args... args) {
  return child_task(std::move(options), task_options{}, std::move(body), std::move(args)...);
}

/// `below.name` isn't used: the child's own is.
inline child_spec child_supervisor(child_options options, supervisor_options below,
                                   std::vector<child_spec> children) {
  detail::child_parts spec{.options = std::move(options), .kind = service_kind::supervisor};
  spec.supervisor = std::move(below);
  spec.children = std::move(children);
  return detail::make_child(std::move(spec));
}

} // namespace taskactor
