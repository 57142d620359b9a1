/// `harmless<T>`: the destructor of a T runs nobody's code, so it may run on any thread. Not for users.
///
/// What isn't known to be is destroyed where it can't hold up others: see `threads/disposal.hpp`.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskactor::detail {

template <class T>
inline constexpr bool harmless = std::is_void_v<T> || std::is_trivially_destructible_v<T>;
template <class Char, class Traits>
inline constexpr bool harmless<std::basic_string<Char, Traits, std::allocator<Char>>> = true;
template <class T>
inline constexpr bool harmless<std::vector<T, std::allocator<T>>> = harmless<T>;
template <class T>
inline constexpr bool harmless<std::optional<T>> = harmless<T>;
template <class T, std::size_t N>
inline constexpr bool harmless<std::array<T, N>> = harmless<T>;
template <class A, class B>
inline constexpr bool harmless<std::pair<A, B>> = harmless<A> && harmless<B>;
template <class... Ts>
inline constexpr bool harmless<std::tuple<Ts...>> = (harmless<Ts> && ...);

} // namespace taskactor::detail
