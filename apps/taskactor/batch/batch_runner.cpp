#include "batch/batch_runner.hpp"

#include "base/new_thread.hpp"
#include "batch/batch_store.hpp"
#include "jobs/value_of.hpp"
#include "queue/store_core.hpp"
#include "queue/store_text.hpp"
#include "queue/this_machine.hpp"

#include <taskactor/error.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/random.h>

namespace taskactor::cli {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using lock = std::unique_lock<std::mutex>;

/// Between attempts to write what couldn't be written, and how long they are made.
constexpr auto try_again = 500ms;
constexpr auto patience = 90s;
/// Ends that are written together, and those that may be unwritten before no more is begun.
constexpr std::size_t ends_at_once = 250;
constexpr std::size_t most_unwritten = 1024;
constexpr const char* taken_over = "another machine has taken the batch over";

std::uint64_t new_incarnation() {
  std::uint64_t number = 0;
  while (::getrandom(&number, sizeof number, 0) != sizeof number)
    if (errno != EINTR)
      throw std::system_error{errno, std::generic_category(), "getrandom"};
  return number >> 1;
}

std::shared_ptr<const detail::known_tasks> tasks_of(std::initializer_list<const char*> names,
                                                    const std::string& version) {
  detail::known_tasks all;
  for (const auto* each : names)
    all.emplace(each, version);
  return std::make_shared<const detail::known_tasks>(std::move(all));
}

/// Who has the batch's lock knows that no other process runs it.
void give_back_others(const store& in, const std::string& queue) {
  const auto& core = detail::core_of(in);
  std::vector<detail::lost_runner> lost;
  for (const auto& each : value_of(detail::call_of<std::vector<detail::runner_row>>(
           [&](auto tell) { core->runners(std::move(tell)); })))
    if (each.runner.name == queue)
      lost.push_back({each.runner, each.beat});
  if (!lost.empty())
    value_of(detail::call_of<detail::rescue_reply>(
        [&](auto tell) { core->rescue(std::move(lost), std::move(tell)); }));
}

detail::runner_beat new_beat(const detail::runner_key& key, std::shared_ptr<const detail::known_tasks> tasks,
                             bool leaves) {
  const auto& here = detail::this_machine::get();
  return {.runner = key,
          .host = here.host,
          .boot_id = here.boot_id,
          .pid = here.pid,
          .process_start = here.start,
          .shares = {{.queue = key.name, .free = 1}},
          .tasks = std::move(tasks),
          .leaves = leaves};
}

void fail_for_good(batch_trouble& trouble, std::string why) {
  if (trouble.failure.empty())
    trouble.failure = std::move(why);
}

/// If it can't, the next run finds a runner that is gone.
void leave(const store& in, detail::runner_beat last) noexcept {
  try {
    value_of(detail::call_of<detail::beat_reply>(
        [&](auto tell) { detail::core_of(in)->renew(std::move(last), std::move(tell)); }));
  } catch (const std::exception&) {
    return;
  }
}

} // namespace

batch_runner::batch_runner(const store& in, std::string queue, std::string version)
    : store_(in),
      item_tasks_(tasks_of({batch_item_task}, version)),
      all_tasks_(tasks_of({batch_item_task, batch_head_task}, version)),
      key_{std::move(queue), new_incarnation()} {
  give_back_others(store_, key_.name);
}

batch_runner::batch_runner(const store& in, const std::string& batch, std::string queue, std::string version,
                           const takeover_hooks& hooks)
    : store_(in),
      item_tasks_(tasks_of({batch_item_task}, version)),
      all_tasks_(tasks_of({batch_item_task, batch_head_task}, version)),
      key_{std::move(queue), new_incarnation()} {
  trouble_.confirmed = boot_time();
  take_over_batch(store_, batch, new_beat(key_, all_tasks_, false), hooks);
  try {
    thread_ = detail::new_thread("the store's beat", [this] { run(); });
  } catch (...) {
    leave(store_, new_beat(key_, all_tasks_, true));
    throw;
  }
}

batch_runner::~batch_runner() {
  end_beat();
  {
    lock held_lock{mutex_};
    changed_.wait(held_lock, [this] { return !writes_; });
  }
  if (hooks_.cancel || trouble_.is_shared()) // else it has claimed nothing
    leave(store_, new_beat(key_, all_tasks_, true));
}

void batch_runner::end_beat() {
  {
    const lock held_lock{mutex_};
    last_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable())
    thread_.join();
}

void batch_runner::start(batch_hooks with) {
  {
    const lock held_lock{mutex_};
    hooks_ = std::move(with);
    changed_.notify_all();
  }
  if (!thread_.joinable())
    thread_ = detail::new_thread("the store's beat", [this] { run(); });
}

detail::runner_key batch_runner::key() const {
  const lock held_lock{mutex_};
  return key_;
}

// -- claims -----------------------------------------------------------------

std::vector<claimed_item> batch_runner::claim(std::size_t most, std::size_t& got) {
  const auto me = key();
  const auto reply = value_of(detail::call_of<detail::claim_reply>([&](auto tell) {
    detail::core_of(store_)->claim(
        {.runner = me, .shares = {{.queue = me.name, .free = most}}, .tasks = item_tasks_}, std::move(tell));
  }));
  got = reply.jobs.size();
  std::vector<claimed_item> found;
  lock held_lock{mutex_};
  if (reply.fenced && trouble_.is_shared()) {
    fail_for_good(trouble_, taken_over);
    changed_.notify_all();
  } else if (reply.fenced) {
    key_.incarnation = new_incarnation();
    got = 1; // it is asked again
  }
  for (const auto& each : reply.jobs) {
    auto item = item_of(each.row.arguments);
    const auto [at, is_new] = items_.try_emplace(item.number);
    at->second.id = each.id;
    at->second.token = each.token;
    if (is_new)
      found.push_back({.number = item.number, .item = std::move(item.item)});
    else if (std::exchange(at->second.lost, false)) // it has ended here, and the store wasn't told in time
      unwritten_.push_back(item.number);
  }
  std::sort(found.begin(), found.end(),
            [](const claimed_item& a, const claimed_item& b) { return a.number < b.number; });
  for (auto& each : found)
    items_[each.number].turn = each.turn = ++turns_;
  write_some(held_lock);
  return found;
}

bool batch_runner::is_unwanted(std::size_t number) const {
  const lock held_lock{mutex_};
  const auto found = items_.find(number);
  return found != items_.end() && found->second.unwanted;
}

// -- ends -------------------------------------------------------------------

void batch_runner::end(std::size_t number, detail::job_end how) {
  lock held_lock{mutex_};
  const auto found = items_.find(number);
  if (found == items_.end())
    return;
  how.error = detail::cut_error(std::move(how.error));
  found->second.end = std::move(how);
  unwritten_.push_back(number);
  write_some(held_lock);
}

/// One call at a time: what comes meanwhile goes with the next.
void batch_runner::write_some(lock& held_lock) {
  if (writes_ || unwritten_.empty() || !trouble_.failure.empty())
    return;
  writes_ = true;
  std::vector<std::size_t> numbers;
  std::vector<detail::job_end> ends;
  while (!unwritten_.empty() && ends.size() < ends_at_once) {
    const auto number = unwritten_.front();
    unwritten_.pop_front();
    auto& item = items_.at(number); // which stays while its end is unwritten
    item.end->id = item.id;
    item.end->token = item.token;
    numbers.push_back(number);
    ends.push_back(*item.end);
  }
  const auto key = key_;
  held_lock.unlock();
  detail::core_of(store_)->finish(
      key, std::move(ends), [this, numbers = std::move(numbers)](const auto& got) { written(numbers, got); });
  held_lock.lock();
}

void batch_runner::written(const std::vector<std::size_t>& numbers,
                           const expected<std::vector<detail::end_reply>>& replies) {
  lock held_lock{mutex_};
  writes_ = false;
  if (!replies) {
    const auto now = clock::now();
    trouble_.failing_since = trouble_.failing_since.value_or(now);
    if (last_ || now - *trouble_.failing_since > patience)
      trouble_.failure = replies.error().message;
    unwritten_.insert(unwritten_.begin(), numbers.begin(), numbers.end());
  } else {
    trouble_.failing_since.reset();
    for (std::size_t i = 0; i < numbers.size(); ++i)
      if ((*replies)[i] == detail::end_reply::stale)
        items_.at(numbers[i]).lost = true; // until it is claimed again
      else
        items_.erase(numbers[i]);
    write_some(held_lock);
  }
  changed_.notify_all();
}

void batch_runner::wait_for_room() {
  lock held_lock{mutex_};
  changed_.wait(held_lock,
                [this] { return unwritten_.size() < most_unwritten || !trouble_.failure.empty(); });
}

bool batch_runner::flush() {
  const auto all_written = [this] { return (unwritten_.empty() && !writes_) || !trouble_.failure.empty(); };
  for (;;) {
    lock held_lock{mutex_};
    changed_.wait(held_lock, all_written);
    if (!trouble_.failure.empty())
      return false;
    if (std::none_of(items_.begin(), items_.end(), [](const auto& each) { return each.second.lost; }))
      return true;
    held_lock.unlock();
    std::size_t got = 0;
    claim(ends_at_once, got);
    if (got == 0)
      return true; // somebody has ended them, or they are paused: they are run again
  }
}

// -- the thread -------------------------------------------------------------

void batch_runner::run() {
  lock held_lock{mutex_};
  auto due = clock::now();
  bool told = false;
  while (!last_) {
    if (clock::now() >= due) {
      beat(held_lock);
      due = clock::now() + batch_beat_interval;
    }
    if (!trouble_.failure.empty() && hooks_.fail && !std::exchange(told, true)) {
      const auto why = trouble_.failure;
      held_lock.unlock();
      hooks_.fail(why);
      held_lock.lock();
    }
    if (trouble_.failing_since)
      write_some(held_lock);
    const auto until = trouble_.failing_since && !told ? std::min(due, clock::now() + try_again) : due;
    const auto is_news = [&] { return last_ || (!trouble_.failure.empty() && hooks_.fail && !told); };
    changed_.wait_until(held_lock, until, is_news);
  }
}

/// What fails is made again with the next beat.
void batch_runner::beat(lock& held_lock) {
  auto news = new_beat(key_, all_tasks_, false);
  const auto fence_at = trouble_.confirmed.value_or(std::chrono::nanoseconds{0}) + batch_fence;
  held_lock.unlock();
  const auto sent = boot_time();
  const auto call = detail::call_of<detail::beat_reply>(
      [&](auto tell) { detail::core_of(store_)->renew(std::move(news), std::move(tell)); });
  const bool in_time
      = !trouble_.is_shared() || call.wait_for(std::max(fence_at - sent, std::chrono::nanoseconds{0}));
  const auto got = in_time ? std::optional{call.get()} : std::nullopt;
  held_lock.lock();
  changed_.notify_all(); // should it have come to an end
  if (!got || !*got) {
    if (trouble_.is_shared() && boot_time() >= fence_at)
      fail_for_good(trouble_, "it hasn't confirmed for " + std::to_string(batch_fence.count())
                                  + " s that this run has the batch, so that another machine may take it");
    return;
  }
  if (trouble_.is_shared())
    trouble_.confirmed = sent;
  if ((*got)->fenced && trouble_.is_shared())
    fail_for_good(trouble_, taken_over);
  else if ((*got)->fenced)
    key_.incarnation = new_incarnation();
  std::vector<std::size_t> turns;
  for (const auto& [id, token] : (*got)->to_cancel)
    for (auto& [number, item] : items_)
      if (item.id == id && item.token == token && !std::exchange(item.unwanted, true))
        turns.push_back(item.turn);
  held_lock.unlock();
  for (const auto turn : turns)
    hooks_.cancel(turn);
  held_lock.lock();
}

} // namespace taskactor::cli
