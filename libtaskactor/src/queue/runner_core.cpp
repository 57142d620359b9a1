#include "queue/runner_core.hpp"

#include "events/hub.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

/// Marks and words of bodies wait so long for each other, and for bodies that soon end: then nobody needs
/// them.
constexpr std::chrono::milliseconds gathering{200};

std::uint64_t new_incarnation(const runner_plan& plan) {
  return static_cast<std::uint64_t>(random_below(plan.decides, std::chrono::nanoseconds::max()).count()) + 1;
}

} // namespace

runner_core::runner_core(runner_host& host)
    : host_(host),
      jobs_(host, counts_),
      heart_(host.plan(), counts_.beat, new_incarnation(host.plan())),
      care_(host.plan(), counts_, host.home().now()),
      calls_{{counts_.claim, host.plan().decides}, {counts_.finish, host.plan().decides}, {}},
      now_(host.home().now()) {
  counts_.name = host.plan().name;
}

time_point runner_core::turn(runner_mail mail) {
  now_ = host_.home().now();
  if (!watch_ && !end_.over)
    watch_ = host_.store().watch([host = host_.weak_from_this()] {
      if (const auto alive = host.lock())
        alive->post([](runner_core& core) { core.hinted(); });
    });
  if (jobs_.hear(mail.news))
    heart_.tell_by(after(now_, gathering));
  if (jobs_.has_last_words())
    heart_.tell_by(now_);
  for (const auto& call : mail.calls)
    call(*this);
  keep_fence();
  keep_stages();
  if (end_.over) {
    publish();
    return time_point::max();
  }
  if (now_ >= next_.poll) {
    const auto half = host_.plan().poll / 2;
    next_.poll = after(now_, plus(half, random_below(host_.plan().decides, host_.plan().poll)));
    jobs_.claims().may_have_more();
    care_.look_soon(now_);
  }
  if (now_ >= next_.claim) {
    next_.claim = time_point::max();
    jobs_.claims().may_have_more();
  }
  ask_store();
  const auto next = plan_next();
  publish();
  return next;
}

void runner_core::hinted() {
  jobs_.claims().may_have_more();
  care_.look_soon(now_);
  if (!jobs_.is_empty())
    care_.look_at_runners_soon(now_);
}

// -- whether it may ---------------------------------------------------------

void runner_core::keep_fence() {
  if (!heart_.has_passed(host_.boot_now()))
    return;
  if (!jobs_.is_empty())
    host_.home().events().warn("job runner \"" + counts_.name
                               + "\": fenced, since the store hasn't confirmed it for "
                               + to_text(host_.plan().fence) + "; what it runs is cancelled");
  jobs_.release_at_hand();
  jobs_.stop_running(job_stop::released);
}

void runner_core::begin_stop(const shutdown_options& bounds) {
  stop_.ask(bounds, host_.home().now());
  jobs_.release_at_hand();
}

void runner_core::keep_stages() {
  if (jobs_.is_refused() && !stop_.is_asked())
    begin_stop({.drain = no_timeout, .cancel = no_timeout, .kill = no_timeout});
  if (!stop_.is_asked())
    return;
  if (stop_.cancels(now_))
    jobs_.stop_running(job_stop::released);
  end_.over = end_.over || stop_.gives_up(now_);
}

void runner_core::be_another() {
  host_.set_fence({});
  jobs_.lose_all();
  heart_.be_another(new_incarnation(host_.plan()));
  host_.home().events().warn("job runner \"" + counts_.name
                             + "\": was taken for lost, and its jobs given to others; it begins anew");
}

// -- asking the store -------------------------------------------------------

void runner_core::ask_store() {
  auto& store = host_.store();
  auto& ends = jobs_.ends();
  // Not those in slots alone: a slot may be free before the end of its job is known.
  const bool has_jobs = !jobs_.claims().is_empty() && !stop_.leaves(now_);
  const bool is_to_leave = stop_.is_asked() && !has_jobs && ends.is_empty() && !calls_.claim.is_under_way();
  if (!end_.leaving && !is_to_leave && heart_.is_due(now_) && !is_resting())
    beat();
  if (ends.has_waiting() && calls_.finish.may_begin(now_) && !jobs_.waits_for_words()) {
    calls_.finish.begin();
    auto [of, batch] = ends.take();
    store.finish(std::move(of), std::move(batch), host_.answer(&runner_core::finished));
  }
  const bool may = host_.may_begin() && !heart_.is_fenced();
  if (stop_.is_asked()) {
    if (is_to_leave && !heart_.part().is_under_way() && heart_.part().may_begin(now_)) {
      end_.leaving = true;
      beat();
    }
    return;
  }
  if (may)
    jobs_.begin_some(now_);
  if (jobs_.has_marks()) {
    heart_.tell_by(now_);
    if (heart_.is_due(now_))
      beat();
  }
  if (may && calls_.claim.may_begin(now_) && ends.has_room()) {
    if (auto shares = jobs_.claims().wanted(); !shares.empty()) {
      calls_.claim.begin();
      calls_.claimed_by = heart_.key();
      jobs_.claims().asked(shares, now_);
      store.claim({.runner = heart_.key(), .shares = std::move(shares), .tasks = heart_.tasks()},
                  host_.answer(&runner_core::claimed));
    }
  }
  if (care_.wants_promote(now_)) {
    care_.began_promote(now_);
    store.promote(runner_care::at_once, host_.answer(&runner_core::promoted));
  }
  if (care_.wants_look(now_) && !is_resting()) {
    care_.began_look(now_);
    store.runners(host_.answer(&runner_core::seen));
  }
  if (care_.wants_prune(now_) && !is_resting()) {
    care_.began_prune(now_);
    store.prune(runner_care::at_once, host_.answer(&runner_core::pruned));
  }
}

void runner_core::beat() {
  host_.store().renew(
      heart_.send(jobs_.claims().shares(), jobs_.notes(), end_.leaving, now_, host_.boot_now()),
      host_.answer(&runner_core::beaten));
}

void runner_core::beaten(expected<beat_reply> got) {
  const bool came = heart_.answered(got, now_);
  if (end_.leaving) {
    end_.clean = came && jobs_.is_empty();
    // Else again, until it is given up; but a runner that has nothing is as well taken for lost.
    constexpr std::size_t most_tries = 3;
    end_.over = end_.over || came || (++end_.refused >= most_tries && jobs_.is_empty());
    end_.leaving = false;
    return;
  }
  if (!came)
    return;
  if (got->fenced)
    return be_another();
  host_.set_fence(heart_.fence_at());
  care_.know_others(got->others);
  jobs_.noted(now_);
  jobs_.cancel(got->to_cancel);
}

void runner_core::claimed(expected<claim_reply> got) {
  if (!calls_.claim.end(got, now_))
    return jobs_.claims().failed();
  if (calls_.claimed_by != heart_.key()) // that one is dead, and others have what it was given
    return jobs_.claims().failed();
  if (got->fenced) {
    jobs_.claims().failed();
    return be_another();
  }
  if (got->again)
    next_.claim = std::min(next_.claim, after(now_, *got->again));
  jobs_.took(std::move(got->jobs), heart_.key(), now_);
  if (stop_.is_asked() || heart_.is_fenced())
    jobs_.release_at_hand();
}

void runner_core::finished(expected<std::vector<end_reply>> got) {
  if (!calls_.finish.end(got, now_))
    return jobs_.ends().failed();
  if (jobs_.confirmed(*got))
    jobs_.claims().may_have_more();
}

void runner_core::promoted(expected<promote_reply> got) {
  if (care_.promoted(got, now_) != 0)
    jobs_.claims().may_have_more();
}

void runner_core::seen(expected<std::vector<runner_row>> got) {
  if (!got) {
    care_.rescue.end(got, now_);
    return;
  }
  for (const auto& row : *got)
    if (row.runner == heart_.key() && row.cancels != 0)
      heart_.tell_by(now_); // its answer says which
  auto lost = care_.others.look(*got, heart_.key(), host_.plan().lease, host_.boot_now(), heart_.is_steady());
  if (lost.empty())
    care_.rescue.end(got, now_);
  else
    host_.store().rescue(std::move(lost), host_.answer(&runner_core::rescued));
}

void runner_core::rescued(expected<rescue_reply> got) {
  if (!care_.rescue.end(got, now_))
    return;
  counts_.rescued += got->runners;
  if (got->lost + got->quarantined != 0)
    host_.home().events().warn("job runner \"" + counts_.name + "\": " + std::to_string(got->runners)
                               + " lost; of its jobs " + std::to_string(got->lost + got->returned)
                               + " begin anew, " + std::to_string(got->quarantined)
                               + " are quarantined, since runners have died under them too often");
  jobs_.claims().may_have_more();
}

void runner_core::pruned(expected<std::size_t> got) { care_.pruned(got, now_); }

// -- time -------------------------------------------------------------------

/// Nothing to do, nobody to look after, and whoever pushes says so.
bool runner_core::is_resting() const {
  auto& jobs = const_cast<runner_jobs&>(jobs_); // NOLINT: to look at
  return host_.store().virtual_time() && jobs.is_empty() && !care_.others.any() && counts_.beat.last_success
         && !jobs.claims().may_want() && !calls_.claim.is_under_way();
}

time_point runner_core::plan_next() {
  auto due = stop_.is_asked() ? stop_.due(now_) : time_point::max();
  const auto by = [&](time_point each) { due = std::min(due, each); };
  const bool resting = is_resting();
  if (!stop_.is_asked())
    by(care_.due(!resting));
  if (!resting) {
    by(heart_.due());
    by(next_.poll);
    const auto left = heart_.fence_at() - host_.boot_now();
    if (!heart_.is_fenced())
      by(after(now_, std::max(left, std::chrono::nanoseconds{0})));
  }
  by(next_.claim);
  if (jobs_.claims().at_hand() != 0)
    by(jobs_.begin_again());
  if (jobs_.ends().has_waiting() && !jobs_.waits_for_words())
    by(calls_.finish.not_before());
  if (jobs_.claims().may_want() && !heart_.is_fenced() && !stop_.is_asked() && jobs_.ends().has_room())
    by(calls_.claim.not_before());
  return due;
}

void runner_core::publish() {
  counts_.incarnation = heart_.key().incarnation;
  counts_.fenced = heart_.is_fenced() || !host_.may_begin();
  counts_.running = jobs_.claims().running();
  counts_.at_hand = jobs_.claims().at_hand();
  counts_.uncommitted = jobs_.ends().size();
  counts_.ended = end_.over;
  const bool idle = jobs_.is_empty() && counts_.beat.last_success && !jobs_.claims().may_want()
                    && !calls_.claim.is_under_way() && !care_.is_to_look() && !calls_.finish.is_under_way();
  auto due = care_.next_job();
  if (next_.claim != time_point::max())
    due = std::min(next_.claim, due.value_or(time_point::max()));
  host_.publish({.counts = counts_, .idle = idle, .next_due = due});
}

void runner_core::leave_behind() noexcept {
  host_.set_fence({});
  watch_.reset();
  try {
    jobs_.stop_running(job_stop::released);
    jobs_.claims().take_at_hand();
  } catch (const std::exception&) { // NOLINT: no memory; they end by themselves
  }
  jobs_.claims().forget_all();
}

} // namespace taskactor::detail
