/// What has come to a service's names and waits for a run to take it up, in the order of its coming; and
/// which run won't, since mail has come back from it. Threads: any, under the registry's lock.
#pragma once

#include "caf_adapter/compat_actor.hpp"

#include <taskactor/actors/service_options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// What has come through a name while nothing ran, or hasn't been taken up by a run that has ended.
struct stashed_message {
  caf::mailbox_element_ptr mail;
  when_down how;
  std::uint64_t number; // in the order of their coming
};

class stash {
public:
  static constexpr std::size_t capacity = 1024;

  std::uint64_t next_number() noexcept { return ++numbers_; }
  /// Takes it to where its number belongs. Returns false, and takes nothing, if it doesn't wait, or is one
  /// too many.
  [[nodiscard]] bool put(stashed_message& what) {
    if (what.how != when_down::wait || messages_.size() >= capacity)
      return false;
    const auto at = std::upper_bound(messages_.begin(), messages_.end(), what.number,
                                     [](auto number, const auto& each) { return number < each.number; });
    messages_.insert(at, std::move(what));
    return true;
  }
  std::vector<stashed_message> take() noexcept { return std::exchange(messages_, {}); }
  bool empty() const noexcept { return messages_.empty(); }
  std::size_t size() const noexcept { return messages_.size(); }

  /// Mail has come back from it: it takes up no more.
  void note_ended(caf::actor_id run) noexcept { ended_run_ = run; }
  bool has_ended(caf::actor_id run) const noexcept { return run == ended_run_; }

private:
  std::vector<stashed_message> messages_;
  std::uint64_t numbers_ = 0;
  caf::actor_id ended_run_ = 0; // the last one
};

} // namespace taskactor::detail
