/// The help of `taskactor run`.
#pragma once

namespace CLI {
class App;
}

namespace taskactor::cli {

/// Sets usage, layout, examples and exit codes of the verb's help.
void set_help(CLI::App& verb);

} // namespace taskactor::cli
