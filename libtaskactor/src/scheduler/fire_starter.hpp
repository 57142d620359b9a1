/// `fire_starter`: what becomes of one fire: begun, waiting, or skipped, as its schedule's `overlap` says.
///
/// Under its scheduler's lock, until that one is closed.
#pragma once

#include "scheduler/ended_runs.hpp"
#include "scheduler/schedule_entry.hpp"

#include <taskactor/event.hpp>
#include <taskactor/expected.hpp>

#include <cstdint>
#include <memory>
#include <new>
#include <string>

namespace taskactor::detail {

class manager_core;

class fire_starter {
public:
  using entry_ptr = std::shared_ptr<schedule_entry>;
  enum class begun : std::uint8_t { yes, waits, skipped, full, refused };
  struct result {
    begun how;
    const char* why = nullptr; ///< `skipped`
    std::string id{};          ///< `yes`: the task's
    rejection refused{};       ///< `full` or `refused`
    std::shared_ptr<void>
        handle{}; ///< `yes`: to be given up without the scheduler's lock, if users' code may run there
  };

  explicit fire_starter(manager_core& home) : home_(home) {}

  /// What it has begun, once that is over.
  const std::shared_ptr<ended_runs>& ended() const noexcept { return ended_; }
  fire_time now() const; // by the clock on the wall
  /// Without memory there is no room for it.
  result fire(const entry_ptr& which, const wanted_fire& what) noexcept;
  /// Whatever else runs.
  result begin(const entry_ptr& which, const wanted_fire& what) noexcept;
  void drop_waiting(schedule_entry& which, const char* why) noexcept;
  /// `text` is made if anybody wants it, and not at all without memory: what has been done is done.
  template <class Text>
  void say(event_kind kind, const schedule_entry& which, const Text& text) noexcept {
    if (is_wanted(kind))
      try {
        emit(kind, which, text());
      } catch (const std::bad_alloc&) { // NOLINT: see above
      }
  }

private:
  bool is_wanted(event_kind kind) const noexcept;
  void emit(event_kind kind, const schedule_entry& which, const std::string& text);
  void skip(schedule_entry& which, const wanted_fire& what, const char* why) noexcept;
  void cancel_oldest(schedule_entry& which) noexcept;

  manager_core& home_;
  const std::shared_ptr<ended_runs> ended_ = std::make_shared<ended_runs>();
};

} // namespace taskactor::detail
