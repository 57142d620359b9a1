/// Text that came from elsewhere (a peer, a command, a user's id), for people to read: in a log, a table, an
/// error, a terminal.
///
/// What isn't there to be seen is written as an escape: control characters, which could move the cursor or
/// begin a row that nobody has written, marks that turn the direction of writing around, and bytes that are
/// no UTF-8. What is made so is made of itself: a text that passes twice is no other one.
///
/// Threads: any. Errors: `std::bad_alloc`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace taskactor::detail {

/// The whole text, in one line.
std::string visible(std::string_view text);
/// Its first character, or the escape for it, which begins with a backslash; takes it off.
std::string take_visible(std::string_view& text);

/// How many bytes at the beginning are one character of valid UTF-8; 0: none.
std::size_t utf8_length(std::string_view text) noexcept;

} // namespace taskactor::detail
