/// `detail::limited_call`: work of one kind (a thread's call, a process) on its way through the limiter of
/// its kind. Not for users: see `run_in_thread` and `run_command`.
///
///     waiting --token--> granted --work has really ended--> ended
///        \--cancelled first--> revoked
///
/// The token is taken before the work starts and kept until it has really ended, abandoned or not (rule 8).
/// Work that may be prefetched can be taken from the line ahead of its token, by who holds one: it starts
/// when that one's work has ended and has left it the token, or goes back to the head of the line.
///
/// Work that waits for further work of its kind lends its token back meanwhile, and gets one ahead of the
/// line before it goes on (rule 6).
#pragma once

#include <taskactor/detail/record.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace taskactor::detail {

class limited_call_line;
class limiter_queue;

class limited_call : public operation {
public:
  enum class call_state : std::uint8_t { waiting, granted, ended, revoked };
  enum class hold : std::uint8_t { nothing, token, token_wanted, lent, wants_it_back };

  limited_call(context& owner, ref<record> task) noexcept;
  ~limited_call() override;

  /// The token is there: start, on whatever thread this is, without blocking.
  virtual void on_token() noexcept = 0;
  /// There is one again, for work that has lent its own back.
  virtual void on_token_back() noexcept {}
  /// Asked under the limiter queue's lock.
  virtual bool may_be_prefetched() const noexcept { return false; }
  /// That of `other`, whose work has ended: this one's is next. By who has prefetched it.
  void inherit_token(limited_call& other) noexcept { std::swap(hold_, other.hold_); }
  bool ended() const noexcept final { return state_.load(std::memory_order_acquire) >= call_state::ended; }
  bool granted() const noexcept { return state_.load(std::memory_order_acquire) != call_state::waiting; }
  bool revoked() const noexcept { return state_.load(std::memory_order_acquire) == call_state::revoked; }

  limited_call* next = nullptr; // in the limiter queue's list
  limited_call* prev = nullptr;
  void* listed_in = nullptr;

protected:
  /// The work has really ended: gives the token back and wakes the task. The last thing that the work does.
  void finish() noexcept;
  context& owner() noexcept { return owner_; }
  record& task() const noexcept { return *task_; }

private:
  friend class limited_call_line;
  friend class limiter_queue;
  context& owner_;
  ref<record> task_;
  limiter_queue* queue_ = nullptr;
  hold hold_ = hold::nothing;
  std::atomic<call_state> state_{call_state::waiting};
};

} // namespace taskactor::detail
