/// What `task_local`s are set to: a list that only grows at its head, so that a scope, the tasks that were
/// started in it and their calls on threads share it. Not for users.
///
///     scope of b -> { b: 7 } -> { a: "x" }      the innermost of each key; of one that is set again the
///     scope of a ----------------^              outer one is left out, so a list has each key once
///
/// Threads: it is constant once it is there; any thread may read and release it.
#pragma once

#include <taskactor/detail/harmless.hpp>
#include <taskactor/detail/ref.hpp>
#include <taskactor/detail/reference_count.hpp>

#include <type_traits>
#include <typeinfo>
#include <utility>

namespace taskactor::detail {

/// A value that nobody changes any more.
class local_value : public reference_count {
public:
  local_value(const local_value&) = delete;
  local_value& operator=(const local_value&) = delete;
  void release() noexcept {
    if (drop_reference())
      delete this;
  }
  /// Its destructor may run on any thread.
  bool is_harmless() const noexcept { return harmless_; }

protected:
  explicit local_value(bool is_harmless) noexcept : harmless_(is_harmless) {}
  virtual ~local_value() = default;

private:
  const bool harmless_;
};

template <class T>
class typed_local_value final : public local_value {
public:
  template <class V>
  explicit typed_local_value(V&& from) // NOLINT(bugprone-forwarding-reference-overload): it is never copied
      : local_value(harmless<T>), value(std::forward<V>(from)) {}
  const T value;
};

class local_binding : public reference_count {
public:
  /// `key`, set to `value` in front of all else that is set in `outer`, which may be null.
  static ref<local_binding> bind(const void* key, ref<local_value> value, const local_binding* outer);
  local_binding(const local_binding&) = delete;
  local_binding& operator=(const local_binding&) = delete;

  /// Null: it isn't set.
  const local_value* find(const void* key) const noexcept {
    for (const auto* each = this; each; each = each->outer_.get())
      if (each->key_ == key)
        return each->value_.get();
    return nullptr;
  }
  void release() noexcept {
    if (drop_reference())
      delete this;
  }
  /// As `release`. True: that was the last reference, and the caller is to destroy it by `destroy`.
  [[nodiscard]] bool release_without_destroying() noexcept { return drop_reference(); }
  void destroy() noexcept { delete this; }
  /// So are all values in the list.
  bool is_harmless() const noexcept { return harmless_; }

private:
  local_binding(const void* key, ref<local_value> value, ref<local_binding> outer) noexcept
      : key_(key),
        harmless_(value->is_harmless() && (!outer || outer->harmless_)),
        value_(std::move(value)),
        outer_(std::move(outer)) {}
  ~local_binding() = default;

  const void* const key_;
  const bool harmless_;
  const ref<local_value> value_;
  const ref<local_binding> outer_;
};

/// What is set for the code that runs on this thread; null: nothing, or it is no task's.
local_binding* current_locals() noexcept;

[[noreturn]] void refuse_unset_local(const std::type_info& type);

} // namespace taskactor::detail
