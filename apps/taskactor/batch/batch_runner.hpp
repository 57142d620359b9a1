/// What runs a durable batch, as the store sees it: a runner that claims the items that are about to be run,
/// beats while it lives, and says how they have ended. The commands themselves are the run's.
///
/// A claim of it never says that its body has begun, so that a run that is killed again and again costs no
/// item its place: what was claimed is ready again.
///
/// Its claims may be lost (the program was stopped for so long that another one has taken it for dead): its
/// items are then claimed once more; one whose command runs here, or has ended, isn't run again. In a store
/// that many machines share the run is then over: another machine may have taken the batch
/// (batch_takeover.hpp).
///
/// Threads: `claim`, `wait_for_room` and `flush` are its owner's; `end` may be called from any.
#pragma once

#include "batch/batch_takeover.hpp"
#include "queue/store_backend.hpp"

#include <taskactor/expected.hpp>
#include <taskactor/queue/store.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace taskactor::cli {

/// Called on a thread of the runner's.
struct batch_hooks {
  /// Somebody wants the item of this turn to be cancelled.
  std::function<void(std::size_t turn)> cancel;
  /// The ends can't be written, and no longer time is given.
  std::function<void(const std::string& why)> fail;
};

struct claimed_item {
  std::size_t number = 0, turn = 0;
  std::string item{};
};

/// What a runner has claimed.
struct held_item {
  job_id id = 0;
  detail::claim_token token = 0;
  std::size_t turn = 0;
  bool unwanted = false;
  bool lost = false; // it has ended, and the claim was another's by then
  std::optional<detail::job_end> end{};
};

/// Between a runner and its store.
struct batch_trouble {
  std::optional<std::chrono::steady_clock::time_point> failing_since{};
  std::string failure{}; // for good
  /// When the last beat that the store has answered was sent; unset: it is no store that machines share.
  std::optional<std::chrono::nanoseconds> confirmed{};

  bool is_shared() const noexcept { return confirmed.has_value(); }
};

class batch_runner {
public:
  /// Gives back what a dead runner of the same queue had. `version`: of its items. Errors: `error`, as of the
  /// store; `std::system_error`.
  batch_runner(const store& in, std::string queue, std::string version);
  /// In a store that many machines share: takes the batch over, and beats from now on. Errors: those of
  /// `take_over_batch`, too.
  batch_runner(const store& in, const std::string& batch, std::string queue, std::string version,
               const takeover_hooks& hooks);
  batch_runner(const batch_runner&) = delete;
  batch_runner& operator=(const batch_runner&) = delete;
  /// Gives back what it still has.
  ~batch_runner();

  /// From now on it beats, and calls these.
  void start(batch_hooks with);
  /// The next items, in their order; `got` is how many the store gave, those that it had before included.
  std::vector<claimed_item> claim(std::size_t most, std::size_t& got);
  /// How an item has ended; unset: not at all, it is given back in the end.
  void end(std::size_t number, detail::job_end how);
  /// Somebody has asked for its cancellation.
  bool is_unwanted(std::size_t number) const;
  /// Waits while too many ends are unwritten.
  void wait_for_room();
  /// Waits until all ends are written. False: they can't be.
  bool flush();
  detail::runner_key key() const;
  /// Calls no hook any more.
  void end_beat();

private:
  void write_some(std::unique_lock<std::mutex>& held_lock);
  void written(const std::vector<std::size_t>& numbers,
               const expected<std::vector<detail::end_reply>>& replies);
  void run();
  void beat(std::unique_lock<std::mutex>& held_lock);

  const store store_;
  const std::shared_ptr<const detail::known_tasks> item_tasks_, all_tasks_;

  mutable std::mutex mutex_; // what follows
  batch_hooks hooks_;
  std::condition_variable changed_;
  detail::runner_key key_;
  std::map<std::size_t, held_item> items_; // by number
  std::deque<std::size_t> unwritten_;
  bool writes_ = false;
  std::size_t turns_ = 0;
  batch_trouble trouble_;
  bool last_ = false;
  std::thread thread_;
};

} // namespace taskactor::cli
