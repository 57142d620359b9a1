/// The tasks here that run other nodes' calls, between the core that wants them and the manager that runs
/// them. Threads: `begin`, `stop` and `hand_back` under the node's lock, the rest any.
#pragma once

#include "node/synchronized_core.hpp"

#include <taskactor/detail/ref.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor::detail {

class inbound_task;
class manager_core;

class inbound_tasks {
public:
  /// What a node answers at once by itself; empty: a task has to run.
  using own_tasks = std::function<std::optional<inbound_result>(std::string_view, const std::string&)>;

  /// `largest`: bytes of a result.
  inbound_tasks(std::size_t largest, own_tasks own, synchronized_core& core, manager_core& home);
  ~inbound_tasks();
  inbound_tasks(const inbound_tasks&) = delete;
  inbound_tasks& operator=(const inbound_tasks&) = delete;
  /// Whose part this is: each task keeps it alive until it has ended.
  void set_owner(std::weak_ptr<void> owner) { owner_ = std::move(owner); }

  // -- what the core wants --------------------------------------------------
  void begin(inbound_call call);
  void stop(inbound_id which);
  void hand_back(inbound_id which);

  // -- what tasks say -------------------------------------------------------
  std::optional<inbound_result> run_own(std::string_view name, const std::string& arguments) const {
    return own_(name, arguments);
  }
  void begun(inbound_id which) noexcept;
  /// It has ended. Perhaps under the lock of its record.
  void over(inbound_id which, inbound_result how) noexcept;
  void progressed(inbound_id which, std::uint64_t done, std::uint64_t total, std::string text) noexcept;
  /// Of the task that calls. False: it isn't one of these.
  bool relay_log(int level, std::string_view logger, std::string_view text) noexcept;
  std::size_t largest() const noexcept { return largest_; }
  manager_core& home() noexcept { return home_; }

  /// Lets go of those that are over: now and again, on a thread that holds no lock. `last`: nobody calls this
  /// any more, so that whoever tells of an end does it.
  void forget_ended(bool last = false) noexcept;

private:
  const std::size_t largest_;
  const own_tasks own_;
  synchronized_core& core_;
  manager_core& home_;
  std::weak_ptr<void> owner_;
  std::map<inbound_id, ref<inbound_task>> inbound_; // this and what follows: the node's lock
  std::vector<ref<inbound_task>> ended_;
  bool last_forgotten_ = false;
};

} // namespace taskactor::detail
