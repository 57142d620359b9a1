/// `detail::service_listener`: who waits for a service. Not for users.
#pragma once

#include <taskactor/detail/context.hpp>

namespace taskactor::detail {

/// Who waits for a service to run, or for what the present run of it will answer. Told under the lock of the
/// registry, and woken after that.
class service_listener {
public:
  virtual context& owner() const noexcept = 0;
  virtual void tell() noexcept = 0;
  service_listener* next = nullptr;

protected:
  ~service_listener() = default;
};

} // namespace taskactor::detail
