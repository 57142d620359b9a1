/// Peers of taskactor-bench: what the system itself takes, by the shortest loops that do the work.
///
///     bare_loops posix_spawn WORK SIZE    commands, two at once
///     bare_loops socketpair WORK SIZE     numbers to two child processes and back, in two threads here
///     bare_loops epoll WORK SIZE          so many descriptors, in one epoll
///
/// They lack everything around: ids, deadlines, groups of processes, output, an answer when a child dies.
#include "peer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <spawn.h>
#include <stdexcept>
#include <string_view>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace bench;

namespace {

constexpr std::size_t at_once = 2;

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

// -- posix_spawn ------------------------------------------------------------

void start(std::size_t number) {
  std::string program = "/bin/true", argument = std::to_string(number);
  std::array<char*, 3> argv{program.data(), argument.data(), nullptr};
  pid_t child = 0;
  if (const auto error = posix_spawn(&child, argv[0], nullptr, nullptr, argv.data(), environ))
    throw std::system_error{error, std::generic_category(), "posix_spawn"};
}

double children_seconds() {
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec)
         + static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

sample run_commands(std::size_t size) {
  const stopwatch watch;
  std::size_t started = 0;
  while (started < std::min(size, at_once))
    start(started++);
  for (std::size_t ended = 0; ended < size; ++ended) {
    int status = 0;
    if (wait(&status) < 0)
      fail("wait");
    if (status != 0)
      throw std::runtime_error{"a command ended with status " + std::to_string(status)};
    if (started < size)
      start(started++);
  }
  auto taken = watch.read();
  taken["cpu_seconds"] += children_seconds();
  return taken;
}

// -- socketpair -------------------------------------------------------------

/// So many calls wait for a child at once, as with taskactor's workers.
constexpr std::size_t pipelined = 16;
using numbers = std::array<std::uint64_t, pipelined>;

/// Each is a call, and sent as one: who makes many of them doesn't have the next one yet.
void send_numbers(int socket, const std::uint64_t* from, std::size_t count) {
  for (; count > 0; ++from, --count)
    if (send(socket, from, sizeof *from, MSG_NOSIGNAL) != sizeof *from) // so little is sent whole
      fail("send");
}

/// At least one, and at most so many; zero when the other end has closed.
std::size_t receive_numbers(int socket, std::uint64_t* to, std::size_t most) {
  std::size_t got = 0;
  do {
    const auto count = recv(socket, reinterpret_cast<char*>(to) + got, most * sizeof *to - got, 0);
    if (count < 0)
      fail("recv");
    if (count == 0)
      return 0;
    got += static_cast<std::size_t>(count);
  } while (got % sizeof *to != 0);
  return got / sizeof *to;
}

/// A child process that gives back what it is given.
class echo {
public:
  echo() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      fail("socketpair");
    child_ = fork();
    if (child_ < 0)
      fail("fork");
    if (child_ == 0) {
      close(ends[0]);
      serve_numbers(ends[1]);
    }
    close(ends[1]);
    socket_ = ends[0];
  }
  echo(const echo&) = delete;
  echo& operator=(const echo&) = delete;
  ~echo() {
    close(socket_);
    waitpid(child_, nullptr, 0);
  }

  /// All numbers of its share, so many in flight.
  void call(std::size_t first, std::size_t size, std::size_t in_flight, results& all) const {
    numbers given{}, got{};
    auto next = first;
    std::size_t flying = 0;
    for (;;) {
      std::size_t count = 0;
      for (; next < size && flying + count < in_flight; next += at_once)
        given[count++] = next;
      send_numbers(socket_, given.data(), count);
      flying += count;
      if (flying == 0)
        return;
      const auto back = receive_numbers(socket_, got.data(), pipelined);
      if (back == 0)
        throw std::runtime_error{"a child has ended"};
      for (std::size_t i = 0; i < back; ++i)
        all[got[i]] = got[i];
      flying -= back;
    }
  }

private:
  [[noreturn]] static void serve_numbers(int socket) {
    numbers some{};
    try {
      while (const auto count = receive_numbers(socket, some.data(), pipelined))
        send_numbers(socket, some.data(), count);
    } catch (const std::exception&) {
      _exit(1);
    }
    _exit(0);
  }

  int socket_ = -1;
  pid_t child_ = -1;
};

sample run_calls(std::size_t size, std::size_t in_flight) {
  std::array<echo, at_once> children; // before any thread
  results all{size};
  const stopwatch watch;
  {
    std::array<std::jthread, at_once> callers;
    for (std::size_t i = 0; i < at_once; ++i)
      callers[i] = std::jthread{[&, i] { children[i].call(i, size, in_flight, all); }};
  }
  all.check();
  return watch.read();
}

sample run_process(std::size_t size) { return run_calls(size, pipelined); }
sample run_roundtrip(std::size_t size) { return run_calls(size, 1); }

// -- epoll ------------------------------------------------------------------

/// Descriptors that are closed at the end.
class event_descriptors {
public:
  explicit event_descriptors(std::size_t count) : fds_(count, -1) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    for (auto& each : fds_)
      if ((each = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        fail("eventfd");
  }
  event_descriptors(const event_descriptors&) = delete;
  event_descriptors& operator=(const event_descriptors&) = delete;
  ~event_descriptors() {
    for (const int each : fds_)
      close(each);
  }
  const std::vector<int>& all() const { return fds_; }

private:
  std::vector<int> fds_;
};

sample run_fds(std::size_t size) {
  const event_descriptors descriptors{size};
  const int all = epoll_create1(EPOLL_CLOEXEC);
  std::vector<double> arming;
  arming.reserve(size);
  results told{size};
  const stopwatch watch;
  for (std::size_t i = 0; i < size; ++i) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
    event.data.u64 = i;
    const auto before = std::chrono::steady_clock::now();
    if (epoll_ctl(all, EPOLL_CTL_ADD, descriptors.all()[i], &event) != 0)
      fail("epoll_ctl");
    arming.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count());
  }
  for (const int each : descriptors.all())
    eventfd_write(each, 1);
  std::array<epoll_event, 256> ready{};
  for (std::size_t count = 0; count < size;) {
    const int some = epoll_wait(all, ready.data(), static_cast<int>(ready.size()), -1);
    for (int i = 0; i < some; ++i, ++count)
      told[ready[static_cast<std::size_t>(i)].data.u64] = ready[static_cast<std::size_t>(i)].data.u64;
  }
  told.check();
  auto taken = watch.read();
  taken["arming_seconds"] = percentiles(std::move(arming)).at("p50_seconds") * static_cast<double>(size);
  close(all);
  return taken;
}

std::string libc() { return "glibc " + std::to_string(__GLIBC__) + '.' + std::to_string(__GLIBC_MINOR__); }

} // namespace

int main(int argc, char** argv) {
  const std::string_view which = argc > 1 ? argv[1] : "";
  if (which == "posix_spawn")
    return serve({.name = "posix_spawn", .version = libc(), .works = {{"commands", run_commands}}}, argc,
                 argv, 1);
  if (which == "socketpair")
    return serve({.name = "socketpair",
                  .version = libc(),
                  .works = {{"process", run_process}, {"roundtrip", run_roundtrip}}},
                 argc, argv, 1);
  if (which == "epoll")
    return serve({.name = "epoll", .version = libc(), .works = {{"fds", run_fds}}}, argc, argv, 1);
  return 2;
}
