/// One worker: a child process that runs a call at a time, from its start to its end.
///
///     starting --give--> busy --answer--> idle --give--> busy ...          retire: idle --> ending --> gone
///         \------- the process ends -------/   the call on its way is lost
///
/// It is gone when its process is reaped and the last frame is read, whichever comes later: an answer that
/// was sent before the end is delivered. Threads: any; frames come on the links' thread, the rest of what a
/// process does on the commands' thread.
#pragma once

#include "../link/link.hpp"
#include "command_listener.hpp"
#include "process_call.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace taskactor::detail {

class worker_pool;

class worker final : public command_listener,
                     public link_listener,
                     public std::enable_shared_from_this<worker> {
public:
  explicit worker(std::shared_ptr<worker_pool> pool) : pool_(std::move(pool)) {}
  /// Starts the process. Errors: `std::system_error`.
  void start();
  /// Only to one that is free. False: it has died meanwhile, and never sees the call.
  bool give(const ref<process_call>& call);
  /// Asks for the end of this call's body; nothing, when the call has ended.
  void stop(const process_call& call);
  /// To the process's group, while it has this call.
  void signal(const process_call& call, int number);
  /// Ends an idle one: it sees the end of the link, and exits.
  void retire();
  /// The pool's, under its lock.
  time_point idle_since{};
  std::size_t calls = 0;

  void on_started(pid_t) noexcept override {}
  void on_start_failed(errc code, std::string message) noexcept override;
  void on_exit(command_result result) noexcept override;
  void on_frame(std::string_view content) noexcept override;
  void on_closed(bool broken) noexcept override;
  void on_line(std::string_view line) noexcept;

private:
  static constexpr std::size_t last_words_limit = 8;

  bool handle(const nlohmann::json& frame);
  bool answer(const nlohmann::json& frame);
  void break_off(const char* why) noexcept;
  void end_if_over(std::unique_lock<std::mutex> lock) noexcept;
  std::exception_ptr why_lost() const;

  const std::shared_ptr<worker_pool> pool_;
  std::shared_ptr<link> link_;
  std::uint64_t key_ = 0;
  mutable std::mutex mutex_; // what follows
  ref<process_call> call_;
  bool greeted_ = false, closed_ = false, ended_ = false;
  std::string violation_, start_failure_;
  command_result result_;
  std::deque<std::string> last_words_;
};

} // namespace taskactor::detail
