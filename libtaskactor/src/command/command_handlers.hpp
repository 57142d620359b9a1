/// The handlers that a user has given a command: `on_output` or `on_line`, and `on_stopped`. They may block,
/// and throw; `on_line` is called with whole lines.
///
/// Threads: one at a time makes the calls; which handlers there are may be asked on any.
#pragma once

#include "command/output.hpp"

#include <taskactor/command.hpp>

#include <functional>
#include <string_view>

namespace taskactor::detail {

class command_handlers {
public:
  /// Takes them out of the options.
  explicit command_handlers(command_options& options);

  bool has_output() const noexcept { return on_output_ || on_line_; }
  bool has_stopped() const noexcept { return static_cast<bool>(on_stopped_); }

  void output(output_stream which, std::string_view bytes);
  void stopped(int signal) { on_stopped_(signal); }
  /// A last line without a newline is left to `finish_lines`.
  bool has_rest() const noexcept { return out_lines_.has_rest() || err_lines_.has_rest(); }
  /// Nothing more is printed.
  void finish_lines();

private:
  using handler = std::function<void(output_stream, std::string_view)>;

  const handler on_output_, on_line_;
  const std::function<void(int)> on_stopped_;
  line_splitter out_lines_, err_lines_;
};

} // namespace taskactor::detail
