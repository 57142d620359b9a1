#include "base/time_slice.hpp"

#include <cstdint>

#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

/// The kernel's `sched_attr` in its first version: the header that has it can't be used beside glibc's.
struct attributes {
  std::uint32_t size = sizeof(attributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t niceness = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};
static_assert(sizeof(attributes) == 48); // SCHED_ATTR_SIZE_VER0

constexpr std::uint32_t normal = 0;            // SCHED_OTHER, in the kernel's words SCHED_NORMAL
constexpr std::uint64_t short_slice = 100'000; // ns: the least that the kernel gives

} // namespace

void ask_for_short_slices() noexcept {
  attributes now;
  if (::syscall(SYS_sched_getattr, 0, &now, sizeof now, 0) != 0 || now.policy != normal || now.niceness < 0)
    return;
  const attributes wished{
      .flags = SCHED_FLAG_RESET_ON_FORK, .niceness = now.niceness, .runtime = short_slice};
  ::syscall(SYS_sched_setattr, 0, &wished, 0);
}

} // namespace taskactor::detail
