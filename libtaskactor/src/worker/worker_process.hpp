/// The process of one worker, and the link that is its standard input.
///
/// Threads: any, once `start` has returned.
#pragma once

#include "command/command_server.hpp"
#include "transport/link.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <sys/types.h>

namespace taskactor::detail {

class worker_process {
public:
  explicit worker_process(command_server& commands) noexcept : commands_(commands) {}
  /// The two are told what becomes of the process and of its link. Errors: `std::system_error`.
  void start(command_spec spec, link_host& links, std::shared_ptr<command_listener> of_process,
             std::shared_ptr<link_listener> of_link);

  void send(std::string frame) { link_->send(std::move(frame)); }
  /// What is on its way is still delivered; a process that is idle then sees the end of its link, and exits.
  void cut() { link_->cut(); }
  /// To its group.
  void signal(int number) { commands_.signal(key_, number); }
  /// When what it has printed by now is read and handed out.
  void after_output(std::function<void()> call) { commands_.after_output(key_, std::move(call)); }

  void set_started(pid_t id) noexcept { id_ = id; }
  void set_reaped() noexcept { reaped_ = true; }
  std::string name() const { return "worker-" + std::to_string(id_); }
  /// Resident, in bytes; zero when there is no process.
  std::size_t memory() const;
  std::chrono::nanoseconds age() const noexcept { return clock::now() - asked_for_; }

private:
  using clock = std::chrono::steady_clock;

  command_server& commands_;
  std::shared_ptr<link> link_;
  std::uint64_t key_ = 0;
  const clock::time_point asked_for_ = clock::now();
  std::atomic<pid_t> id_{0};
  std::atomic<bool> reaped_{false};
};

} // namespace taskactor::detail
