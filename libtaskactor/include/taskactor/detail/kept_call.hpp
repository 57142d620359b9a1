/// `detail::kept_call<F, Args...>`: a callable and its arguments, in a place of ours until they are needed.
/// Not for users.
#pragma once

#include <taskactor/copyable_result.hpp>
#include <taskactor/detail/kept.hpp>

#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

template <class F, class... Args>
class kept_call {
public:
  static constexpr bool can_be_copied = std::is_copy_constructible_v<F> && (copyable_result<Args> && ...);
  static constexpr bool is_trivially_dropped
      = std::is_trivially_destructible_v<F> && (std::is_trivially_destructible_v<Args> && ...);
  static constexpr bool is_dropped_without_faults
      = std::is_nothrow_destructible_v<F> && (std::is_nothrow_destructible_v<Args> && ...);

  template <class G, class... As>
  explicit kept_call(std::in_place_t, G&& function, As&&... arguments)
      : function_(std::forward<G>(function)), arguments_{std::forward<As>(arguments)...} {}

  /// Calls it: `first...`, and the arguments as they were given, to be moved from.
  template <class... First>
  decltype(auto) operator()(First&&... first) {
    return std::apply(
        [&](as_kept<Args>&... arguments) -> decltype(auto) {
          return std::invoke(value_of(function_), std::forward<First>(first)...,
                             std::forward<Args>(value_of(arguments))...);
        },
        arguments_);
  }

private:
  as_kept<F> function_;
  std::tuple<as_kept<Args>...> arguments_;
};

} // namespace taskactor::detail
