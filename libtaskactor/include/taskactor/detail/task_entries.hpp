/// What each of those who keep tasks has noted in a task itself, instead of in a table of its own. Not for
/// users.
#pragma once

#include <taskactor/detail/child_observer.hpp>
#include <taskactor/detail/phase.hpp>
#include <taskactor/detail/ref.hpp>
#include <taskactor/state.hpp>

#include <atomic>
#include <cstdint>

namespace taskactor::detail {

class context;
class record;

/// The disposal's, under its lock: what is to be destroyed elsewhere, and its list. See
/// threads/disposal_queue.hpp.
class disposal_entry {
public:
  std::uint8_t disposed = 0; // bits of `body_actions::all_parts`
  record* disposed_before = nullptr;

protected:
  disposal_entry() = default;
  ~disposal_entry() = default;
};

/// How the task table admits a task and counts it, and whom a shutdown reaches. Set before admission; from
/// then on the last two are the table's, under its lock, and the others constant.
class table_entry {
public:
  bool numbered = false;  // a child whose id was made: if that is taken, another is made
  bool shielded = false;  // in a shield of a parent, whose shutdown doesn't reach it
  bool of_gather = false; // an item's: where its slot may be it may be, and isn't counted
  bool shed = false;      // has made room, and isn't counted any more

protected:
  table_entry() = default;
  ~table_entry() = default;
};

/// The manager's, on its actor alone.
class manager_entry {
public:
  context* actor = nullptr;        // others ask by `actor_of()`, under the striped lock
  std::uint32_t running_index = 0; // among those that run
  detail::phase phase = detail::phase::outside;
  end_reason due_reason = end_reason::none; // why there is a deadline at `waiter_entry::due`

protected:
  manager_entry() = default;
  ~manager_entry() = default;
};

/// What a task has inherited that few have: it is in its words. Set before admission.
class locals_entry {
public:
  bool has_locals = false;

protected:
  locals_entry() = default;
  ~locals_entry() = default;
};

/// A task as a child of another one, and as a parent.
class child_entry {
public:
  ref<child_observer> belongs_to;         // until it is gone; the manager's from admission on
  std::atomic<std::uint32_t> children{0}; // numbers given to those of its groups; any thread
  std::uint32_t place = 0;                // where it is in `belongs_to`: that one's, under its lock

protected:
  child_entry() = default;
  ~child_entry() = default;
};

} // namespace taskactor::detail
