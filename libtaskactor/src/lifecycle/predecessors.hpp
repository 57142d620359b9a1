/// `predecessors`: whom one task waits for (`task_options::after`); `dependants`: the tasks that do. No actor
/// in it; the manager's alone, once a task is admitted.
///
///     held --each has completed--> decided: may run
///        \--one has ended otherwise--> decided: doesn't run
///
/// Each predecessor's end is told to a listener of the dependant's, when the manager tells who waits for
/// ends. What is decided then waits in a chain until all have been told: so a chain of a million tasks
/// that end since the first one failed takes no stack, and tasks without predecessors nothing at all.
#pragma once

#include "base/chain.hpp"

#include <taskactor/detail/end_listener.hpp>
#include <taskactor/detail/record.hpp>
#include <taskactor/outcome.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::detail {

class dependants;

class predecessors {
public:
  /// Before admission. `most`: how many there will be.
  explicit predecessors(std::size_t most) : links_(std::make_unique<link[]>(most)) {}
  void add(ref<record> before) noexcept;
  /// The ids of those that haven't ended. Any thread, under the lock of the task's extras.
  std::vector<std::string> awaited() const;
  /// Appends those themselves. In the same way.
  void add_awaited(std::vector<ref<record>>& to) const;

private:
  friend class dependants;

  struct link final : end_listener {
    link() noexcept;
    record* task = nullptr; // the dependant
    ref<record> before;
  };

  std::unique_ptr<link[]> links_;
  std::size_t size_ = 0;
  std::size_t left_ = 0;           // that haven't ended
  record* culprit_ = nullptr;      // the first that didn't complete
  dependants* waits_in_ = nullptr; // who is told
  bool decided_ = false;
};

class dependants {
public:
  /// A task that has predecessors waits for these, if its end isn't decided at once. True: it waits.
  bool hold(record& task);
  /// What has been decided since: may have ended meanwhile. Empty: nothing has.
  ref<record> take_decided() noexcept { return decided_.pop(); }
  /// Of one that has been decided: how it ends since another one has ended, or empty: it may run.
  static std::optional<failure> refusal(const record& task);
  /// It doesn't wait any more.
  void let_go(record& task) noexcept;
  /// How many wait.
  std::size_t size() const noexcept { return held_; }

private:
  friend struct predecessors::link;
  void on_end(predecessors::link& of) noexcept;
  static void count(predecessors& of, record& ended) noexcept;

  chain<record> decided_;
  std::size_t held_ = 0;
};

} // namespace taskactor::detail
