#include "command/output.hpp"

#include <algorithm>

namespace taskactor::detail {

void capture::take(std::string_view bytes) {
  const auto kept = std::min(bytes.size(), limit_ - text_.size());
  truncated_ = truncated_ || kept < bytes.size();
  text_.append(bytes.substr(0, kept));
}

output::output(output_stream which, const command_options& options)
    : which_(which), capture_(options.capture_limit), lines_(options.line_limit) {}

void output::take(std::string_view bytes, const command_options& options,
                  std::exception_ptr& error) noexcept {
  if (error)
    return;
  try {
    if (const auto& on_output = content_of(options.on_output))
      on_output(which_, bytes);
    else if (const auto& on_line = content_of(options.on_line))
      lines_.take(bytes, [&](std::string_view line) { on_line(which_, line); });
    else
      capture_.take(bytes);
  } catch (...) {
    error = std::current_exception();
  }
}

void output::finish(const command_options& options, std::exception_ptr& error) noexcept {
  const auto& on_line = content_of(options.on_line);
  if (error || !on_line)
    return;
  try {
    lines_.finish([&](std::string_view line) { on_line(which_, line); });
  } catch (...) {
    error = std::current_exception();
  }
}

} // namespace taskactor::detail
