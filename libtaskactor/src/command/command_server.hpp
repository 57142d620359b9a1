/// Runs commands: the front of the detached actor that serves them, whose mailbox isn't read.
///
///     auto server = command_server::create(system);
///     auto key = server->start({{"sort", "-u"}, {.stdin_data = lines}}, listener);
///     server->signal(key, SIGTERM);
///
/// There is no clock here: `timeout` and `grace` are the caller's, who sends the signals. The thread is
/// started with the first command.
///
/// Threads: any. Stops: `stop`, and the destructor; the actor system must still be there.
#pragma once

#include "command/command_listener.hpp"
#include "command/command_table.hpp"

#include <caf/fwd.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace taskactor::detail {

struct command_spec {
  command_line argv;
  command_options options;
  /// What it has as its standard input, in place of `stdin_data`.
  unique_fd input{};
  /// What it inherits or owns, and who it is, where the options have that.
  held_descriptors held{};
  std::optional<credentials> identity{};
  start_mode mode = start_mode::run;
  /// It ends when it is told to. Who waits for room doesn't wait for that.
  bool stays = false;
};

class command_server {
public:
  static std::shared_ptr<command_server> create(caf::actor_system& system);
  ~command_server() { stop(); }
  command_server(const command_server&) = delete;
  command_server& operator=(const command_server&) = delete;

  /// Queues a start and returns the command's key. The listener hears of everything else, a refusal included.
  /// Errors: `std::bad_alloc`; then it hears nothing.
  std::uint64_t start(command_spec spec, std::shared_ptr<command_listener> listener);
  /// Sends a signal to the command's whole group, at once; after its end, nothing. TERM means that it is to
  /// end: what is sent is its `stop_signal`. Before it has a process,
  /// KILL and TERM abandon the start (`on_start_failed` with `errc::stopping`), and other signals are
  /// dropped.
  void signal(std::uint64_t key, int signal) noexcept { table_->signal(key, signal); }
  /// Sends a signal to the command's process alone, or to its group. Returns 0, or why not, as kill(2):
  /// ESRCH, once it has ended.
  int send(std::uint64_t key, int signal, signal_target to) noexcept {
    return table_->signal(key, signal, to);
  }
  /// Calls `then` when everything is read that is in the command's pipes now: on the serving thread, or at
  /// once when commands are served no more. Errors: `std::bad_alloc`.
  void after_output(std::uint64_t key, std::function<void()> then);
  /// Its listener has room again.
  void read_on(std::uint64_t key) noexcept;
  /// Kills all commands, waits for their ends and final calls, and ends the thread; a start after it is
  /// refused. Called on the serving thread, by a listener, it doesn't wait. Returns after
  /// `command_loop::stop_limit` at the latest, plus what listeners take.
  void stop() noexcept;
  command_statistics statistics() const { return table_->statistics(); }

private:
  explicit command_server(caf::actor_system& system);
  void ensure_thread();

  caf::actor_system& system_;
  std::shared_ptr<command_table> table_;
  std::atomic<std::uint64_t> last_key_{0};
  std::mutex mutex_;
  bool has_thread_ = false;
};

} // namespace taskactor::detail
