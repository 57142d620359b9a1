/// `runner_jobs`: a runner's jobs between the manager, which runs them as tasks, and the store, which is told
/// their ends. Asks nothing of the store. The runner's thread alone.
#pragma once

#include "queue/runner_claims.hpp"
#include "queue/runner_ends.hpp"
#include "queue/runner_host.hpp"

#include <taskactor/queue/job_runner_options.hpp>

#include <utility>
#include <vector>

namespace taskactor::detail {

class runner_jobs {
public:
  runner_jobs(runner_host& host, runner_statistics& counts);

  runner_claims& claims() noexcept { return claims_; }
  runner_ends& ends() noexcept { return ends_; }

  /// True: some have something for the store.
  bool hear(const std::vector<std::pair<ref<job_task>, job_news>>& news);
  void took(std::vector<claimed_job> jobs, const runner_key& by, time_point now);
  /// Makes tasks of those that may begin.
  void begin_some(time_point now);
  /// Some can't begin before the store knows of it: `notes` says so, and `noted` that it does.
  bool has_marks() const noexcept { return !marks_.open.empty(); }
  void noted(time_point now);
  /// The manager takes no more tasks.
  bool is_refused() const noexcept { return refused_; }
  /// It had no room: again then, if nothing ends before.
  time_point begin_again() const noexcept { return begin_again_; }

  /// What the store wants.
  void cancel(const std::vector<std::pair<job_id, claim_token>>& which);
  void release_at_hand();
  void stop_running(job_stop why);
  /// Others have all its claims.
  void lose_all();

  std::vector<claim_note> notes();
  /// Jobs that have ended have something to say, which is to come to the store before their ends.
  bool has_last_words() const noexcept { return !last_words_.open.empty(); }
  bool waits_for_words() const noexcept { return has_last_words() || last_words_.sent; }
  /// True: some had limits, which others may wait for.
  bool confirmed(const std::vector<end_reply>& replies);
  bool is_empty() const noexcept { return claims_.is_empty() && ends_.is_empty(); }

private:
  bool begin(ref<job_task> which, time_point now);
  bool admit(ref<job_task> which, time_point now);
  void offer(const job_task& which, job_end end);
  void count(const job_end& end);

  runner_host& host_;
  runner_statistics& counts_;
  runner_claims claims_;
  runner_ends ends_;
  struct {
    std::vector<claim_note> open;
    bool sent = false; // some are on their way
  } last_words_;
  struct {
    std::vector<claim_note> open;    // to be sent
    std::vector<ref<job_task>> jobs; // of these
    std::vector<ref<job_task>> sent; // of those that are on their way
  } marks_;
  bool refused_ = false;
  time_point begin_again_ = time_point::max();
};

} // namespace taskactor::detail
