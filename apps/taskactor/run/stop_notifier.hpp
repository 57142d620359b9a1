/// Whom a run tells that it is to stop: a function, and those who poll a descriptor.
///
/// Threads: every member may be called from any thread; the hook is set while nobody else stops anything.
#pragma once

#include "cli/descriptors.hpp"

#include <cstdint>
#include <functional>
#include <utility>

#include <sys/eventfd.h>

namespace taskactor::cli {

enum class stop_level : std::uint8_t { none, start_no_more, cancel, kill };

class stop_notifier {
public:
  /// Empty: none any more.
  void set_hook(std::function<void(stop_level)> hook) { hook_ = std::move(hook); }
  /// Becomes readable at the first stop, and stays so.
  int stopped_fd() const noexcept { return stopped_.get(); }
  /// An eventfd that is written to at each stop, for the one who reads it.
  int raised_fd() const noexcept { return raised_.get(); }

  /// This level has been reached.
  void notify(stop_level reached) {
    for (const auto* told : {&stopped_, &raised_})
      ::eventfd_write(told->get(), 1);
    call_hook(reached);
  }
  void call_hook(stop_level level) {
    if (hook_)
      hook_(level);
  }

private:
  unique_fd stopped_ = make_eventfd();
  unique_fd raised_ = make_eventfd();
  std::function<void(stop_level)> hook_;
};

} // namespace taskactor::cli
