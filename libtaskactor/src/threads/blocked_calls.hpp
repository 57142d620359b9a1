/// `blocked_calls`: rule 6 for the threads of the pool. A call that blocks in the runtime (a handle's `get`,
/// a gather, a supervisor's `wait`) lends its tokens, its task's of the manager's capacity and its own of the
/// thread limiter, and takes both again, ahead of the lines, before it goes on.
///
///     call --block--> lend --> what it waits for --> take back: until both are there, or an end is due
///
/// An end is the `until` of what it waits for, or that it is asked to stop: then it goes on at once, over
/// capacity, and gets its tokens as soon as there are some. What follows the call in the body waits for the
/// manager's. A task has one call at a time on a thread: its body awaits it. One that was left behind has
/// nothing to do with the task's token any more, which may be that of its next attempt.
///
/// A thread that blocks doesn't count as one of the pool's workers, so that others can use its token; but not
/// more than `most` at a time, whose memory is the bound: further ones keep the thread limiter's token.
///
/// Threads: any.
#pragma once

#include <taskactor/run_in_thread.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace taskactor::detail {

class blocked_calls {
public:
  static constexpr std::size_t most = 1024;
  /// A call, from its begin to its end.
  class visit;

  /// The call that this thread makes for a task, or null.
  static thread_call* of_this_thread() noexcept;
  void lend(thread_call& call);
  /// Wants the tokens, without waiting for them.
  void want(thread_call& call) {
    want_managers(call);
    want_threads(call);
  }
  /// Waits for them: for the manager's first, as those do that begin. In any order two could each wait for
  /// what the other one has. Errors: those of the wait, in virtual time.
  void take_back(thread_call& call, time_point until);
  /// Something that a call of `task` waits for may be there.
  void look(const record& task) noexcept;
  /// The call has returned.
  void over(const thread_call& call) noexcept;
  /// Threads that are to count as none of the pool's.
  std::size_t beyond() const noexcept { return beyond_.load(std::memory_order_acquire); }

private:
  struct blocked {
    explicit blocked(const record& of) noexcept : task(of) {}
    const record& task;
    bool is_beyond = false; // has lent its thread's token, as far as its thread knows
    std::condition_variable changed;
  };
  void want_managers(thread_call& call);
  void want_threads(thread_call& call);
  void wait_for(thread_call& call, const std::function<bool()>& there, time_point until);
  blocked* find(const thread_call& call) noexcept;
  void leave_locked(blocked& which) noexcept;

  std::atomic<std::size_t> beyond_{0}, calls_{0};
  std::mutex mutex_; // what follows
  std::unordered_map<const thread_call*, std::unique_ptr<blocked>> blocked_;
};

class blocked_calls::visit {
public:
  explicit visit(const thread_call& call) noexcept : call_(call) {}
  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;
  ~visit();

private:
  const thread_call& call_;
};

/// A thread's call while it blocks.
class blocked_call {
public:
  explicit blocked_call(thread_call& call);
  blocked_call(const blocked_call&) = delete;
  blocked_call& operator=(const blocked_call&) = delete;
  ~blocked_call();
  /// What it waited for is there, or `until` is over.
  void go_on(time_point until);

private:
  thread_call& call_;
  blocked_calls& all_;
  bool wants_ = false;
};

} // namespace taskactor::detail
