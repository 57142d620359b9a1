#include "works.hpp"

#include <taskactor/taskactor.hpp>

#include <algorithm>
#include <chrono>
#include <coroutine>
#include <functional>
#include <latch>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sys/eventfd.h>
#include <sys/resource.h>

namespace bench {

namespace {

/// Left to the process itself: its threads' epolls, its standard streams, ...
constexpr std::size_t others = 100;

struct arming {
  std::vector<double> seconds; ///< of each
  std::latch waiting;
};

/// `readable`, and how long it takes a body's thread to begin to wait.
class timed_readable {
public:
  timed_readable(int fd, std::size_t number, arming& taken)
      : wait_(taskactor::readable(fd)), number_(number), taken_(taken) {}

  bool await_ready() const noexcept { return false; }
  template <taskactor::detail::body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    const auto before
        = std::chrono::steady_clock::now(); // a stopwatch reads processors' time, too: a system call
    const bool parks = wait_.await_suspend(self);
    taken_.seconds[number_]
        = std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
    taken_.waiting.count_down();
    return parks;
  }
  void await_resume() { wait_.await_resume(); }

private:
  taskactor::detail::descriptor_await wait_;
  const std::size_t number_;
  arming& taken_;
};

taskactor::task<std::size_t> wait_for(int fd, std::size_t number, arming& taken) {
  timed_readable told{fd, number, taken};
  co_await told;
  co_return number;
}

std::vector<taskactor::descriptor> make_descriptors(std::size_t count) {
  std::vector<taskactor::descriptor> made;
  made.reserve(count);
  while (made.size() < count) {
    made.emplace_back(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!made.back())
      throw std::runtime_error{"only " + std::to_string(made.size() - 1) + " descriptors can be opened"};
  }
  return made;
}

} // namespace

std::size_t descriptors_of(std::size_t size) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  return std::min<std::size_t>(size, std::max<std::size_t>(files.rlim_max, others + 1) - others);
}

sample run_fds(std::size_t size, std::size_t scheduler_threads) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  size = descriptors_of(size);
  const auto descriptors = make_descriptors(size);
  arming taken{std::vector<double>(size), std::latch{static_cast<std::ptrdiff_t>(size)}};
  taskactor::task_manager tasks{
      {.capacity = size, .max_queue = size, .scheduler_threads = scheduler_threads}};
  std::vector<taskactor::handle<std::size_t>> handles;
  handles.reserve(size);
  const stopwatch watch;
  for (std::size_t i = 0; i < size; ++i)
    handles.push_back(tasks.add_task({}, wait_for, descriptors[i].get(), i, std::ref(taken)).value());
  taken.waiting.wait();
  for (const auto& each : descriptors)
    ::eventfd_write(each.get(), 1);
  for (std::size_t i = 0; i < size; ++i)
    check_equal(handles[i].get(), i);
  auto result = watch.read();
  // The median: what else the machine does strikes few of them, and those hard.
  result["arming_seconds"]
      = percentiles(std::move(taken.seconds)).at("p50_seconds") * static_cast<double>(size);
  return result;
}

} // namespace bench
