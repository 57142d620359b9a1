/// `fails_in`: the allocation of this thread that fails. To be included by one file of a program, since it
/// replaces `operator new` for all of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace test {

/// Counted from one; none if it isn't above zero.
inline thread_local long fails_in = 0;

/// In its scope the n-th allocation of this thread fails.
class failing_allocation {
public:
  explicit failing_allocation(long n) noexcept : before_(std::exchange(fails_in, n)) {}
  failing_allocation(const failing_allocation&) = delete;
  failing_allocation& operator=(const failing_allocation&) = delete;
  ~failing_allocation() { fails_in = before_; }
  /// There were so many, and it has failed.
  bool has_failed() const noexcept { return fails_in == 0; }

private:
  long before_;
};

/// As long as that is true, all allocations of a thread fail.
inline thread_local const std::atomic<bool>* fails_while = nullptr;

class no_memory {
public:
  explicit no_memory(const std::atomic<bool>& as_long_as) noexcept
      : before_(std::exchange(fails_while, &as_long_as)) {}
  no_memory(const no_memory&) = delete;
  no_memory& operator=(const no_memory&) = delete;
  ~no_memory() { fails_while = before_; }

private:
  const std::atomic<bool>* before_;
};

} // namespace test

#pragma GCC diagnostic ignored "-Wmismatched-new-delete" // what is inlined looks mixed: both are ours
// NOLINTBEGIN: this is where memory comes from
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (test::fails_in > 0 && --test::fails_in == 0)
    return nullptr;
  if (test::fails_while && test::fails_while->load())
    return nullptr;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  if (auto* const got = operator new(size, std::nothrow))
    return got;
  throw std::bad_alloc{};
}
// A jump to std::free for ThreadSanitizer, which has to see who deletes: of CAF's library it knows nothing,
// and what that one deletes is left out by the name of the caller (cmake/tsan.supp).
#ifdef __SANITIZE_THREAD__
#define JUMPS __attribute__((no_sanitize("thread"), optimize("optimize-sibling-calls")))
#else
#define JUMPS
#endif
JUMPS void operator delete(void* gone) noexcept { std::free(gone); }
JUMPS void operator delete(void* gone, std::size_t) noexcept { std::free(gone); }
JUMPS void operator delete(void* gone, const std::nothrow_t&) noexcept { std::free(gone); }
#undef JUMPS
// NOLINTEND
