/// `global_tokens`: the manager's tokens of the global limiter. Its account says what the limiter's actor is
/// told. The manager's alone.
#pragma once

#include "caf_adapter/compat.hpp"
#include "capacity/token_account.hpp"
#include "lifecycle/manager_messages.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/local_actor.hpp>

#include <cstddef>
#include <utility>

namespace taskactor::detail {

class global_tokens {
public:
  /// `holder`: the manager, to whom the limiter lends.
  global_tokens(caf::local_actor& holder, caf::actor limiter)
      : holder_(holder), limiter_(std::move(limiter)) {}

  bool are_lent_by(const caf::abstract_actor& sender) const noexcept {
    return &sender == caf::actor_cast<caf::abstract_actor*>(limiter_);
  }

  /// One for a task; false: none is idle.
  [[nodiscard]] bool take() noexcept { return account_.take(); }
  /// That of a task that doesn't need it any more.
  void put() { release(account_.put()); }
  /// There is work for so many beyond those in use.
  void ask(std::size_t demand) {
    if (const auto count = account_.ask(demand))
      post_from(holder_, limiter_, acquire_tokens{count});
  }
  void granted(std::size_t count) { release(account_.granted(count)); }
  void recalled(std::size_t count) { release(account_.recalled(count)); }
  std::size_t used() const noexcept { return account_.used(); }

private:
  void release(std::size_t count) {
    if (count != 0)
      post_from(holder_, limiter_, release_tokens{count});
  }

  caf::local_actor& holder_;
  caf::actor limiter_;
  token_account account_;
};

} // namespace taskactor::detail
