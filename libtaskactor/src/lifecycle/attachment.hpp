/// A part of a higher layer that lives in the runtime: made when first needed, ended with it.
#pragma once

#include <taskactor/manager_options.hpp>

#include <cstddef>
#include <cstdint>

namespace taskactor::detail {

enum class attachment_kind : std::uint8_t { commands, workers, io, signals, http, queue, schedules };
inline constexpr std::size_t attachment_kinds = 7;

class attachment {
public:
  virtual ~attachment() = default;
  virtual void stop() noexcept = 0;
  /// The manager's shutdown is over, or nobody runs it any more: it is asked for nothing.
  virtual void let_go() noexcept {}
  /// The manager is left behind (`manager_core::is_left_behind`): returns when no body of it is being woken.
  virtual void leave_behind() noexcept {}
  virtual void add_to(manager_statistics&) const {}
};

} // namespace taskactor::detail
