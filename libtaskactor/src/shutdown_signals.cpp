#include "shutdown_signals.hpp"

#include "command/signal_name.hpp"
#include "events/hub.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/task_table.hpp"
#include "runtime_shutdown.hpp"

#include <taskactor/error.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace taskactor::detail {

class shutdown_signals::ear final : signal_listener {
public:
  ear(const std::vector<int>& which, shutdown_signals& owner)
      : owner_(owner), which_(which), registration_(which, *this) {}
  bool hears(int number) const noexcept {
    return std::find(which_.begin(), which_.end(), number) != which_.end();
  }

  // What has come before this one's signals counted, under the owner's lock.
  int early = 0;
  std::size_t early_count = 0;

private:
  bool on_signals(int number, std::size_t count) noexcept override {
    return owner_.on_signals(*this, number, count);
  }

  shutdown_signals& owner_;
  const std::vector<int> which_;
  const signal_registration registration_;
};

void shutdown_signals::listen(const std::vector<int>& which, const shutdown_options& bounds) {
  check_bounds(bounds);
  auto here = std::make_shared<ear>(which, *this);
  const std::lock_guard lock{mutex_}; // released before the former one, whose end takes the table's lock
  if (let_go_)
    throw error{errc::stopping, "shutdown_on: the manager has ended"};
  bounds_ = bounds;
  ear_.swap(here);
  take(ear_->early, ear_->early_count);
}

void shutdown_signals::let_go() noexcept {
  std::shared_ptr<ear> last;
  const std::lock_guard lock{mutex_};
  let_go_ = true;
  last.swap(ear_);
}

bool shutdown_signals::on_signals(ear& which, int number, std::size_t count) noexcept {
  const std::lock_guard lock{mutex_};
  if (&which != ear_.get()) { // it was replaced, or is about to replace one, which hears this as well
    if (!ear_ || !ear_->hears(number)) {
      which.early = number;
      which.early_count += count;
    }
    return true;
  }
  take(number, count);
  return stage_ != stage::killing;
}

void shutdown_signals::take(int number, std::size_t count) noexcept {
  try {
    for (; count > 0 && stage_ != stage::killing; --count)
      advance(number);
  } catch (const std::exception&) { // NOLINT: no memory to ask the manager; the next signal may find some
  }
}

void shutdown_signals::advance(int number) {
  const auto to = next();
  auto bounds = bounds_;
  if (to >= stage::cancelling)
    bounds.drain = {};
  if (to == stage::killing)
    bounds.cancel = {};
  const bool first = stage_ == stage::open;
  begin_(bounds, number);
  stage_ = to;
  const auto left = home_.table().size();
  if (left == 0 && !first)
    return;
  const char* const does = to == stage::draining     ? ": draining "
                           : to == stage::cancelling ? ": cancelling "
                                                     : ": killing ";
  const char* const again = to == stage::killing          ? ""
                            : next() == stage::cancelling ? " (again: cancel)"
                                                          : " (again: kill)";
  home_.events().note(signal_name(number) + does + std::to_string(left) + (left == 1 ? " task" : " tasks")
                      + again);
}

/// After the one that has been asked for.
shutdown_signals::stage shutdown_signals::next() const noexcept {
  if (stage_ == stage::open && bounds_.drain.count() > 0)
    return stage::draining;
  if (stage_ <= stage::draining && bounds_.cancel.count() > 0)
    return stage::cancelling;
  return stage::killing;
}

} // namespace taskactor::detail
