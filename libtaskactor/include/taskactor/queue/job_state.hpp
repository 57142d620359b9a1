/// Where a job is: the states that a store, its programs and its pages all say.
///
///     push --> ready | delayed        delayed --its time comes--> ready
///     push --> blocked                blocked --its parents are over--> ready | delayed
///                                     blocked --by `on_failure`--> cancelled | failed
///     ready --claimed--> running      running --retry, snooze--> delayed
///                                     running --released, lost--> ready
///     running --> succeeded | failed | cancelled | quarantined
///     ready | delayed | blocked --> cancelled | expired
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>

namespace taskactor {

enum class job_state : std::uint8_t {
  ready,       ///< waits for a runner
  delayed,     ///< waits for a time
  running,     ///< a runner has claimed it
  succeeded,   ///< its body has returned
  failed,      ///< its last attempt has failed
  cancelled,   ///< on request
  expired,     ///< its `push_options::expires` came before it had begun
  quarantined, ///< its runners have died under it too often
  blocked,     ///< waits for the end of other jobs (`push_options::after`)
};

constexpr bool is_final(job_state s) noexcept {
  return s >= job_state::succeeded && s <= job_state::quarantined;
}

std::string_view to_string(job_state s) noexcept;
/// Empty: there is none of that name.
std::optional<job_state> job_state_named(std::string_view name) noexcept;
std::ostream& operator<<(std::ostream& out, job_state s);

} // namespace taskactor
