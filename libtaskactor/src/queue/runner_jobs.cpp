#include "queue/runner_jobs.hpp"

#include "lifecycle/manager_core.hpp"

#include <string>
#include <utility>

namespace taskactor::detail {

runner_jobs::runner_jobs(runner_host& host, runner_statistics& counts)
    : host_(host), counts_(counts), claims_(host.plan()) {}

void runner_jobs::offer(const job_task& which, job_end end) { ends_.add(which.claimed_by(), std::move(end)); }

bool runner_jobs::hear(const std::vector<std::pair<ref<job_task>, job_news>>& news) {
  bool any = false;
  for (const auto& [task, what] : news) {
    if (what == job_news::noted) {
      any = true;
    } else if (what == job_news::ended) {
      if (claim_note note; task->take_note(note) && !note.output.empty())
        last_words_.open.push_back(std::move(note));
      offer(*task, task->take_end());
    } else {
      claims_.down(*task);
    }
    begin_again_ = {};
  }
  return any;
}

void runner_jobs::took(std::vector<claimed_job> jobs, const runner_key& by, time_point now) {
  std::vector<ref<job_task>> made;
  made.reserve(jobs.size());
  const auto self = host_.shared_from_this();
  for (auto& each : jobs)
    made.emplace_back(new job_task{self, by, std::move(each)});
  counts_.claimed += made.size();
  claims_.took(made, now);
}

// -- beginning --------------------------------------------------------------

void runner_jobs::begin_some(time_point now) {
  if (now < begin_again_ && begin_again_ != time_point::max())
    return;
  begin_again_ = time_point::max();
  while (!refused_ && ends_.has_room()) {
    auto which = claims_.next();
    if (!which || !begin(std::move(which), now))
      break;
  }
}

/// False: no more now.
bool runner_jobs::begin(ref<job_task> which, time_point now) {
  if (const auto mark = which->mark()) {
    marks_.open.push_back(*mark);
    marks_.jobs.push_back(std::move(which));
    return true;
  }
  return admit(std::move(which), now);
}

void runner_jobs::noted(time_point now) {
  last_words_.sent = false;
  for (auto& each : std::exchange(marks_.sent, {}))
    if (claims_.find(each->job().id, each->job().token))
      admit(std::move(each), now);
}

bool runner_jobs::admit(ref<job_task> which, time_point now) {
  constexpr std::chrono::milliseconds pause{50};
  const auto& job = which->job();
  const auto where = claims_.where(*which);
  const auto id = "job-" + std::to_string(job.id);
  auto refused = which->admit(host_.home(), where, id);
  if (refused && refused->code == errc::duplicate_id) // of another store, or a user's
    refused = which->admit(host_.home(), where, id + '.' + std::to_string(job.token));
  if (!refused)
    return true;
  if (refused->code == errc::queue_full) {
    claims_.put_back(std::move(which));
    begin_again_ = after(now, pause);
    return false;
  }
  claims_.drop(*which);
  const bool stopping = refused->code == errc::stopping;
  refused_ = refused_ || stopping;
  offer(*which, stopping ? end_unbegun(which->job(), claim_end::released)
                         : end_unbegun(which->job(), claim_end::failed, refused->message));
  return !stopping;
}

// -- ending them ------------------------------------------------------------

void runner_jobs::cancel(const std::vector<std::pair<job_id, claim_token>>& which) {
  for (const auto& [id, token] : which) {
    const auto found = claims_.find(id, token);
    if (!found)
      continue;
    if (claims_.withdraw(found))
      offer(*found, end_unbegun(found->job(), claim_end::cancelled));
    else
      found->stop(job_stop::cancelled);
  }
}

void runner_jobs::release_at_hand() {
  for (const auto& each : claims_.take_at_hand())
    offer(*each, end_unbegun(each->job(), claim_end::released));
}

void runner_jobs::stop_running(job_stop why) {
  claims_.for_each_running([why](job_task& each) { each.stop(why); });
}

/// What hasn't begun was given to others already. What has may still be the first that ends: its token
/// decides.
void runner_jobs::lose_all() {
  for (const auto& each : claims_.take_at_hand())
    claims_.forget(each->job().token);
  stop_running(job_stop::released);
  auto& sent = marks_.sent;
  sent.insert(sent.end(), marks_.jobs.begin(), marks_.jobs.end());
  for (const auto& each : sent) { // in their slots, and never tasks
    claims_.drop(*each);
    claims_.forget(each->job().token);
  }
  marks_ = {};
  last_words_.sent = false;
}

// -- what the store is told -------------------------------------------------

std::vector<claim_note> runner_jobs::notes() {
  last_words_.sent = last_words_.sent || has_last_words();
  auto all = std::exchange(last_words_.open, {});
  all.insert(all.end(), marks_.open.begin(), marks_.open.end());
  marks_.open.clear();
  marks_.sent.insert(marks_.sent.end(), marks_.jobs.begin(), marks_.jobs.end());
  marks_.jobs.clear();
  claims_.for_each_running([&](job_task& each) {
    if (claim_note note; each.take_note(note))
      all.push_back(std::move(note));
  });
  return all;
}

bool runner_jobs::confirmed(const std::vector<end_reply>& replies) {
  bool limited = false;
  ends_.confirmed(replies, [&](const job_end& end, end_reply reply) {
    if (reply == end_reply::done || reply == end_reply::repeated)
      count(end);
    else if (reply == end_reply::stale)
      ++counts_.stale;
    if (const auto task = claims_.find(end.id, end.token))
      limited = limited || !task->job().row.limits.empty();
    claims_.settled(end.token);
  });
  return limited;
}

void runner_jobs::count(const job_end& end) {
  switch (end.how) {
  case claim_end::succeeded:
    ++counts_.succeeded;
    break;
  case claim_end::failed:
  case claim_end::quarantined:
    ++counts_.failed;
    break;
  case claim_end::cancelled:
    ++counts_.cancelled;
    break;
  case claim_end::retry:
    ++counts_.retried;
    break;
  case claim_end::snooze:
    ++counts_.snoozed;
    break;
  case claim_end::released:
    ++counts_.released;
    break;
  }
}

} // namespace taskactor::detail
