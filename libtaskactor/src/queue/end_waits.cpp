#include "queue/end_waits.hpp"

#include "base/memory.hpp"
#include "queue/store_engine.hpp"
#include "queue/store_request.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::size_t jobs_a_look = 500;
constexpr int share_of_looks = 10; // of the store's time, looks at all take one part at most

} // namespace

std::shared_ptr<void> end_waits::add(const std::shared_ptr<store_engine>& keeps, job_id which,
                                     told<job_ended> tell) {
  auto& self = keeps->ends();
  auto made = std::make_shared<wait>(std::move(tell));
  auto* const one = made.get();
  std::shared_ptr<void> handle{one, [keeps, which, made](void*) { keeps->ends().remove(which, made); }};
  {
    const std::lock_guard lock{self.mutex_};
    self.waiting_[which].push_back(std::move(made));
    self.mark(which);
  }
  self.look();
  return handle;
}

void end_waits::remove(job_id which, const std::shared_ptr<wait>& one) noexcept {
  std::shared_ptr<wait> last; // what it is told by goes without the lock
  const std::lock_guard lock{mutex_};
  const auto at = waiting_.find(which);
  if (at == waiting_.end())
    return;
  if (const auto place = std::find(at->second.begin(), at->second.end(), one); place != at->second.end()) {
    last = std::move(*place);
    at->second.erase(place);
  }
  if (at->second.empty())
    waiting_.erase(at);
}

bool end_waits::empty() noexcept {
  const std::lock_guard lock{mutex_};
  return waiting_.empty();
}

end_waits::waits end_waits::take(job_id which) {
  const std::lock_guard lock{mutex_};
  auto found = waiting_.extract(which);
  return found.empty() ? waits{} : std::move(found.mapped());
}

/// Nobody else knows of who was taken.
void end_waits::tell(job_id which, const expected<job_ended>& how) noexcept {
  for (const auto& each : take(which))
    each->tell(once_there_is_memory([&] { return how; }));
}

void end_waits::mark(job_id which) {
  if (marked_.contains(which))
    return;
  to_look_.push_back(which);
  try {
    marked_.insert(which);
  } catch (...) {
    to_look_.pop_back();
    throw;
  }
}

void end_waits::ended(job_id which, const job_ended& how) { tell(which, how); }

/// With thousands that wait, a look at all of them takes a while: others have their turn between two.
void end_waits::look_at_all(bool may_wait) {
  {
    const std::lock_guard lock{mutex_};
    if (may_wait && std::chrono::steady_clock::now() < not_before_)
      return;
    for (const auto& [id, those] : waiting_)
      mark(id);
  }
  look();
}

void end_waits::look_at(const std::vector<job_id>& which) {
  {
    const std::lock_guard lock{mutex_};
    for (const auto id : which)
      if (waiting_.contains(id))
        mark(id);
  }
  look();
}

void end_waits::look() {
  std::vector<job_id> which;
  std::shared_ptr<store_request> request;
  {
    const std::lock_guard lock{mutex_};
    if (looks_)
      return;
    auto next = to_look_.begin();
    for (; next != to_look_.end() && which.size() < jobs_a_look; ++next)
      if (waiting_.contains(*next))
        which.push_back(*next);
    if (!which.empty())
      request = look_at_states(which);
    for (auto each = to_look_.begin(); each != next; ++each)
      marked_.erase(*each);
    to_look_.erase(to_look_.begin(), next);
    if (!request)
      return;
    looks_ = true;
    began_ = std::chrono::steady_clock::now();
  }
  once_there_is_memory([&] { of_.post(request); });
}

std::shared_ptr<store_request> end_waits::look_at_states(const std::vector<job_id>& which) {
  job_query query;
  query.ids = which;
  query.most = which.size();
  return std::make_shared<single_request<std::vector<job_info>>>(
      store_verb::list, [query](store_backend& from) { return from.list(query); },
      [this, which](const expected<std::vector<job_info>>& found) {
        once_there_is_memory([&] { on_states(which, found); });
      });
}

void end_waits::on_states(const std::vector<job_id>& asked, const expected<std::vector<job_info>>& found) {
  if (!found)
    return on_failure(asked, found.error());
  std::unordered_set<job_id> there;
  std::vector<job_id> over;
  for (const auto& each : *found) {
    there.insert(each.id);
    if (is_final(each.state))
      over.push_back(each.id);
  }
  for (const auto id : asked)
    if (!there.contains(id))
      tell(id, rejection{errc::unknown_job, "job " + std::to_string(id) + ": there is none in the store"});
  if (over.empty())
    return look_is_over();
  of_.post(
      std::make_shared<find_request>(over, [this, over](const expected<std::vector<job_details>>& details) {
        once_there_is_memory([&] { on_details(over, details); });
      }));
}

/// One that is gone by now is looked at again.
void end_waits::on_details(const std::vector<job_id>& asked,
                           const expected<std::vector<job_details>>& found) {
  if (!found)
    return on_failure(asked, found.error());
  for (const auto& each : *found)
    if (is_final(each.info.state))
      tell(each.info.id, job_ended{each.info.state, each.result, each.info.error});
  if (found->size() < asked.size()) {
    const std::lock_guard lock{mutex_};
    for (const auto id : asked)
      if (waiting_.contains(id))
        mark(id);
  }
  look_is_over();
}

void end_waits::on_failure(const std::vector<job_id>& asked, const rejection& why) noexcept {
  bool gives_up = false;
  {
    const std::lock_guard lock{mutex_};
    gives_up = why.code == errc::stopping || ++failures_ >= most_failures_;
    looks_ = false;
  }
  if (!gives_up)
    return;
  const auto said = once_there_is_memory([&]() -> expected<job_ended> { return why; });
  for (const auto id : asked)
    tell(id, said);
}

void end_waits::look_is_over() noexcept {
  {
    const std::lock_guard lock{mutex_};
    const auto now = std::chrono::steady_clock::now();
    not_before_ = now
                  + std::min<std::chrono::nanoseconds>(share_of_looks * (now - began_),
                                                       std::chrono::milliseconds{500});
    failures_ = 0;
    looks_ = false;
  }
  once_there_is_memory([this] { look(); });
}

} // namespace taskactor::detail
