/// `sync_cell<T>`: a value on its way from one task to another, which moves under a lock. Not for users.
///
/// It is the value itself if moving it runs no code of the user's, else a pointer to it. Empty when the value
/// has been moved on.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

inline constexpr std::size_t largest_inline_cell = 64;

template <class T>
inline constexpr bool is_inline_cell
    = std::is_trivially_copyable_v<T> && std::is_move_assignable_v<T> && sizeof(T) <= largest_inline_cell;

template <class T>
using sync_cell = std::conditional_t<is_inline_cell<T>, std::optional<T>, std::unique_ptr<T>>;

template <class T, class U>
sync_cell<T> make_cell(U&& value) {
  if constexpr (is_inline_cell<T>)
    return sync_cell<T>{std::in_place, std::forward<U>(value)};
  else
    return std::make_unique<T>(std::forward<U>(value));
}

/// Empty afterwards, also if the move throws.
template <class T>
std::optional<T> take_value(sync_cell<T>& cell) {
  const sync_cell<T> last{std::exchange(cell, sync_cell<T>{})};
  if constexpr (is_inline_cell<T>)
    return last;
  else
    return last ? std::optional<T>{std::move(*last)} : std::nullopt;
}

/// Puts it back where it was moved from, if a `T` can be; it isn't empty. An inline one was only copied.
template <class T>
void put_back(sync_cell<T>& cell, T& where) {
  if constexpr (is_inline_cell<T>) {
    cell.reset();
  } else {
    const auto last = std::move(cell);
    if constexpr (std::is_move_assignable_v<T>) {
      where = std::move(*last);
    } else if constexpr (std::is_nothrow_move_constructible_v<T>) {
      std::destroy_at(&where);
      std::construct_at(&where, std::move(*last));
    }
  }
}

} // namespace taskactor::detail
