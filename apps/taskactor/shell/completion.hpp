/// `taskactor completion bash|zsh`: a script that makes a shell complete the program's command line, and the
/// commands in it as it completes them anywhere else.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace taskactor::cli {

struct program_table;

/// The shells that there is a script for.
std::span<const std::string_view> completion_shells() noexcept;

/// `shell`: one of `completion_shells()`.
std::string completion_script(std::string_view shell, const program_table& table);

} // namespace taskactor::cli
