/// `predecessor`: a task that another one is to run after (`task_options::after`), by its handle or its id.
///
///     auto built = tasks.add_task({}, build).value();
///     tasks.add_task({.id = "test", .after = {built}}, test).value();
///     tasks.add_task({.after = {"test", "lint"}}, publish).value();    // ids in full: "parent/child"
///
/// The task is admitted at once, and waits without a token until all of them have completed; then its clocks
/// begin (`queue_timeout`, `timeout`, `total_timeout`), and it stands in line as one just added.
/// If one of them ends otherwise, it ends at once, without having run: of one that failed or timed out it is
/// `failed`, of one that was cancelled `cancelled`, both by `end_reason::predecessor_ended`, and `get()`
/// throws a `predecessor_error`. So do those that were to run after it. What has ended already counts as it
/// has ended. Only what is admitted already can be named, so tasks can't wait for each other in a circle, but
/// for children: their parents wait for them. A child that would run after what is to run after its parent is
/// refused: of its predecessors, and those that they wait for, the first thousand are looked at. What isn't
/// seen is who waits in a body (for a handle, at a channel), or for a child that is held back by `after`
/// itself: such a circle waits for ever, if no clock ends it.
///
/// Errors, when the task is added: `errc::unknown_id`, when no task of such an id waits, runs, or has ended
/// lately; `errc::invalid_argument` for an empty handle, a task of another manager, an item of a gather, or
/// one that this is a part of, which would wait for it, or that is to run after such a one.
#pragma once

#include <taskactor/error.hpp>
#include <taskactor/fwd.hpp>
#include <taskactor/state.hpp>

#include <memory>
#include <string>
#include <utility>

namespace taskactor {

namespace detail {
class task_core;
}

class predecessor {
public:
  predecessor(std::string id) noexcept : id_(std::move(id)) {} // NOLINT: implicit, as the next ones
  predecessor(const char* id) : id_(id) {}                     // NOLINT
  template <class T>
  predecessor(const handle<T>& which) : id_(which.id()) { // NOLINT
    const auto kept = std::make_shared<handle<T>>(which);
    task_ = {kept, kept->record_.get()};
  }

  const std::string& id() const noexcept { return id_; }
  /// For the runtime: null when only the id is known.
  const detail::task_core* task() const noexcept { return task_.get(); }

private:
  std::string id_;
  std::shared_ptr<const detail::task_core> task_;
};

/// A task hasn't run, since one that it was to run after didn't complete.
class predecessor_error : public error {
public:
  /// `first`: that of which it is a consequence, which did run or was cancelled.
  predecessor_error(std::string id, taskactor::state how, std::string first);
  const std::string& id() const noexcept { return names_->first; }
  /// How that one ended.
  taskactor::state state() const noexcept { return state_; }
  /// The first of a chain of tasks: itself, if that one has run.
  const std::string& first_id() const noexcept { return names_->second; }

private:
  std::shared_ptr<const std::pair<std::string, std::string>> names_; // a copy of it doesn't throw
  taskactor::state state_;
};

} // namespace taskactor
