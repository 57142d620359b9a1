/// What a disposal has been given and hasn't taken up: errands, and records with the parts of them that are
/// to be destroyed, each first come, first served.
///
/// A record is in it once: what else of it is to be destroyed is added to it there. Its two fields for this
/// (`record::disposed`, `disposed_before`) belong to the queue that it is in. Threads: any, under the
/// disposal's lock.
#pragma once

#include <taskactor/detail/record.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

class disposal_queue {
public:
  struct errand {
    std::string of;
    std::function<void()> what, without_thread; // the latter is empty if nobody waits for it
  };
  struct entry {
    record* which;
    std::uint8_t parts;
  };

  void push(errand what) { errands_.push_back(std::move(what)); }
  /// Returns false if the record was there already, and only its parts are new.
  bool push(record& which, std::uint8_t parts) noexcept {
    if (std::exchange(which.disposed, static_cast<std::uint8_t>(which.disposed | parts)) != 0)
      return false;
    which.disposed_before = nullptr;
    (last_ ? last_->disposed_before : first_) = &which;
    last_ = &which;
    return true;
  }

  bool empty() const noexcept { return !first_ && errands_.empty(); }
  /// Empty: there is none.
  std::optional<errand> take_errand() { return take(errands_.begin()); }
  /// The first one that somebody waits for.
  std::optional<errand> take_awaited_errand() {
    return take(std::find_if(errands_.begin(), errands_.end(),
                             [](const errand& each) { return bool{each.without_thread}; }));
  }
  /// There is one: it isn't empty, and has no errands.
  entry take_record() noexcept {
    auto* const which = first_;
    first_ = std::exchange(which->disposed_before, nullptr);
    if (!first_)
      last_ = nullptr;
    return {which, std::exchange(which->disposed, std::uint8_t{0})};
  }
  /// Of the records.
  void add_ids(std::vector<std::string>& ids) const {
    for (const auto* each = first_; each; each = each->disposed_before)
      ids.push_back(each->current_id());
  }

private:
  std::optional<errand> take(std::deque<errand>::iterator which) {
    if (which == errands_.end())
      return {};
    std::optional<errand> taken{std::move(*which)};
    errands_.erase(which);
    return taken;
  }

  std::deque<errand> errands_;
  record *first_ = nullptr, *last_ = nullptr; // linked by `record::disposed_before`
};

} // namespace taskactor::detail
