/// `runner_core`: what a job runner does in one turn: hears what has come in, and asks the store for what is
/// due, each kind of call once at a time.
///
///     tasks' ends ----> +-------------+ --admit, stop--> tasks of the manager
///     store's answers -> | runner_core | --renew, claim, finish, promote, rescue, prune--> store
///     time, hints ----> +-------------+ --status--> callers
///
/// In virtual time a runner without jobs and without others beside it asks for no time, so that a test's
/// clock can come to an end; a hint wakes it, and it beats before it claims. The runner's thread alone.
#pragma once

#include "queue/runner_care.hpp"
#include "queue/runner_heart.hpp"
#include "queue/runner_host.hpp"
#include "queue/runner_jobs.hpp"
#include "queue/runner_part.hpp"
#include "queue/runner_stop.hpp"

#include <memory>
#include <vector>

namespace taskactor::detail {

class runner_core {
public:
  explicit runner_core(runner_host& host);
  /// Gives when the next turn is, if nothing comes in before.
  time_point turn(runner_mail mail);
  void begin_stop(const shutdown_options& bounds);
  struct ending {
    bool leaving = false, over = false;
    std::size_t refused = 0; // times that it couldn't say that it leaves
    bool clean = false;      // nothing of it is left in the store
  };
  const ending& end() const noexcept { return end_; }
  /// It gets no further turn.
  void leave_behind() noexcept;

  // -- what is told by the store --------------------------------------------
  void beaten(expected<beat_reply> got);
  void claimed(expected<claim_reply> got);
  void finished(expected<std::vector<end_reply>> got);
  void promoted(expected<promote_reply> got);
  void seen(expected<std::vector<runner_row>> got);
  void rescued(expected<rescue_reply> got);
  void pruned(expected<std::size_t> got);
  /// Something has changed.
  void hinted();

private:
  void keep_fence();
  void keep_stages();
  void ask_store();
  void beat();
  void be_another();
  bool is_resting() const;
  time_point plan_next();
  void publish();

  runner_host& host_;
  runner_statistics counts_;
  runner_jobs jobs_;
  runner_heart heart_;
  runner_care care_;
  struct {
    runner_part claim, finish;
    runner_key claimed_by;
  } calls_;
  runner_stop stop_;
  std::shared_ptr<void> watch_;
  time_point now_; // of this turn
  struct {
    time_point poll{}, claim = time_point::max();
  } next_;
  ending end_;
};

} // namespace taskactor::detail
