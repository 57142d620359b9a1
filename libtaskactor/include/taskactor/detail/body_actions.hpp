/// `detail::body_actions`: what a task's actor and the manager do with its body and its outcome, whatever
/// these are. Not for users: see `body.hpp` and `gather_slot.hpp` for who implements it.
///
///     start --true--> coroutine --ends--> collect --> discard_body --> advance --true--> start ...
///       \--false: it has ended -------------------/                      \--false--> the actor is down
///
/// Threads, where none is named: the task's actor, as long as there is one; else the manager or the disposal.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/detail/phase.hpp>
#include <taskactor/detail/ref.hpp>
#include <taskactor/outcome.hpp>

#include <cstdint>
#include <exception>

namespace taskactor::detail {

class record;

class body_actions : public task_core {
public:
  // -- the body -------------------------------------------------------------
  /// Begins the body. True: a coroutine is to be driven; false: it has already ended.
  virtual bool start(context& where) = 0;
  /// The coroutine has ended: takes its result, and decides.
  virtual void collect() noexcept = 0;
  /// Destroys callable, arguments and what is left of frames. Returns what a destructor threw.
  virtual std::exception_ptr discard_body() noexcept = 0;
  /// Goes on with another body (the next item of a gather). False: there is none.
  virtual bool advance() { return false; }

  // -- the outcome ----------------------------------------------------------
  /// Writes the outcome of a task that has no value: on any thread, but only after winning `decide()`.
  virtual void fail(failure what) noexcept = 0;
  /// The outcome is written: hands it on, where it isn't kept in the record.
  virtual void deliver() noexcept {}
  /// Forgets the outcome: nobody can ask for it any more. On any thread.
  virtual void drop_outcome() noexcept = 0;
  /// The outcome's failure, or null; for who has won, and for anybody once the end state is published.
  virtual const failure* failed() const noexcept = 0;

  // -- on the manager's thread ----------------------------------------------
  virtual deadline_check review(time_point) { return {}; } // slots only: its time may be up
  virtual void leave_item(failure) noexcept {}             // slots only: it can't be killed
  virtual void on_down() noexcept {}                       // the actor is down, all is over
  virtual void on_granted() noexcept {}                    // claims only: it has its tokens

  // -- its parts, some of them the user's -----------------------------------
  static constexpr std::uint8_t body_part = 1, spare_part = 2, outcome_part = 4, all_parts = 7;
  /// Which of these parts are there still, with destructors that may run anybody's code. Looks at no other
  /// part: it may be somebody else's by now. On any thread.
  virtual std::uint8_t user_parts(std::uint8_t among) const noexcept = 0;
  virtual bool keep_spare() { return false; } // before admission; false: it can't be copied
  virtual void drop_spare() noexcept {}
  /// What the killed attempt still needs, apart, so that there can be another one. Empty: it can't be parted.
  virtual ref<record> leave_attempt();

protected:
  ~body_actions() = default;
};

} // namespace taskactor::detail
