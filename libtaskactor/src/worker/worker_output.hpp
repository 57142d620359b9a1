/// What one worker prints: cut into lines for the log, or kept for the call that wants it.
///
///     bytes --- take ---> lines, to be logged           (and the last of them stay: its last words)
///                 \-----> a call's `call_output`, from `begin_capture` to `end_capture`
///
/// Threads: one at a time.
#pragma once

#include "command/output.hpp"

#include <taskactor/remote_error.hpp>

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor::detail {

class worker_output {
public:
  /// The lines that are whole by that; none while it is captured.
  std::vector<std::string> take(output_stream which, std::string_view bytes);
  /// The lines that have no end yet: their call has ended.
  std::vector<std::string> finish();
  /// Something of the call is logged, other than by these lines.
  void set_logged() noexcept { logged_ = true; }
  /// Whether anything was, these lines included, since it was asked last.
  bool take_logged() noexcept { return std::exchange(logged_, false); }
  void begin_capture();
  call_output end_capture();
  /// "; its last words: a | b", or nothing.
  std::string last_words() const;

private:
  static constexpr std::size_t line_limit = std::size_t{1} << 16, capture_limit = std::size_t{1} << 20;
  static constexpr std::size_t words_limit = 8, word_limit = 200;
  auto into(std::vector<std::string>& lines);

  line_splitter out_{line_limit}, err_{line_limit};
  capture kept_out_{capture_limit}, kept_err_{capture_limit};
  bool capturing_ = false, logged_ = false;
  std::deque<std::string> words_;
};

} // namespace taskactor::detail
