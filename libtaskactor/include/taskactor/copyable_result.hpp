/// `copyable_result<T>`: whether a value that several handles may take is copied for each, or moved out once.
///
/// True for what can be copied. A container says that it can even if its items can't: what is in containers,
/// optionals, pairs and tuples is looked at, too. What is in a class of the user's isn't: one that says that
/// it can be copied and can't doesn't compile where it is taken from a handle, unless it is said here:
///
///     struct page { std::vector<std::unique_ptr<part>> parts; };
///     template <> inline constexpr bool taskactor::copyable_result<page> = false;
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {

template <class T>
concept item_holder = (
                          requires(T& it) { it.begin(); } || requires(T& it) { it.has_value(); })
                      && !std::is_same_v<T, typename T::value_type>;
template <class T>
constexpr bool is_copyable() noexcept;

} // namespace detail

template <class T>
inline constexpr bool copyable_result = detail::is_copyable<T>();

namespace detail {

template <class T, std::size_t... I>
constexpr bool are_parts_copyable(std::index_sequence<I...>) noexcept {
  return (copyable_result<std::tuple_element_t<I, T>> && ...);
}

template <class T>
constexpr bool is_copyable() noexcept {
  if constexpr (std::is_void_v<T>)
    return true; // NOLINT(bugprone-branch-clone): so does the last branch, of others
  else if constexpr (!std::is_copy_constructible_v<T>)
    return false;
  else if constexpr (item_holder<T>)
    return copyable_result<typename T::value_type>;
  else if constexpr (requires { std::tuple_size<T>::value; })
    return are_parts_copyable<T>(std::make_index_sequence<std::tuple_size<T>::value>{});
  else
    return true;
}

} // namespace detail
} // namespace taskactor
