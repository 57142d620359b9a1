#include "group_table.hpp"

#include <atomic>
#include <cerrno>
#include <system_error>

#include <sys/mman.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

constexpr int bits = 64;

[[noreturn]] void throw_last_error(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

} // namespace

group_table::group_table() : file_(own(::memfd_create("taskactor-groups", MFD_CLOEXEC), "memfd_create")) {
  if (::ftruncate(file_.get(), watchdog_table_size) != 0) // all zero; what is never touched takes no memory
    throw_last_error("ftruncate");
  void* const memory
      = ::mmap(nullptr, watchdog_table_size, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
  if (memory == MAP_FAILED)
    throw_last_error("mmap");
  words_ = static_cast<std::uint64_t*>(memory);
}

group_table::~group_table() { ::munmap(words_, watchdog_table_size); }

void group_table::forget(pid_t group) noexcept {
  if (group > 0 && group < watchdog_group_limit)
    std::atomic_ref{words_[group / bits]}.fetch_and(~(std::uint64_t{1} << (group % bits)));
}

} // namespace taskactor::detail
