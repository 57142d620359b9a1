/// Bytes that came from outside, made fit for a shell, a terminal and JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::cli {

/// One word as a POSIX shell reads it back, quoted only where it has to be.
std::string shell_quoted(std::string_view word);
std::string shell_quoted(const std::vector<std::string>& words);

/// For a terminal: one line, at most `width` characters, with escapes as by `detail::visible`.
/// What is too long loses its beginning, since the end of a path tells more.
std::string printable(std::string_view text, std::size_t width);

bool is_utf8(std::string_view text) noexcept;

std::string base64(std::string_view bytes);
/// None: it isn't what `base64` makes.
std::optional<std::string> from_base64(std::string_view text);

} // namespace taskactor::cli
