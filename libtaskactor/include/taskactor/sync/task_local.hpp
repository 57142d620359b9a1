/// `task_local<T>`: a value that is set for a part of a body, and that all that is begun in it inherits.
///
///     static ta::task_local<std::string> request_id;
///
///     co_await request_id.scope("r-17", handle(request));   // its result; set in `handle`, and below it
///     log(request_id.get());                                // const std::string&; or throws: it isn't set
///     if (auto* id = request_id.try_get()) log(*id);        // also where no task runs
///
/// It is set for the body that runs in the scope, a part of the task as in the scopes of `scope.hpp`: a task,
/// an awaitable, or a callable that gives one. What is begun there inherits what is set where it is begun,
/// for as long as it runs: children of groups, `race` and `when_all`, items of gathers, calls on threads, and
/// what bodies and such calls give to `add_task`, all attempts of it. What is added to a group by a thread
/// that isn't a task's inherits what was set around the group. Scopes nest: the innermost one counts, and an
/// outer value is there again after it.
///
/// Not inherited: by calls in other processes and on other nodes, by commands, services and what actors
/// submit by messages. In destructors of frames that are destroyed by a kill nothing is set.
///
/// Nobody changes a value: all share the one object, which is constant, and is destroyed when the scope has
/// ended and nothing that has inherited it is left, on one of their threads. A reference to it is valid as
/// long as the code that has asked for it runs in the scope, or in the task or call that has inherited it.
/// What is to be changed by those who share it is a pointer to something with a lock.
///
/// A `task_local` has to outlive all that it is set in: it is static or global. Errors: `errc::not_set`;
/// `std::bad_alloc`, at the scope's await. Costs: an allocation for each scope; `get` looks through what is
/// set, which is no longer than there are `task_local`s. A task without any pays nothing.
/// Threads: `get` and `try_get` on the thread that runs the body or the call. Stops: nothing, a scope has no
/// end of its own.
#pragma once

#include <taskactor/detail/awaitable.hpp>
#include <taskactor/detail/local_binding.hpp>
#include <taskactor/scope.hpp>

#include <chrono>
#include <concepts>
#include <coroutine>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace taskactor {

namespace detail {

/// A part of a body for which a value is set.
template <class R>
class [[nodiscard]] local_scope_awaiter final : body_scope {
public:
  local_scope_awaiter(const void* key, ref<local_value> value, task<R> inner) noexcept
      : body_scope(time_point::max(), false),
        key_(key),
        value_(std::move(value)),
        inner_(std::move(inner).operator co_await()) {}

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  void await_suspend(std::coroutine_handle<Promise> parent) {
    context& ctx = *parent.promise().ctx;
    bound_ = local_binding::bind(key_, std::move(value_), ctx.locals());
    enter(ctx);
    inner_.await_suspend(parent);
  }
  R await_resume() {
    leave();
    return inner_.await_resume();
  }

private:
  local_binding* binding() const noexcept override { return bound_.get(); }

  const void* key_;
  ref<local_value> value_; // until it is bound
  ref<local_binding> bound_;
  typename task<R>::awaiter inner_;
};

template <class R>
auto make_local_scope(const void* key, ref<local_value> value, task<R> body) {
  return local_scope_awaiter<R>{key, std::move(value), std::move(body)};
}

} // namespace detail

template <class T>
class task_local {
  static_assert(std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T>
                    && std::is_nothrow_destructible_v<T>,
                "a task_local is for values with a destructor that doesn't throw; not for references");

public:
  using value_type = T;

  constexpr task_local() noexcept = default;
  task_local(const task_local&) = delete;
  task_local& operator=(const task_local&) = delete;

  /// Errors: `errc::not_set`.
  const T& get() const {
    const T* const found = try_get();
    if (!found)
      detail::refuse_unset_local(typeid(T));
    return *found;
  }
  /// Null: it isn't set.
  const T* try_get() const noexcept {
    const auto* const locals = detail::current_locals();
    const auto* const found = locals ? locals->find(this) : nullptr;
    return found ? &static_cast<const detail::typed_local_value<T>*>(found)->value : nullptr;
  }

  /// Runs `body` with this set to `value`, and gives its result. To be awaited.
  template <class V, class A>
    requires std::constructible_from<T, V>
  [[nodiscard]] auto scope(V&& value, A&& body) const {
    using plain = std::remove_cvref_t<V>;
    static_assert(std::is_lvalue_reference_v<V> || detail::survives_awaits<plain>
                      || !std::copy_constructible<plain>,
                  "the value: g++ 12 destroys an aggregate twice that is written in an await: give it a name "
                  "before, and pass it by that name");
    detail::ref<detail::local_value> kept{new detail::typed_local_value<T>{std::forward<V>(value)}};
    return detail::make_local_scope(this, std::move(kept), detail::as_part(std::forward<A>(body)));
  }
};

} // namespace taskactor
