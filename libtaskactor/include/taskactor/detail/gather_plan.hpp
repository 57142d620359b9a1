/// What a gather is to do: its options, its limits and its place among tasks. Not for users: see
/// `gather_state.hpp`.
#pragma once

#include <taskactor/detail/inheritance.hpp>
#include <taskactor/gather_options.hpp>
#include <taskactor/time_span.hpp>

#include <algorithm>
#include <cstddef>
#include <string>

namespace taskactor::detail {

/// What can be done with the items of a gather, by their types.
struct item_abilities {
  bool copied = false;     // so that there can be another attempt
  bool on_threads = false; // the body is no coroutine
};

/// Threads: it is constant once the gather is open, and then any thread reads it.
class gather_plan {
public:
  /// Errors: `std::system_error{errc::invalid_argument}`.
  gather_plan(manager_core& home, gather_options options, item_abilities items);

  /// Of a gather inside a task, before it is opened: its place is that in which `parent` is now.
  void inherit(context& parent);
  /// `known`: how many items there are in all; zero: not known. `feeding`: they are pulled one by one while
  /// the gather runs. Errors: `errc::would_block`, `errc::stopping`; then nothing has started.
  void open(bool nested, bool feeding, std::size_t known);
  /// The manager takes no gather of that depth any more.
  bool comes_too_late() const;

  manager_core& home() const noexcept { return home_; }
  const gather_options& options() const noexcept { return options_; }
  const std::string& id() const noexcept { return options_.id; }
  /// Each item is a task of its own (`gather_options::each`), which its slot waits for.
  bool runs_tasks() const noexcept { return runs_tasks_; }
  bool feeding() const noexcept { return feeding_; }
  bool shielded() const noexcept { return from_.shielded; }
  /// What was set where it was begun: of slots and items.
  local_binding* locals() const noexcept { return from_.locals.get(); }
  /// Nobody refers to the gather any more.
  void drop_locals() noexcept;
  time_point total_deadline() const noexcept { return total_deadline_; }
  /// The earlier of that and the deadline of the task that waits (rule 7: children inherit what is left).
  time_point inherited_deadline() const noexcept { return std::min(total_deadline_, from_.deadline); }
  /// Slots at once.
  std::size_t limit() const noexcept { return limit_; }
  /// How many items who feeds it pulls ahead of the slots; and with how many left it is to pull again: not
  /// for each, which would wake a thread for each.
  std::size_t fed_ahead() const noexcept { return std::max<std::size_t>(limit_, 16); }
  std::size_t fed_again_at() const noexcept { return fed_ahead() / 4; }

  /// Before the manager is asked to admit them: a slot, and an item's task.
  void prepare_slot(record& slot) const;
  void prepare_task(record& task) const noexcept;

private:
  manager_core& home_;
  gather_options options_;
  inheritance from_;
  time_point total_deadline_ = time_point::max();
  std::size_t limit_ = 0;
  bool feeding_ = false;
  bool runs_tasks_ = false;
};

} // namespace taskactor::detail
