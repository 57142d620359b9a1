/// `postgres_idle`: what needn't be done while nothing happens. A claim, a look at delayed jobs and one for
/// others' changes are one statement together, when the last claim gave nothing; a beat that says nothing
/// new is one, too.
///
/// Threads: one at a time.
#pragma once

#include "postgres/postgres_session.hpp"
#include "queue/job_moves.hpp"
#include "queue/store_backend.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace taskactor::detail {

class postgres_idle {
public:
  explicit postgres_idle(postgres_session& session) : session_(session) {}

  /// The claim would give nothing, as the last one, and would write nothing.
  bool has_nothing(const claim_request& request);
  void claimed(const claim_request& request, const claim_reply& reply);
  /// Unset: some jobs are due, or have expired.
  std::optional<promote_reply> nothing_due();
  /// Unset: it has more to say than the last one, or its runner is taken for lost.
  std::optional<beat_reply> beat(const runner_beat& beat);
  void has_beaten(const runner_beat& beat);

  /// Another one than the last time when others have changed something, and while there is something to do.
  /// `hears`: notices come, so that a look is seldom needed.
  std::uint64_t version(bool is_hint, bool hears);
  bool has_looked() const noexcept { return version_ != 0; }

  /// By this process: whatever it was; what may be claimed.
  void wrote() noexcept { seen_.reset(); }
  void changed() noexcept { last_claims_.clear(); }

private:
  struct look {
    postgres_session::time at;
    std::int64_t last = 0; // of what is counted
    bool ready = false, lives = false;
    std::optional<store_time> next; // due, or to expire
    store_time now{};
  };
  struct last_beat {
    std::vector<queue_share> shares;
    std::shared_ptr<const known_tasks> tasks;
  };

  look look_at(const runner_key& runner, postgres_session::time until);
  bool is_recent(postgres_session::time now) const noexcept;
  store_time now_at(const look& seen) const;

  postgres_session& session_;
  std::set<std::string> served_;
  std::map<runner_key, std::vector<queue_share>> last_claims_; // that gave nothing
  std::map<runner_key, last_beat> last_beats_;
  std::optional<look> seen_;
  postgres_session::time looked_at_{};
  std::int64_t last_ = 0;
  std::uint64_t version_ = 0;
};

} // namespace taskactor::detail
