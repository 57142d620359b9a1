#include "worker/call_limits.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

#include <unistd.h>

namespace taskactor::detail {

namespace {

/// What counts in RLIMIT_DATA: memory of its own that it may write to. In RLIMIT_AS also counts what malloc
/// only reserves, 128 MiB for a moment for each thread that is new to it, and those start while a call runs.
rlim_t data_size() {
  std::size_t all = 0, resident = 0, shared = 0, text = 0, library = 0, data = 0; // in pages
  if (!(std::ifstream{"/proc/self/statm"} >> all >> resident >> shared >> text >> library >> data))
    throw std::runtime_error{"process.memory: what there is already can't be known without /proc"};
  return data * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Seconds, rounded up: what has been used for less than one would come off the call's.
rlim_t processor_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec + 2);
}

/// Of every thread, since each has its own.
void raise_niceness(int by) {
  const int to = ::getpriority(PRIO_PROCESS, 0) + by; // of this one, as of all
  for (const auto& thread : std::filesystem::directory_iterator{"/proc/self/task"}) {
    const auto id = static_cast<id_t>(std::stoul(thread.path().filename()));
    if (::setpriority(PRIO_PROCESS, id, to) != 0 && errno != ESRCH)
      throw std::system_error{errno, std::generic_category(), "setpriority"};
  }
}

} // namespace

call_limits::call_limits(const process_limits& wanted) {
  try {
    if (wanted.memory)
      set(RLIMIT_DATA, data_size() + *wanted.memory);
    if (wanted.cpu)
      set(RLIMIT_CPU, processor_time() + static_cast<rlim_t>(wanted.cpu->count()));
    if (wanted.open_files)
      set(RLIMIT_NOFILE, *wanted.open_files);
    if (wanted.niceness != 0)
      raise_niceness(wanted.niceness);
  } catch (...) {
    take_back();
    throw;
  }
}

call_limits::~call_limits() { take_back(); }

void call_limits::set(__rlimit_resource which, rlim_t to) {
  before_.reserve(before_.size() + 1);
  rlimit now{};
  if (::getrlimit(which, &now) != 0)
    throw std::system_error{errno, std::generic_category(), "getrlimit"};
  const rlimit limited{std::min(to, now.rlim_max), now.rlim_max}; // the soft one alone can be raised again
  if (::setrlimit(which, &limited) != 0)
    throw std::system_error{errno, std::generic_category(), "setrlimit"};
  before_.emplace_back(which, now);
}

void call_limits::take_back() noexcept {
  for (const auto& [which, was] : before_)
    ::setrlimit(which, &was);
}

} // namespace taskactor::detail
