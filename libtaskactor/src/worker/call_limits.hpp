/// The limits of one call, in the worker that runs it: set when it begins, taken back when it has ended (but
/// for niceness).
#pragma once

#include <taskactor/detail/remote_callable.hpp>

#include <utility>
#include <vector>

#include <sys/resource.h>

namespace taskactor::detail {

class call_limits {
public:
  /// Beyond what this process may set, the limit is what it may. Errors: `std::system_error`.
  explicit call_limits(const process_limits& wanted);
  call_limits(const call_limits&) = delete;
  call_limits& operator=(const call_limits&) = delete;
  ~call_limits();

private:
  void set(__rlimit_resource which, rlim_t to);
  void take_back() noexcept;

  std::vector<std::pair<__rlimit_resource, rlimit>> before_;
};

} // namespace taskactor::detail
