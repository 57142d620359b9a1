/// What chance and the machine decide in production, and a test decides in virtual time: which thread is
/// lost, which process doesn't start, how long a random pause is, what the clock on the wall shows.
///
/// Null in a runtime that isn't under test. Set before the first task is admitted. Threads: any.
#pragma once

#include <taskactor/backoff.hpp>
#include <taskactor/detail/ref.hpp>
#include <taskactor/errc.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace taskactor::detail {

class record;
class thread_call;

class fault_injector {
public:
  /// A call of `task` has its token. True: it is taken, and seen to; false: the pool runs it.
  virtual bool takes(const ref<thread_call>& call, const record& task) = 0;
  /// The error that a command of `task` fails to start with, if it does.
  virtual std::optional<errc> fails_start(const record& task) = 0;
  /// A number below `limit`, which is positive.
  virtual std::uint64_t draw(std::uint64_t limit) noexcept = 0;
  virtual std::chrono::system_clock::time_point wall_now() const = 0;
  /// `call` is called, on the test's thread, whenever that clock has been set.
  virtual void when_wall_is_set(std::function<void()> call) = 0;

protected:
  ~fault_injector() = default;
};

/// A random time below `limit`, or the one that a test has decided; zero for a limit of zero.
inline std::chrono::nanoseconds random_below(fault_injector* decides, std::chrono::nanoseconds limit) {
  if (!decides || limit.count() <= 0)
    return random_below(limit);
  return std::chrono::nanoseconds{decides->draw(static_cast<std::uint64_t>(limit.count()))};
}

/// What the clock on the wall shows, which may be set back and forth.
inline std::chrono::system_clock::time_point wall_now(const fault_injector* decides) {
  return decides ? decides->wall_now() : std::chrono::system_clock::now();
}

} // namespace taskactor::detail
