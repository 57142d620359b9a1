/// `detail::waiter_entry`: what stands in one of the manager's lines (`fifo`, `chain`), and in its heap of
/// deadlines (`deadline_heap`). Not for users.
///
/// Threads: under the table's lock until the manager has taken the task in; the manager's actor alone from
/// then on. It is in at most one line at a time, and at most once in the heap.
#pragma once

#include <taskactor/time_span.hpp>

#include <cstdint>

namespace taskactor::detail {

class record;

class waiter_entry {
public:
  // -- in a line ------------------------------------------------------------
  record* next = nullptr;
  record* prev = nullptr;
  void* listed_in = nullptr;
  time_point waits_since{};
  // -- in the heap ----------------------------------------------------------
  time_point due{};
  std::uint32_t position = 0;

protected:
  waiter_entry() = default;
  ~waiter_entry() = default;
};

} // namespace taskactor::detail
