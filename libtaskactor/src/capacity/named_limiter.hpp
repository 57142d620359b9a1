/// A limiter of the user's, as the manager has it: the actor that lends its tokens, the manager's account of
/// them, who waits for them and who holds them.
#pragma once

#include "capacity/token_account.hpp"
#include "capacity/waiting_line.hpp"

#include <taskactor/limits.hpp>

#include <caf/actor.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor::detail {

class named_limiter {
public:
  named_limiter(std::string called, caf::actor lender, const limiter_options& options,
                std::chrono::nanoseconds aging)
      : name(std::move(called)),
        actor(std::move(lender)),
        has_rate(options.rate.has_value()),
        account(has_rate),
        line(aging) {}

  const std::string name;
  const caf::actor actor;
  const bool has_rate;
  std::atomic<std::size_t> capacity{0}, in_use{0}, waiting{0};

  /// How many tokens a task that needs so many gets now; zero: it has to wait. One that needs more than there
  /// are, since the limiter was made smaller, is served alone, with all of them.
  std::size_t room_for(std::size_t tokens) const noexcept {
    const auto most = capacity.load();
    const auto used = account.used();
    if (tokens > most)
      return used == 0 ? most : 0;
    return used <= most - tokens ? tokens : 0;
  }

  // -- the manager's --------------------------------------------------------
  token_account account;
  waiting_line line;
  const record* fetched_for = nullptr;                 // with a rate: for whom tokens were asked for last
  std::uint64_t last_token = 0;                        // that has come
  std::set<std::pair<std::uint64_t, record*>> holders; // by age
};

/// All of them, by name. Threads: any. They live as long as their runtime.
class limiter_registry {
public:
  named_limiter* find(std::string_view name) const;
  /// False: there is one of that name.
  bool add(std::unique_ptr<named_limiter> made);
  std::vector<named_limiter*> all() const;
  void clear();
  /// For who changes what a limiter has: what is published and what its actor is told come in one order.
  [[nodiscard]] std::unique_lock<std::mutex> lock_changes() { return std::unique_lock{changes_}; }

private:
  std::mutex changes_;
  mutable std::mutex mutex_; // what follows
  std::map<std::string, std::unique_ptr<named_limiter>, std::less<>> limiters_;
};

} // namespace taskactor::detail
