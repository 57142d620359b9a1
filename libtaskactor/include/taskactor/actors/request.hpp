/// `co_await request<R>(actor, timeout, message...)`: asks any CAF actor, typed or not, from inside a task.
///
///     #include <taskactor/actors/request.hpp>     // taskactor.hpp doesn't: it has CAF's headers in it
///     const int sum = co_await ta::request<int>(calculator, 2s, 1, 2);
///     const lookup question{key};                                       // a line of its own: see below
///     const auto [a, b] = co_await ta::request<int, std::string>(store, 2s, question);
///     co_await ta::request<>(sink, 2s, flush{});                        // an empty reply
///
/// **g++ 12** destroys a struct twice that is made within the await, if it has a string or the like in it: in
/// place of `request<int>(store, 2s, lookup{key})` give the message a name first (docs/first_steps.md).
///
/// The task's own actor asks; it is parked until the reply comes and holds no thread. `R...` are the types of
/// the reply's values: none gives void, one gives itself, several a tuple. What a typed actor doesn't take,
/// or doesn't reply with, doesn't compile.
///
/// Errors: `timeout_error` when there is no reply in time; `request_error` when the actor answers with an
/// error, and when the reply has other types; and when the actor has ended, or ends before it replies: also
/// if it had taken the call up, and also if another actor was to reply in its place and hasn't 100 ms later.
/// Units: `timeout` counts from the await; negative is `errc::invalid_argument`. Stops: while it waits; a
/// reply that comes too late is dropped.
#pragma once

#include <taskactor/detail/caf_message.hpp>
#include <taskactor/detail/call_check.hpp>
#include <taskactor/detail/typed_request.hpp>
#include <taskactor/error.hpp>
#include <taskactor/scope.hpp>
#include <taskactor/time_span.hpp>

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>
#include <caf/message.hpp>
#include <caf/type_id.hpp>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <memory>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace taskactor {

/// What another actor has answered in place of a reply.
class request_error : public error {
public:
  request_error(const std::string& what, caf::error reason);
  /// The actor's own error, or its exit reason (`caf::exit_reason::unreachable` after a normal end); empty
  /// when the reply had other types than asked for.
  const caf::error& reason() const noexcept { return reason_; }

private:
  caf::error reason_;
};

namespace detail {

/// Where a reply arrives; outlives a body that doesn't wait for it any more.
class reply_slot {
public:
  std::atomic<bool> arrived{false};
  caf::message content; // of the one who sets `arrived`, then of the body
  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

private:
  std::atomic<int> references_{0};
};

class actor_watch;

class request_wait : waiter {
protected:
  request_wait(caf::strong_actor_ptr to, caf::message content, std::chrono::nanoseconds timeout);
  /// Of one that isn't awaited yet.
  request_wait(request_wait&& unused) noexcept;
  ~request_wait();
  bool start(context& ctx);
  /// The reply. Errors: as `request`.
  caf::message finish();
  [[noreturn]] static void refuse(const caf::message& reply);
  std::atomic<bool> hopeless_{false};

private:
  bool ready() const noexcept override;
  wait_reason reason() const override { return {"the reply of an actor", timer_.due}; }
  void on_end(const caf::error& reason);
  bool is_broken_promise() const noexcept;

  caf::strong_actor_ptr to_;
  caf::message content_;
  std::chrono::nanoseconds timeout_;
  mutable timer_entry timer_;
  ref<reply_slot> reply_;
  std::unique_ptr<actor_watch> watch_;
  caf::error end_; // of whoever sets `ended_`
  std::atomic<bool> ended_{false};
  mutable bool in_grace_ = false;
  context* ctx_ = nullptr;
};

template <class... Rs>
class [[nodiscard]] request_awaiter final : request_wait {
public:
  request_awaiter(caf::strong_actor_ptr to, caf::message content, std::chrono::nanoseconds timeout)
      : request_wait(std::move(to), std::move(content), timeout) {}
  request_awaiter(request_awaiter&&) noexcept = default;
  /// Whoever sets it knows that nobody will answer, and wakes the body.
  std::atomic<bool>& hopeless() noexcept { return hopeless_; }
  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return start(*self.promise().ctx);
  }
  auto await_resume() {
    const caf::message reply = finish();
    if (!reply.match_elements<Rs...>())
      refuse(reply);
    return values(reply, std::index_sequence_for<Rs...>{});
  }

private:
  template <std::size_t... I>
  static auto values([[maybe_unused]] const caf::message& reply, std::index_sequence<I...>) {
    if constexpr (sizeof...(Rs) == 1)
      return (reply.get_as<Rs>(I), ...);
    else if constexpr (sizeof...(Rs) > 1)
      return std::tuple<Rs...>{reply.get_as<Rs>(I)...};
  }
};

template <class H>
concept actor_handle = requires(const H& h) { h.address(); } || requires(const H& h) { h.get()->id(); }
                       || std::is_pointer_v<H>;
template <class T>
inline constexpr bool has_caf_id
    = requires { sizeof(caf::type_id<T>); } || caf::allowed_unsafe_message_type<T>::value;
/// CAF converts what it sends of its own and of the standard library.
template <class T>
inline constexpr bool may_be_sent
    = has_caf_id<std::decay_t<T>>
      || (!std::is_aggregate_v<std::decay_t<T>> && !std::is_enum_v<std::decay_t<T>>);

template <class To, class Replies, class... Ts>
inline constexpr bool request_checked = false;

/// True: it can be asked. Else a static assertion says why not.
template <class To, class... Rs, class... Ts>
inline constexpr bool request_checked<To, std::tuple<Rs...>, Ts...> = [] {
  static_assert(
      actor_handle<To>,
      "request: the actor: give a caf::actor, a typed one, or a service; nothing else can be asked");
  static_assert((has_caf_id<Rs> && ...),
                "request: the reply: each type in request<...> needs a type id of CAF (caf::type_id)");
  static_assert((may_be_sent<Ts> && ...),
                "request: the message: each of its types needs a type id of CAF (caf::type_id)");
  constexpr bool can_be = actor_handle<To> && (has_caf_id<Rs> && ...) && (may_be_sent<Ts> && ...);
  if constexpr (can_be && requires { typename To::signatures; })
    return fits_interface<typed_request<To, Ts...>, Rs...>();
  return can_be;
}();

} // namespace detail

template <class... Rs, class Handle, class... Ts>
[[nodiscard]] auto request(const Handle& to, time_span timeout, Ts&&... message) {
  if constexpr (detail::request_checked<Handle, std::tuple<Rs...>, Ts...>)
    return detail::request_awaiter<Rs...>{caf::actor_cast<caf::strong_actor_ptr>(to),
                                          caf::make_message(std::forward<Ts>(message)...), timeout};
  else
    return detail::refused_await{};
}
template <class... Rs, class Handle, detail::no_options<std::chrono::nanoseconds> Second, class... Ts>
auto request(const Handle&, const Second&, const Ts&...) {
  static_assert(std::is_void_v<Second>,
                "request: the timeout: a duration (2s, 100ms) comes after the actor, before the message");
  return detail::refused_await{};
}

} // namespace taskactor
