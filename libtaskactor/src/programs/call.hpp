/// `call`: one task, from its submission to the program's exit code.
#pragma once

#include <taskactor/named_program.hpp>

#include <string>

namespace taskactor::detail {

struct call_line;

/// What it says, it says on standard output and error. Errors: `usage_error`; `std::system_error`.
int run_call(const std::string& program, const call_line& what, const named_program_options& with);

} // namespace taskactor::detail
