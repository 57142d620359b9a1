/// `schedule_table`: the schedules of one scheduler: by name, by when they are due, and those with a fire
/// that waits for room in the manager. What is done to one that is there takes no memory.
///
/// Under its scheduler's lock.
#pragma once

#include "scheduler/fire_starter.hpp"
#include "scheduler/schedule_entry.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

class schedule_table {
public:
  using entry_ptr = std::shared_ptr<schedule_entry>;
  using by_name = std::map<std::string, entry_ptr, std::less<>>;

  explicit schedule_table(fire_starter& starter) : starter_(starter) {}

  const by_name& all() const noexcept { return by_name_; }
  entry_ptr find(std::string_view name) const;
  /// A name that nobody has, if none is wanted.
  std::string name_for(const std::string& wanted);
  std::uint64_t next_order() noexcept { return ++added_; }
  /// Errors: `std::bad_alloc`; then it isn't there.
  void add(const entry_ptr& which);

  /// Into those that are due, by its next fire, if it isn't paused.
  void enter(const entry_ptr& which) noexcept;
  /// The same, without a word to the actor.
  void put(const entry_ptr& which) noexcept;
  void leave(const entry_ptr& which) noexcept;
  std::optional<fire_time> next_due() const noexcept;
  entry_ptr first_due() const; ///< there is one

  /// It goes; its body is left to who calls.
  void end(const entry_ptr& which, std::string_view why, gone_bodies& gone) noexcept;
  void end_if_over(const entry_ptr& which, gone_bodies& gone) noexcept;
  void end_all(std::string_view why, gone_bodies& gone) noexcept;
  /// Its fires that are due by now won't be. Errors: `std::bad_alloc`; then nothing has changed.
  void give_up_due(const entry_ptr& which, fire_time now);

  // -- those that wait for room ---------------------------------------------
  void hold(const entry_ptr& which) noexcept;
  /// The one that has waited longest; null: there is none.
  entry_ptr first_held() const noexcept { return held_.empty() ? nullptr : held_.front(); }
  void let_go(const entry_ptr& which) noexcept;

private:
  fire_starter& starter_;
  by_name by_name_;
  due_schedules due_;
  std::vector<entry_ptr> held_; // it has room for all of them
  std::uint64_t added_ = 0, made_names_ = 0;
};

} // namespace taskactor::detail
