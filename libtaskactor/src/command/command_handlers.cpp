#include "command/command_handlers.hpp"

namespace taskactor::detail {

/// Both are refused by whoever plans the start, so they are left to it.
command_handlers::command_handlers(command_options& options)
    : on_output_(content_of(options.on_line) ? handler{} : take_content(options.on_output)),
      on_line_(on_output_ || content_of(options.on_output) ? handler{} : take_content(options.on_line)),
      on_stopped_(take_content(options.on_stopped)),
      out_lines_(options.line_limit),
      err_lines_(options.line_limit) {}

void command_handlers::output(output_stream which, std::string_view bytes) {
  if (on_output_)
    return on_output_(which, bytes);
  auto& lines = which == output_stream::out ? out_lines_ : err_lines_;
  lines.take(bytes, [&](std::string_view line) { on_line_(which, line); });
}

void command_handlers::finish_lines() {
  if (!on_line_)
    return;
  out_lines_.finish([this](std::string_view line) { on_line_(output_stream::out, line); });
  err_lines_.finish([this](std::string_view line) { on_line_(output_stream::err, line); });
}

} // namespace taskactor::detail
