/// `task_manager::shutdown_on`: the manager's shutdown is taken further by each signal.
///
///     open --1st--> draining --2nd--> cancelling --3rd--> killing       a stage without time is passed over
///
/// The io loop's thread asks the manager, by a message, and then says so, by the log's thread: nothing of the
/// user's runs on it, and no thread waits. It does so under the signal table's lock: whoever has ended a
/// registration knows that the manager is asked no more. Threads: any.
#pragma once

#include "io/signal_table.hpp"
#include "lifecycle/attachment.hpp"

#include <taskactor/manager_options.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace taskactor::detail {

class manager_core;

class shutdown_signals final : public attachment {
public:
  /// Begins the shutdown because of that signal, or hurries it up, and waits for nothing.
  using begin = std::function<void(const shutdown_options& bounds, int signal)>;

  shutdown_signals(manager_core& home, begin asks) : home_(home), begin_(std::move(asks)) {}

  /// As `task_manager::shutdown_on`.
  void listen(const std::vector<int>& which, const shutdown_options& bounds);

  void let_go() noexcept override;
  void stop() noexcept override {}

private:
  enum class stage : std::uint8_t { open, draining, cancelling, killing };
  /// One call of `listen`.
  class ear;

  bool on_signals(ear& which, int number, std::size_t count) noexcept;
  void take(int number, std::size_t count) noexcept;
  void advance(int number);
  stage next() const noexcept;

  manager_core& home_;
  const begin begin_;
  std::mutex mutex_;         // what follows
  std::shared_ptr<ear> ear_; // whose signals count
  shutdown_options bounds_;
  stage stage_ = stage::open; // that which has been asked for
  bool let_go_ = false;
};

} // namespace taskactor::detail
