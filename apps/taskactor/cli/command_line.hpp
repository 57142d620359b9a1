/// How a verb's command line is read, and answered if that is all there is to do.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
} // namespace CLI

namespace taskactor::cli {

/// Empty: the verb goes on. Else its exit code: help, the version or what is wrong has been printed.
std::optional<int> parse(CLI::App& app, std::vector<std::string> arguments);
/// Prints that, and returns the exit code: help that couldn't be written isn't `all_completed`.
int answer(const CLI::App& app, const CLI::ParseError& what);
/// "taskactor: <text>", on standard error; returns the code.
int say(const std::string& text, int code);

} // namespace taskactor::cli
