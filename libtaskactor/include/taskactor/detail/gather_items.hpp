/// What a gather asks of its range, body and sink, whatever their types. Not for users: `typed_gather.hpp`
/// answers.
#pragma once

#include <taskactor/detail/ref.hpp>

#include <cstddef>

namespace taskactor::detail {

class gather_slot;

/// Threads: any.
class gather_items {
protected:
  gather_items() = default;
  ~gather_items() = default;

  /// One that can run them.
  virtual ref<gather_slot> make_slot() = 0;
  /// True when a fetch would give an item now.
  virtual bool has_items() const noexcept = 0;
  /// Its items come as others send them: the gather is told of them, and of their end, from now on. False: it
  /// isn't such a source, or nothing comes any more.
  virtual bool watch() noexcept { return false; }
  /// The gather is over. False: it isn't told of anything, or is just being told of the end.
  virtual bool unwatch() noexcept { return false; }
  /// How many there are in all; zero: not known.
  virtual std::size_t known_items() const noexcept { return 0; }
  /// How many are known to come, or have come.
  virtual std::size_t known_so_far() const noexcept { return 0; }
  /// True when who feeds it is to pull further items.
  virtual bool wants_items() const noexcept { return false; }
  /// How many items were fetched.
  virtual std::size_t taken() const noexcept { return 0; }
  /// Outcomes that the manager has decided, for who waits to hand out.
  virtual bool has_late() const noexcept { return false; }
  virtual void tell_late() {}
  /// Body, range and sink have destructors that run nobody's code.
  virtual bool is_harmless() const noexcept { return false; }
};

} // namespace taskactor::detail
