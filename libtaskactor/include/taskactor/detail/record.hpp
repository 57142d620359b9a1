/// `detail::record`: everything about one task, from its admission to the last handle. Not for users.
///
/// Shared by reference count: manager, ring of ended tasks, its actor and handles. It is put together from
/// what each of these has of it, and their headers say who may touch what:
///
///     body_actions      what is done with the body and the outcome    the task's actor, mostly
///     task_facts        what any code of a task may ask               any thread
///     task_constants    id, the clocks' durations, kind               any thread: constant after admission
///     task_control      the control word, state, notifications        any thread: atomic
///     task_times        when it began, ended, is due                  any thread: atomic
///     waiter_entry      its place in lines and in the heap            the manager
///     task_entries.hpp  notes of the disposal, the table, the manager and the child observer
///     outcome_interest  who may ask for the outcome, who has          any thread
///     record            the end, listeners, what it has to say        any thread, under a striped lock
///
/// The bases stand in this order so that nothing is lost between them: a record is as small as if all fields
/// were its own.
#pragma once

#include <taskactor/detail/end_listener.hpp>
#include <taskactor/detail/local_binding.hpp>
#include <taskactor/detail/outcome_owners.hpp>
#include <taskactor/detail/reference_count.hpp>
#include <taskactor/detail/task_entries.hpp>
#include <taskactor/detail/task_facts.hpp>
#include <taskactor/detail/waiter_entry.hpp>
#include <taskactor/task_info.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

class task_words;

class record : public task_facts,
               public waiter_entry,
               public table_entry,
               public manager_entry,
               public locals_entry,
               public child_entry,
               public outcome_interest,
               public reference_count {
public:
  // -- the end of its body --------------------------------------------------
  /// An exception has left the body (call in a handler): decides, and keeps it.
  void conclude_exception() noexcept;
  /// The same, outside a handler.
  void conclude_exception(std::exception_ptr thrown, bool cancellation) noexcept;
  std::uint8_t user_parts(std::uint8_t among) const noexcept override;
  /// On the body's own thread, since it asks what was thrown for its words; on any, if that is the library's.
  void keep_error() noexcept;

  // -- what it has to say ---------------------------------------------------
  void report_progress(std::uint64_t done, std::uint64_t total, std::string text) override;
  void report_cleanup_fault(const std::exception_ptr& what) noexcept override;
  void give(stop_token_box& into) override;
  /// The manager's: it has been asked to end, and says so to whoever has that token.
  void pass_on_stop() noexcept;
  void forget_stop() noexcept; // the next attempt's is another one
  task_info info() const;
  /// As the failure's own message, without asking its exception, which is the user's.
  std::string error_text() const;

  /// The body's, while it runs: what `task_local`s were set to where it was begun; null: none was.
  virtual local_binding* inherited_locals() const noexcept;

  // -- listeners and life time ----------------------------------------------
  /// False when the task has already ended: `listener` will not be told.
  bool add(end_listener& listener) noexcept;
  void remove(end_listener& listener) noexcept;
  bool enter_home() noexcept; // true: not ended, and `home` stays until `home->callers.leave()`
  /// The manager's, once, before it publishes the end state. True: there is no handle, nor will there be.
  [[nodiscard]] bool let_go() noexcept;
  /// Publishes the end state. The manager's, once. True: there are listeners, for `tell_listeners()`.
  [[nodiscard]] bool publish(taskactor::state end) noexcept;
  void tell_listeners() noexcept;

  void release() noexcept {
    if (drop_reference())
      destroy();
  }
  void drop_handle() noexcept {
    if (owners.drop())
      forget_outcome();
  }
  void forget_outcome() noexcept; // nobody can ask for it any more
  virtual ~record();

protected:
  record();
  /// Calls `produce` for the body's result; what it returns or throws becomes `into`, the outcome, if nothing
  /// else has. A value that throws when it is moved is a failure before anything is decided, or, in the last
  /// move, before anybody has looked.
  template <class T, class Produce>
  void conclude(outcome<T>& into, Produce&& produce) noexcept {
    try {
      if constexpr (std::is_void_v<T>) {
        produce();
        if (decide())
          into.emplace();
      } else {
        T value = produce();
        if (decide()) { // else it is the manager's
          into.emplace(std::move(value));
          if constexpr (!std::is_nothrow_move_constructible_v<T>)
            if (!into)
              keep_error();
        }
      }
    } catch (...) {
      conclude_exception();
    }
  }
  void forget_progress() noexcept;             // its body is another one now
  std::string error_text_for_listener() const; // who is told by `tell_listeners()`, under the lock

private:
  friend void inherit(record& task, ref<local_binding> locals);
  friend void drop_locals(record& task) noexcept;
  void destroy() noexcept;
  task_words& said();

  end_listeners listeners_;
  std::unique_ptr<task_words> words_;
};

/// Before admission, once. Errors: `std::bad_alloc`.
void inherit(record& task, ref<local_binding> locals);
/// The manager's, when nothing of the task runs any more.
void drop_locals(record& task) noexcept;

/// Records share locks, for their listeners, words and the end of their actor.
std::mutex& stripe_of(const record& which) noexcept;

} // namespace taskactor::detail
