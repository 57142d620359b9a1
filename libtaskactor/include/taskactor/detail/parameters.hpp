/// Parameters of a coroutine whose destructors may throw. Not for users.
///
/// When such a destructor throws while g++ 12 destroys a frame, the parameters behind it and the frame's
/// memory belong to nobody any more. So the promise of such a coroutine, which is given them and is the last
/// thing before them, destroys all of them itself, and throws: that keeps the compiler from doing it as well.
#pragma once

#include <taskactor/detail/compiler.hpp>
#include <taskactor/detail/promise.hpp>

#include <cstddef>
#include <exception>
#include <type_traits>

namespace taskactor::detail {

#if TASKACTOR_GCC_12
/// `Args`: as the coroutine declares them, its object first.
template <class... Args>
inline constexpr bool destroys_parameters = !(std::is_nothrow_destructible_v<Args> && ...);
#else
template <class... Args>
inline constexpr bool destroys_parameters = false;
#endif

template <class Promise, class... Args>
class promise_with final : public Promise {
public:
  template <class... Ps>
    requires(sizeof...(Ps) == sizeof...(Args))
  explicit promise_with(Ps&... parameters) noexcept : parameters_{place<Args>(parameters)...} {}
  promise_with(const promise_with&) = delete;
  promise_with& operator=(const promise_with&) = delete;
  ~promise_with() noexcept(false) {
    static constexpr void (*destructors[])(void*) noexcept = {destroy<Args>...};
    for (std::size_t left = sizeof...(Args); left-- != 0;)
      destructors[left](parameters_[left]);
    throw parameters_gone{};
  }

private:
  template <class Arg, class P>
  static void* place(P& parameter) noexcept {
    if constexpr (std::is_reference_v<Arg>)
      return nullptr;
    else
      return const_cast<char*>(&reinterpret_cast<const volatile char&>(parameter)); // no operator& of its own
  }
  template <class Arg>
  static void destroy(void* parameter) noexcept {
    if constexpr (!std::is_reference_v<Arg>) {
      try {
        static_cast<Arg*>(parameter)->~Arg();
      } catch (...) {
        report_fault(std::current_exception());
      }
    }
  }

  void* parameters_[sizeof...(Args)];
};

} // namespace taskactor::detail
