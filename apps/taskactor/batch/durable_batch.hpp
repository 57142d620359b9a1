/// `taskactor run --store`: the items of a run that is written down in a store, and goes on after a crash.
///
///     the input --> store: 250 at a time, at most 2000 ahead --> claimed, as slots become free --> the run
///     the run, when an item's output is written --> its end, in the store
///
/// Before anything is run, the input is compared with what was read of it before.
///
/// Threads: `on_written` may be called from any, and so may `skipped` and `total`; all else is its owner's.
#pragma once

#include "batch/opened_batch.hpp"
#include "run/job_feed.hpp"

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::cli {

class run_control;
class screen;
class used_files;
struct run_options;

class durable_batch final : public job_feed {
public:
  /// Errors: as of `open_batch`.
  durable_batch(const run_options& options, run_control& control, screen& messages, used_files& files);
  durable_batch(const durable_batch&) = delete;
  durable_batch& operator=(const durable_batch&) = delete;
  ~durable_batch() override;

  /// It had ended before: for people. Unset: there is something to run.
  std::optional<std::string> finished() const;
  /// It was begun by a former run.
  bool goes_on() const noexcept { return batch_->goes_on; }
  /// How its items have ended: before this run; after `finish` all of them.
  const batch_counts& counts() const noexcept { return batch_->counts; }

  /// `cancel`: the item of this turn was cancelled in the store.
  void start(std::size_t jobs, std::function<void(std::size_t turn)> cancel);
  std::optional<job> next() override;
  std::size_t skipped() const noexcept override { return skipped_.load(); }
  std::optional<std::size_t> total() const noexcept override;
  /// What the item has printed is written.
  void on_written(const job_result& ended);
  /// After the last of these: writes what is left. What is to be said of it; empty: the batch is over.
  std::string finish();
  /// Whom `start` was given isn't called any more.
  void end_calls() { batch_->runner->end_beat(); }

private:
  std::optional<job> find_next();
  std::size_t take_in(bool may_wait);
  void claim();
  bool wait_for_others();
  void fail(const std::string& why);

  run_control& control_;
  screen& screen_;
  const std::unique_ptr<opened_batch> batch_;
  std::size_t at_once_ = 1;
  std::size_t ahead_; // written and not claimed, about
  std::deque<claimed_item> claimed_;
  std::atomic<std::size_t> skipped_;
  bool says_paused_ = false;
};

} // namespace taskactor::cli
