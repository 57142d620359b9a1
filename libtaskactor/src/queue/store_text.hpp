/// The texts of a store: what users name and note (queues, tasks, keys, tags), and what their bodies say.
///
///     if (auto wrong = check_name("queue", queue)) ...  // "queue: \"a\\x00\" has a NUL, as its byte 2; ..."
///     how.error = cut_error(what_it_has_thrown);       // never refused: a job's end can't wait for it
///
/// All stores take the same ones: UTF-8 without a NUL, as PostgreSQL has it; and no longer than an index's
/// key may be there. So a call is refused here, before it is made, by its field.
#pragma once

#include <taskactor/expected.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::detail {

/// In bytes.
inline constexpr std::size_t longest_name = 200, longest_key = 1000;

/// `errc::invalid_argument`: the field, what is wrong, and what would be right. Empty: it is a text.
std::optional<rejection> check_text(const char* field, std::string_view text, std::size_t longest);
/// The same of a name, which isn't empty, and no longer than `longest_name`.
std::optional<rejection> check_name(const char* field, std::string_view name);

/// Each byte that is no UTF-8, and each NUL, becomes U+FFFD.
std::string store_text(std::string said);
/// The same of an error, of which at most so many bytes are kept.
inline constexpr std::size_t largest_error = std::size_t{64} * 1024;
std::string cut_error(std::string said);

} // namespace taskactor::detail
