/// The way of a pool's work through the limiter of its kind: first come, first served.
///
/// Holds the limiter's tokens for its pool, through a small actor that the limiter monitors. The rules are in
/// `limited_call_line.hpp`: here is what is sent and called for them, and the lock. Threads: any.
#pragma once

#include "capacity/limited_call_line.hpp"
#include "lifecycle/manager_messages.hpp"

#include <taskactor/detail/limited_call.hpp>

#include <caf/actor.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace taskactor::detail {

class limiter_queue : public std::enable_shared_from_this<limiter_queue> {
public:
  limiter_queue(caf::actor_system& system, caf::actor limiter, std::size_t capacity);

  caf::actor start();
  /// After its actor has ended.
  void stop() { actor_ = {}; }
  /// Queues for a token; `limited_call::on_token` is called when there is one, perhaps at once.
  void enter(ref<limited_call> work);
  /// True: it hadn't its token yet and never gets one.
  bool revoke(limited_call& work) noexcept;
  /// The head of the line, as far as it may be prefetched: at most `most`, and a fair part of what waits. For
  /// who holds a token, and will start them one after the other on it; none when tokens are to go back.
  std::vector<ref<limited_call>> prefetch(std::size_t most);
  /// Back to the head of the line, and with it the token that it may have inherited.
  void put_back(ref<limited_call> work) noexcept;
  /// Of work that has started: its token serves others until `want_back`, and `limited_call::on_token_back`.
  /// Nothing for work that has ended meanwhile. The two may overtake each other.
  void lend_back(limited_call& work) noexcept;
  /// The token of work that ends is that of `to`, which has been prefetched behind it.
  void pass_on(limited_call& from, limited_call& to) noexcept;
  void want_back(ref<limited_call> work) noexcept;
  /// It has its token.
  bool serves(const limited_call& work) const noexcept;
  /// `hook` is called, on any thread, when something is prefetched though a token is free.
  void when_idle(std::function<void()> hook);
  /// Counts the work whose token is back while its owner isn't woken yet. For who moves the clock, before
  /// all.
  void count_ending(std::shared_ptr<std::atomic<std::size_t>> counter) noexcept {
    ending_ = std::move(counter);
  }
  void resize(std::size_t capacity);
  limiter_statistics statistics() const;
  /// Works that have begun and not ended, those included that have lent their token back.
  std::size_t at_work() const;

  // -- the limiter queue's actor --------------------------------------------
  void granted(std::size_t count);
  void recalled(std::size_t count);

private:
  friend class limited_call;
  void leave(limited_call& work) noexcept; // its work has ended
  void call_when_idle(std::unique_lock<std::mutex> lock);
  void serve(std::unique_lock<std::mutex>& lock);
  void release(std::size_t count);

  caf::actor_system& system_;
  caf::actor limiter_;
  caf::actor actor_;
  std::shared_ptr<std::atomic<std::size_t>> ending_; // none, but in virtual time
  mutable std::mutex mutex_;                         // what follows
  limited_call_line line_;
  std::function<void()> idle_hook_;
};

} // namespace taskactor::detail
