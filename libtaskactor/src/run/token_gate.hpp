/// The way of a pool's work through the limiter of its kind: first come, first served.
///
/// Holds the limiter's tokens for its pool, through a small actor that the limiter monitors. Threads: any.
#pragma once

#include "../messages.hpp"
#include "fifo.hpp"
#include "token_account.hpp"

#include <taskactor/run/ticket.hpp>

#include <caf/actor.hpp>

#include <atomic>
#include <memory>
#include <mutex>

namespace taskactor::detail {

class token_gate : public std::enable_shared_from_this<token_gate> {
public:
  token_gate(caf::actor_system& system, caf::actor limiter, std::size_t capacity);

  caf::actor start();
  /// After its actor has ended.
  void stop() { actor_ = {}; }
  /// Queues for a token; `ticket::on_token` is called when there is one, perhaps at once.
  void enter(ref<ticket> work);
  /// True: it hadn't its token yet and never gets one.
  bool revoke(ticket& work) noexcept;
  void resize(std::size_t capacity);
  limiter_statistics statistics() const;

  // -- the gate's actor
  // ----------------------------------------------------------------------------------------------
  void granted(std::size_t count);
  void recalled(std::size_t count);

private:
  friend class ticket;
  void leave() noexcept; // a ticket's work has ended
  void serve(std::unique_lock<std::mutex>& lock);
  void release(std::size_t count);

  caf::actor_system& system_;
  caf::actor limiter_;
  caf::actor actor_;
  mutable std::mutex mutex_; // what follows
  std::size_t capacity_;
  token_account account_;
  fifo<ticket> waiting_;
};

} // namespace taskactor::detail
