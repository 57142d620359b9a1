/// How a call in another process, or on another node, has failed, and what it had printed by then.
#pragma once

#include <taskactor/outcome.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace taskactor {

/// What a call has printed: the first MiB of each stream.
struct call_output {
  std::string out{};
  std::string err{};
  bool truncated = false; ///< there was more
};

/// The process that ran a call has died: `errc::worker_lost`.
class worker_lost : public error {
public:
  worker_lost(int exit_code, int term_signal, const std::string& text,
              std::shared_ptr<const call_output> output = {});
  /// As of `command_result`: -1 when it was killed by a signal.
  int exit_code() const noexcept { return exit_code_; }
  /// Zero: none.
  int term_signal() const noexcept { return term_signal_; }
  /// Empty unless it was captured.
  const call_output& output() const noexcept;

private:
  int exit_code_, term_signal_;
  std::shared_ptr<const call_output> output_;
};

/// What a body has thrown in another process, in words: exceptions themselves don't cross.
class remote_error : public std::runtime_error {
public:
  /// `text` is what `taskactor::describe` said there: type, message, and the nested chain.
  explicit remote_error(const std::string& text, std::shared_ptr<const call_output> output = {});
  /// Empty unless it was captured.
  const call_output& output() const noexcept;

private:
  std::shared_ptr<const call_output> output_;
};

/// The task was cancelled while its call ran, which has ended.
struct cancelled_call : cancelled_error {
  explicit cancelled_call(call_output printed) : output(std::move(printed)) {}

  call_output output;
};

} // namespace taskactor
