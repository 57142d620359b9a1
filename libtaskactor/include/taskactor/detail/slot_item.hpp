/// What a slot asks of the item that it has, whatever its type. Not for users: `typed_gather.hpp` answers.
#pragma once

#include <taskactor/detail/ref.hpp>

#include <cstddef>
#include <exception>

namespace taskactor {
class failure;
}

namespace taskactor::detail {

class context;
class record;

/// Threads: the slot's actor; where the manager delivers, that one.
class slot_item {
protected:
  slot_item() = default;
  ~slot_item() = default;

  /// Takes the next one out of the range. False: there is none.
  virtual bool fetch(std::size_t& index) = 0;
  /// Begins its body. True: a coroutine is to be driven; false: it has already ended.
  virtual bool start_item(context& where) = 0;
  /// The coroutine has ended: takes its result, and decides.
  virtual void collect_item() noexcept = 0;
  /// Destroys it, and what is left of its frames. Returns what a destructor threw.
  virtual std::exception_ptr discard_item() noexcept = 0;
  /// Gives its outcome to the sink. `late`: on the manager's thread.
  virtual void deliver_item(std::size_t index, bool late) = 0;
  /// The outcome's failure, or null.
  virtual const failure* item_failure() const noexcept = 0;
  /// The item becomes a task of its own, with a handle.
  virtual ref<record> make_task() = 0;
  /// That has ended: takes its outcome, and decides.
  virtual void collect_task() noexcept = 0;
  /// Nobody asks it for its outcome.
  virtual void drop_task() noexcept = 0;
};

} // namespace taskactor::detail
