#include "command/group_table.hpp"

#include "base/signal_blocked.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <string>
#include <system_error>

#include <sys/mman.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

constexpr std::size_t first_slots = 1024; // a page
constexpr std::size_t most_slots = std::size_t{1} << 18;
constexpr std::size_t mapped = most_slots * sizeof(group_slot); // what is never touched takes no memory

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error{error, std::generic_category(), what};
}

/// Zero, for success, or the error.
int set_size(const unique_fd& file, std::size_t slots) noexcept {
  const signal_blocked too_long{SIGXFSZ};
  return ::ftruncate(file.get(), static_cast<off_t>(slots * sizeof(group_slot))) == 0 ? 0 : errno;
}

} // namespace

group_table::group_table() : file_(own(::memfd_create("taskactor-groups", MFD_CLOEXEC), "memfd_create")) {
  if (const int error = set_size(file_, first_slots))
    fail(error, "the table of running commands (is the size of files limited?)");
  // Beyond the end of the file, too: it grows there.
  void* const memory = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
  if (memory == MAP_FAILED)
    fail(errno, "mmap");
  slots_ = static_cast<group_slot*>(memory);
  size_ = first_slots;
  for (std::size_t i = first_slots; i > 0; --i)
    free_.push_back(slots_ + i - 1);
}

group_table::~group_table() {
  if (slots_)
    ::munmap(slots_, mapped);
}

void group_table::grow() {
  const auto wanted = 2 * size_;
  free_.reserve(wanted); // to give one back needs no memory
  if (wanted > most_slots || set_size(file_, wanted) != 0)
    fail(EAGAIN, "the table of running commands is full, with " + std::to_string(size_));
  for (std::size_t i = wanted; i > size_; --i)
    free_.push_back(slots_ + i - 1);
  size_ = wanted;
}

group_slot* group_table::take() {
  if (free_.empty())
    grow();
  auto* const slot = free_.back();
  free_.pop_back();
  return slot;
}

void group_table::give_back(group_slot* slot) noexcept {
  std::atomic_ref{*slot}.store(0);
  free_.push_back(slot);
}

} // namespace taskactor::detail
