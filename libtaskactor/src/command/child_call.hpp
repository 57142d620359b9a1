/// A task's work in a child process, on its way: queues for a token, starts, ends.
///
/// What commands and calls of workers have in common: how they are waited for, and how they are ended. Keeps
/// its token until the process has really done with it (rule 8).
#pragma once

#include "command/call_wait.hpp"

#include <taskactor/detail/limited_call.hpp>

#include <atomic>

namespace taskactor::detail {

class child_call : public limited_call {
public:
  explicit child_call(context& owner);
  /// A further call of the same task's, made on any thread.
  child_call(context& owner, ref<record> task) : limited_call(owner, std::move(task)) {}
  bool started() const noexcept { return started_.load(std::memory_order_acquire); }
  /// To the process's whole group. At any time: what comes too early is sent as soon as there is a process.
  virtual void signal(int number) noexcept = 0;
  /// True: it never had its token, and never starts.
  bool withdraw() noexcept;
  /// What it is that one waits for.
  const char* awaited(bool for_start) const noexcept;

protected:
  std::atomic<bool> started_{false};
};

} // namespace taskactor::detail
