/// `detail::remote_callable`: how the arguments and the result of a registered function get into bytes
/// (CBOR), and out of them, for who doesn't know its types. Not for users: see `registry.hpp`.
///
/// Known apart from the registry, so that calling a function elsewhere needs no JSON header; registering it
/// does.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace taskactor {

template <class T>
class task;

/// What a call may take in its worker (`run_in_process`). Unset: as much as the program.
struct process_limits {
  /// Memory to write to, beyond what the worker has when the call begins, in bytes (RLIMIT_DATA; a thread's
  /// stack counts, 8 MiB as a rule): what is refused is a `std::bad_alloc` there.
  std::optional<std::size_t> memory{};
  /// Processor time: then the worker is killed by SIGXCPU (RLIMIT_CPU).
  std::optional<std::chrono::seconds> cpu{};
  /// Descriptors that are open at once, the worker's own included (RLIMIT_NOFILE).
  std::optional<std::size_t> open_files{};
  /// Added to the program's, as nice(1) does: 0 to 19. The worker ends after the call, since it can't take it
  /// back.
  int niceness = 0;
};

namespace detail {

/// The first thing wrong with them.
std::optional<std::string> fault_of(const process_limits& limits);

/// How long the calls of a function have taken lately: a moving average, slow to forget a long one. Threads:
/// any; of two that add at once one may be lost.
class call_time {
public:
  void add(std::chrono::nanoseconds taken) noexcept {
    const auto before = average_.load(std::memory_order_relaxed);
    const auto now = before < 0 ? taken.count() : before + (taken.count() - before) / 4;
    average_.store(now, std::memory_order_relaxed);
  }
  /// False as long as none has been called.
  bool below(std::chrono::nanoseconds limit) const noexcept {
    const auto now = average_.load(std::memory_order_relaxed);
    return now >= 0 && now < limit.count();
  }

private:
  std::atomic<std::int64_t> average_{-1}; // ns
};

class remote_callable {
public:
  virtual ~remote_callable() = default;
  virtual const std::string& remote_name() const noexcept = 0;
  /// Of a `std::tuple` of the parameters' values.
  virtual std::string encode_arguments(const void* values) const = 0;
  /// Into a `std::optional` of the result; nothing for void. Errors: `argument_error`.
  virtual void decode_result(std::string_view bytes, void* into) const = 0;
  virtual const process_limits& limits() const noexcept = 0;
  virtual bool is_idempotent() const noexcept = 0;
  call_time& time_in_workers() const noexcept { return time_in_workers_; }

private:
  mutable call_time time_in_workers_;
};

/// What is registered for a function. Errors: `errc::unknown_task`, which says how to register it.
const remote_callable& remote_callable_of(const void* function);

template <class Name>
concept task_name = std::convertible_to<const Name&, std::string_view>;
/// The JSON arguments of a task that is asked for by such a name: defined by `named_tasks.hpp`.
template <class Name>
struct json_arguments;

/// Values that may cross to another process; whether they have a JSON form is seen where they are registered.
template <class T>
inline constexpr bool may_cross = !std::is_pointer_v<std::remove_cvref_t<T>>
                                  && (!std::is_reference_v<T> || std::is_const_v<std::remove_reference_t<T>>);

} // namespace detail

} // namespace taskactor
