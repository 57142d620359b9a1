#include "testing/fault_plan.hpp"

#include "caf_adapter/detached_job.hpp"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

namespace taskactor::testing {

namespace {

void check(const occurrence& which) {
  if (which.nth == 0)
    throw error{errc::invalid_argument, "occurrence: nth is zero; they are counted from one"};
}

} // namespace

void fault_plan::lose_thread(occurrence which, when_lost when) {
  check(which);
  const std::lock_guard lock{mutex_};
  threads_.push_back({std::move(which), when});
}

void fault_plan::fail_start(occurrence which, errc code) {
  check(which);
  const std::lock_guard lock{mutex_};
  starts_.push_back({std::move(which), code});
}

std::size_t fault_plan::to_come() const {
  const std::lock_guard lock{mutex_};
  return threads_.size() + starts_.size();
}

std::size_t fault_plan::lost_calls() const {
  const std::lock_guard lock{mutex_};
  return lost_.size();
}

/// What happens to this one; every order that it counts for counts it.
template <class What>
std::optional<What> fault_plan::next(std::vector<order<What>>& orders, const detail::record& task) {
  for (auto& each : orders)
    if (const std::string& id = each.which.task; id.empty() || id == task.current_id())
      --each.which.nth;
  const auto due
      = std::find_if(orders.begin(), orders.end(), [](const auto& each) { return each.which.nth == 0; });
  if (due == orders.end())
    return {};
  const auto what = due->what;
  std::erase_if(orders, [](const auto& each) { return each.which.nth == 0; });
  return what;
}

bool fault_plan::takes(const detail::ref<detail::thread_call>& call, const detail::record& task) {
  std::unique_lock lock{mutex_};
  const auto fault = next(threads_, task);
  lock.unlock();
  if (fault == when_lost::before_call)
    lose(call, false);
  else if (fault == when_lost::after_call)
    make_and_lose(call);
  else if (how_ == thread_calls::in_turn)
    scheduler_.post([call] { call->run(); });
  else
    return false;
  return true;
}

void fault_plan::make_and_lose(const detail::ref<detail::thread_call>& call) {
  auto job = [this, call] {
    call->call();
    lose(call, true);
  };
  if (how_ == thread_calls::in_turn)
    scheduler_.post(job);
  else
    detail::detached_job::start(scheduler_.system(), job);
}

void fault_plan::lose(const detail::ref<detail::thread_call>& call, bool made) {
  {
    const std::lock_guard lock{mutex_};
    lost_.push_back({call, made});
  }
  scheduler_.wake(); // there is less to wait for
}

std::size_t fault_plan::bring_back() {
  std::unique_lock lock{mutex_};
  const auto back = std::exchange(lost_, {});
  lock.unlock();
  for (const auto& [call, made] : back)
    if (made)
      call->tell_ended();
    else
      call->refuse(std::make_exception_ptr(thread_lost{}));
  return back.size();
}

std::optional<errc> fault_plan::fails_start(const detail::record& task) {
  const std::lock_guard lock{mutex_};
  return next(starts_, task);
}

std::uint64_t fault_plan::draw(std::uint64_t limit) noexcept {
  const std::lock_guard lock{mutex_};
  return chance_() % limit;
}

std::chrono::system_clock::time_point fault_plan::wall_now() const {
  const std::lock_guard lock{mutex_};
  return wall_.to
         + std::chrono::duration_cast<std::chrono::system_clock::duration>(scheduler_.now() - wall_.since);
}

void fault_plan::when_wall_is_set(std::function<void()> call) {
  const std::lock_guard lock{mutex_};
  wall_.heard_by.push_back(std::move(call));
}

void fault_plan::set_wall(std::chrono::system_clock::time_point to) {
  std::vector<std::function<void()>> heard_by;
  {
    const std::lock_guard lock{mutex_};
    wall_.since = scheduler_.now();
    wall_.to = to;
    heard_by = wall_.heard_by;
  }
  for (const auto& call : heard_by)
    call();
}

} // namespace taskactor::testing
