/// What higher layers have in a manager (`attachment`): each is made once, when it is first needed. Threads:
/// any; `stop` only when nobody needs one any more.
#pragma once

#include "lifecycle/attachment.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

namespace taskactor::detail {

class runtime_attachments {
public:
  attachment& get(attachment_kind which, const std::function<std::unique_ptr<attachment>()>& make) {
    const std::lock_guard lock{mutex_};
    auto& place = attachments_[static_cast<std::size_t>(which)];
    if (!place)
      place = make();
    return *place;
  }
  void add_to(manager_statistics& sum) const {
    const std::lock_guard lock{mutex_};
    for (const auto& each : attachments_)
      if (each)
        each->add_to(sum);
  }
  void let_go() noexcept {
    const std::lock_guard lock{mutex_};
    for (const auto& each : attachments_)
      if (each)
        each->let_go();
  }
  void leave_behind() noexcept {
    const std::lock_guard lock{mutex_};
    for (const auto& each : attachments_)
      if (each)
        each->leave_behind();
  }
  /// In reverse order of their kinds.
  void stop() noexcept {
    for (auto each = attachments_.rbegin(); each != attachments_.rend(); ++each)
      if (*each)
        (*each)->stop();
  }

private:
  mutable std::mutex mutex_; // of the next
  std::array<std::unique_ptr<attachment>, attachment_kinds> attachments_;
};

} // namespace taskactor::detail
