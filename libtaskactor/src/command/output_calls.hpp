/// Calls a command's `on_output`, `on_line` and `on_stopped`, which are the user's and may block, on a thread
/// of a pool.
///
///     serving thread   take ... take ... end
///     a pool's thread    handler ... handler ... all_handed_out
///
/// One call at a time, in the order in which the output was read; when there is no thread for it, a while
/// later. The serving thread waits for nothing: what it can't hand out yet is kept, and when that is much
/// (`has_room`) the command's pipe isn't read for a while, so that a slow handler slows its own command down
/// and no other.
#pragma once

#include "command/command_handlers.hpp"
#include "threads/thread_pool.hpp"

#include <taskactor/detail/pool_work.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace taskactor::detail {

class output_calls : public pool_work {
public:
  static constexpr std::chrono::milliseconds retry_interval{100};
  /// Takes the handlers out of the options. Without any it does nothing: `has_handler`.
  explicit output_calls(command_options& options);
  bool has_handler() const noexcept { return handlers_.has_output() || handlers_.has_stopped(); }
  /// Before the command is started.
  void begin(std::shared_ptr<thread_pool> threads) noexcept { threads_ = std::move(threads); }

  // -- the serving thread's -------------------------------------------------
  /// Errors: `std::bad_alloc`.
  void take(output_stream which, std::string_view bytes);
  /// The command has been stopped by a signal; `go_on` tells when that was handled. False: nobody handles it.
  bool take_stop(int signal);
  /// False: not for now; `go_on` tells.
  bool has_room() noexcept;
  /// Nothing more will be taken. `result` is handed back by `all_handed_out`.
  void end(command_result result) noexcept;

  // -- the pool's -----------------------------------------------------------
  void run() final;
  void refuse(std::exception_ptr why) noexcept final;
  /// There was no thread for it a while ago.
  void submit() noexcept;

protected:
  ~output_calls() = default;
  /// Calls `submit` after `retry_interval`. False: it can't.
  virtual bool submit_later() noexcept = 0;
  /// There is room again, or a stop was handled.
  virtual void go_on() noexcept = 0;
  /// The last call. Threads: one of the pool's, or the serving thread when there is none to be had.
  virtual void all_handed_out(command_result result) noexcept = 0;

private:
  /// Bytes, or a stop.
  struct piece {
    output_stream which;
    std::string bytes;
    int stopped_by = 0;
  };
  /// What waits to be handed out, in order.
  class backlog {
  public:
    bool empty() const noexcept { return pieces_.empty(); }
    std::size_t bytes() const noexcept { return bytes_; }
    void push(piece next);
    piece pop();
    void clear() noexcept;

  private:
    std::deque<piece> pieces_;
    std::size_t bytes_ = 0;
  };

  void take(piece next);
  template <class F>
  void call(F&& handler);
  void fail(std::exception_ptr why) noexcept;
  void leave(std::unique_lock<std::mutex>& lock) noexcept;

  command_handlers handlers_; // called by the thread that calls
  std::shared_ptr<thread_pool> threads_;
  std::mutex mutex_; // what follows
  backlog kept_;
  bool at_work_ = false; // it is with the pool
  bool paused_ = false;  // the serving thread waits for room
  bool ended_ = false;
  int refusals_ = 0; // one after the other
  std::exception_ptr error_;
  command_result result_;
};

} // namespace taskactor::detail
