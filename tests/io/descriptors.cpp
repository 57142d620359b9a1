// Descriptors that tasks await: each direction, each way in which a wait ends, and what is no descriptor.
#include "caf_adapter/compat_scheduler.hpp"
#include "support/leaks.hpp"
#include "support/virtual_time.hpp"

#include <taskactor/io/callback.hpp>
#include <taskactor/sync/channel.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace descriptors {

namespace ta = taskactor;
using namespace std::chrono_literals;

struct ends {
  ta::descriptor read, write;
};

ends make_pipe() {
  std::array<int, 2> fds{};
  BOOST_REQUIRE(::pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  return {ta::descriptor{fds[0]}, ta::descriptor{fds[1]}};
}

std::array<ta::descriptor, 2> make_pair() {
  std::array<int, 2> fds{};
  BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()) == 0);
  return {ta::descriptor{fds[0]}, ta::descriptor{fds[1]}};
}

ta::task<void> until_readable(int fd) { co_await ta::readable(fd); }
ta::task<void> until_writable(int fd) { co_await ta::writable(fd); }
ta::task<void> until_urgent(int fd) { co_await ta::urgent(fd); }

void put(const ta::descriptor& into, std::size_t bytes = 1) {
  const std::string text(bytes, 'x');
  BOOST_TEST(::write(into.get(), text.data(), bytes) == static_cast<ssize_t>(bytes));
}
std::size_t take_all(int fd) {
  std::array<char, 4096> buffer{};
  std::size_t sum = 0;
  for (;;) {
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0)
      return sum;
    sum += static_cast<std::size_t>(got);
  }
}
/// Until a write would block.
void fill(const ta::descriptor& into) {
  const std::string text(4096, 'x');
  while (::write(into.get(), text.data(), text.size()) > 0) {
  }
}

template <class T>
ta::errc error_of(ta::handle<T> h) {
  try {
    h.get();
  } catch (const ta::error& why) {
    BOOST_TEST_MESSAGE(why.message());
    for (const auto code : {ta::errc::closed, ta::errc::invalid_argument, ta::errc::already_awaited})
      if (why.code() == code)
        return code;
  } catch (const std::exception& other) {
    BOOST_TEST_MESSAGE(other.what());
  }
  return ta::errc{};
}

/// Reads what comes, until the other side closes.
ta::task<std::size_t> count_bytes(int fd) {
  std::array<char, 512> buffer{};
  std::size_t sum = 0;
  for (;;) {
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got > 0)
      sum += static_cast<std::size_t>(got);
    else if (got == 0)
      co_return sum;
    else if (errno == EAGAIN)
      co_await ta::readable(fd);
    else
      throw std::system_error{errno, std::generic_category()};
  }
}

ta::task<void> send_bytes(int fd, std::size_t count) {
  const std::string text(1024, 'x');
  while (count > 0) {
    const auto written = ::write(fd, text.data(), std::min(count, text.size()));
    if (written > 0)
      count -= static_cast<std::size_t>(written);
    else if (errno == EAGAIN)
      co_await ta::writable(fd);
    else
      throw std::system_error{errno, std::generic_category()};
  }
}

} // namespace descriptors

BOOST_AUTO_TEST_SUITE(descriptors)
using namespace descriptors;

BOOST_AUTO_TEST_CASE(what_is_there_already_is_told_at_once) {
  ta::task_manager tasks;
  auto pipe = make_pipe();
  put(pipe.write);
  tasks.add_task({}, until_readable, pipe.read.get()).value().get();
  tasks.add_task({}, until_writable, pipe.write.get()).value().get();
}

BOOST_AUTO_TEST_CASE(a_wait_is_over_when_something_comes) {
  ta::task_manager tasks;
  auto pipe = make_pipe();
  auto waits = tasks.add_task({}, until_readable, pipe.read.get()).value();
  BOOST_TEST(!waits.wait_for(20ms));
  put(pipe.write);
  waits.get();

  fill(pipe.write);
  auto room = tasks.add_task({}, until_writable, pipe.write.get()).value();
  BOOST_TEST(!room.wait_for(20ms));
  take_all(pipe.read.get());
  room.get();
}

BOOST_AUTO_TEST_CASE(the_end_of_the_other_side_is_told_in_each_direction) {
  ta::task_manager tasks;
  auto [here, there] = make_pair();
  fill(here);
  auto reads = tasks.add_task({}, until_readable, here.get()).value();
  auto writes = tasks.add_task({}, until_writable, here.get()).value();
  BOOST_TEST(!reads.wait_for(10ms));
  there.close();
  reads.get();
  writes.get();
}

BOOST_AUTO_TEST_CASE(both_directions_of_one_descriptor_are_awaited_and_told_apart) {
  ta::task_manager tasks;
  auto [here, there] = make_pair();
  fill(here);
  auto reads = tasks.add_task({}, until_readable, here.get()).value();
  auto writes = tasks.add_task({}, until_writable, here.get()).value();
  BOOST_TEST(!writes.wait_for(10ms));
  put(there);
  reads.get();
  BOOST_TEST(!writes.wait_for(20ms)); // it is armed again, for what is left
  take_all(there.get());
  writes.get();
}

BOOST_AUTO_TEST_CASE(urgent_data_is_told) {
  ta::task_manager tasks;
  const ta::descriptor server{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t length = sizeof address;
  BOOST_REQUIRE(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
  BOOST_REQUIRE(::listen(server.get(), 1) == 0);
  BOOST_REQUIRE(::getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  const ta::descriptor caller{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  BOOST_REQUIRE(::connect(caller.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
  const ta::descriptor called{::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  auto urgent = tasks.add_task({}, until_urgent, called.get()).value();
  put(caller);
  BOOST_TEST(!urgent.wait_for(20ms));
  BOOST_TEST(::send(caller.get(), "!", 1, MSG_OOB) == 1);
  urgent.get();
}

BOOST_AUTO_TEST_CASE(a_second_waiter_in_a_direction_is_refused_and_harms_nobody) {
  ta::testing::manager m{{.patience = 20s}};
  auto& tasks = m.tasks();
  auto pipe = make_pipe();
  auto first = tasks.add_task({}, until_readable, pipe.read.get()).value();
  m.settle();
  BOOST_TEST(
      (error_of(tasks.add_task({}, until_readable, pipe.read.get()).value()) == ta::errc::already_awaited));
  put(pipe.write);
  first.get();
  tasks.add_task({}, until_readable, pipe.read.get()).value().get();
}

BOOST_AUTO_TEST_CASE(what_is_no_descriptor_or_a_file_is_refused_in_words) {
  ta::task_manager tasks;
  const auto refused = [&](int fd) { return error_of(tasks.add_task({}, until_readable, fd).value()); };
  BOOST_TEST((refused(-1) == ta::errc::invalid_argument));
  auto pipe = make_pipe();
  const int closed = pipe.read.get();
  pipe.read.close();
  BOOST_TEST((refused(closed) == ta::errc::invalid_argument));
  const ta::descriptor file{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  BOOST_TEST((refused(file.get()) == ta::errc::invalid_argument));
  const ta::descriptor folder{::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  BOOST_TEST((refused(folder.get()) == ta::errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(closing_a_descriptor_ends_those_who_wait) {
  ta::testing::manager m{{.patience = 20s}};
  auto& tasks = m.tasks();
  auto [here, there] = make_pair();
  fill(here);
  auto reads = tasks.add_task({}, until_readable, here.get()).value();
  auto writes = tasks.add_task({}, until_writable, here.get()).value();
  m.settle();
  here.close();
  BOOST_TEST((error_of(reads) == ta::errc::closed));
  BOOST_TEST((error_of(writes) == ta::errc::closed));
  BOOST_TEST(!here);
}

BOOST_AUTO_TEST_CASE(a_number_that_is_used_again_is_another_file) {
  ta::testing::manager m{{.patience = 20s}};
  auto& tasks = m.tasks();
  auto old = make_pipe();
  const int number = old.read.get();
  const ta::descriptor duplicate{::dup(number)}; // epoll keeps the old file by it
  auto waits = tasks.add_task({}, until_readable, number).value();
  m.settle();
  auto other = make_pipe();
  BOOST_REQUIRE(::dup3(other.read.get(), number, O_CLOEXEC) == number); // closes the old one behind our back
  auto of_new = tasks.add_task({}, until_readable, number).value();
  BOOST_TEST((error_of(waits) == ta::errc::closed));
  put(old.write); // the old file is ready, and its event comes under the same number
  BOOST_TEST(!of_new.wait_for(20ms));
  put(other.write);
  of_new.get();
}

/// Events, timers and the like are all of one device and inode.
BOOST_AUTO_TEST_CASE(a_number_that_is_used_again_for_a_file_of_the_same_inode) {
  ta::testing::manager m{{.patience = 20s}};
  auto& tasks = m.tasks();
  const int number = ::eventfd(0, EFD_CLOEXEC);
  BOOST_REQUIRE(number >= 0);
  auto waits = tasks.add_task({}, until_readable, number).value();
  m.settle();
  ::close(number);
  ta::descriptor other{::eventfd(0, EFD_CLOEXEC)};
  BOOST_REQUIRE(other.get() == number);
  auto of_other = tasks.add_task({}, until_readable, number).value();
  BOOST_TEST((error_of(waits) == ta::errc::closed));
  BOOST_TEST(::eventfd_write(number, 1) == 0);
  of_other.get();
}

BOOST_AUTO_TEST_CASE(a_number_that_is_used_again_for_what_cannot_be_awaited) {
  ta::testing::manager m{{.patience = 20s}};
  auto old = make_pipe();
  const int number = old.read.get();
  auto waits = m.tasks().add_task({}, until_readable, number).value();
  m.settle();
  const ta::descriptor file{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  BOOST_REQUIRE(::dup3(file.get(), number, O_CLOEXEC) == number);
  BOOST_TEST(
      (error_of(m.tasks().add_task({}, until_readable, number).value()) == ta::errc::invalid_argument));
  BOOST_TEST((error_of(waits) == ta::errc::closed));
}

/// As a program does that writes elsewhere for a while: the number is what it had been.
BOOST_AUTO_TEST_CASE(a_number_that_is_given_back_is_awaited_as_before) {
  ta::task_manager tasks;
  auto pipe = make_pipe();
  const int number = pipe.read.get();
  const ta::descriptor kept{::dup(number)};
  put(pipe.write);
  tasks.add_task({}, until_readable, number).value().get();
  auto other = make_pipe();
  BOOST_REQUIRE(::dup3(other.read.get(), number, O_CLOEXEC) == number);
  put(other.write);
  tasks.add_task({}, until_readable, number).value().get();
  BOOST_REQUIRE(::dup3(kept.get(), number, O_CLOEXEC) == number);
  take_all(number);
  auto waits = tasks.add_task({}, until_readable, number).value();
  BOOST_TEST(!waits.wait_for(20ms)); // the other one is ready still
  put(pipe.write);
  waits.get();
}

/// Reads, and awaits, while another thread closes: it ends by that, whatever it was about to do.
BOOST_AUTO_TEST_CASE(closing_while_a_task_awaits_again_and_again) {
  ta::task_manager tasks;
  for (int round = 0; round < 300; ++round) {
    auto [here, there] = make_pair();
    const auto reads = [fd = here.get()]() -> ta::task<void> {
      for (;;) {
        take_all(fd);
        co_await ta::readable(fd);
      }
    };
    auto waits = tasks.add_task({.timeout = 20s}, reads).value();
    std::thread writes{[&there = there] {
      for (int i = 0; i < 20; ++i)
        static_cast<void>(::send(there.get(), "x", 1, MSG_NOSIGNAL));
    }};
    if (round % 2 != 0)
      (void)waits.wait_for(std::chrono::microseconds{round});
    here.close();
    const auto why = error_of(waits);
    BOOST_TEST((why == ta::errc::closed || why == ta::errc::invalid_argument));
    writes.join();
  }
}

/// A child that closes what it has inherited takes nothing from its parent.
BOOST_AUTO_TEST_CASE(a_forks_child_that_closes_ends_no_wait_of_its_parent) {
  ta::task_manager tasks;
  auto pipe = make_pipe();
  auto waits = tasks.add_task({}, until_readable, pipe.read.get()).value();
  BOOST_TEST(!waits.wait_for(10ms));
  const auto child = ::fork();
  if (child == 0) {
    pipe.read.close();
    ::_exit(0);
  }
  BOOST_REQUIRE(child > 0);
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
  put(pipe.write);
  waits.get();
}

BOOST_AUTO_TEST_CASE(a_plain_number_that_is_closed_is_waited_for_until_the_end_of_its_task) {
  ta::task_manager tasks;
  auto pipe = make_pipe();
  auto waits = tasks.add_task({.timeout = 2s}, until_readable, pipe.read.get()).value();
  BOOST_TEST(!waits.wait_for(10ms));
  ::close(pipe.read.release());
  BOOST_TEST((waits.wait_outcome().state() == ta::state::timed_out));
}

BOOST_AUTO_TEST_CASE(a_wait_ends_by_cancellation_deadline_scope_and_kill) {
  ta::task_manager tasks{{.cancel_grace = 0ms}};
  auto pipe = make_pipe();
  const int fd = pipe.read.get();
  auto cancelled = tasks.add_task({}, until_readable, fd).value();
  BOOST_TEST(!cancelled.wait_for(5ms));
  cancelled.cancel();
  BOOST_TEST((cancelled.wait_outcome().state() == ta::state::cancelled));

  auto late = tasks.add_task({.timeout = 10ms}, until_readable, fd).value();
  BOOST_TEST((late.wait_outcome().state() == ta::state::timed_out));

  const auto scoped = [](int which) -> ta::task<bool> {
    const bool in_time
        = co_await ta::move_on_after(10ms, [which]() -> ta::task<void> { co_await ta::readable(which); });
    co_await ta::yield();
    co_return in_time;
  };
  BOOST_TEST(!tasks.add_task({}, scoped, fd).value().get());
  put(pipe.write);
  tasks.add_task({}, until_readable, fd).value().get(); // nobody is left in the way
}

BOOST_AUTO_TEST_CASE(a_wait_keeps_its_token) {
  ta::task_manager tasks{{.capacity = 1}};
  auto pipe = make_pipe();
  auto waits = tasks.add_task({}, until_readable, pipe.read.get()).value();
  auto next = tasks.add_task({}, until_writable, pipe.write.get()).value();
  BOOST_TEST(!next.wait_for(20ms));
  put(pipe.write);
  waits.get();
  next.get();
}

BOOST_AUTO_TEST_CASE(virtual_time_stands_still_for_a_descriptor_as_long_as_patience_lasts) {
  ta::testing::manager m{{.patience = 20s}};
  auto pipe = make_pipe();
  auto waits = m.tasks().add_task({.timeout = 1h}, until_readable, pipe.read.get()).value();
  m.settle();
  std::thread writes{[&] { put(pipe.write); }};
  waits.get();
  writes.join();
  BOOST_TEST((m.elapsed() == 0s));

  take_all(pipe.read.get());
  m.set_patience(10ms);
  auto late = m.tasks().add_task({.timeout = 1h}, until_readable, pipe.read.get()).value();
  BOOST_TEST((late.wait_outcome().state() == ta::state::timed_out));
}

BOOST_AUTO_TEST_CASE(bytes_go_both_ways_between_many_pairs_and_none_is_lost) {
  ta::task_manager tasks{{.capacity = 400}};
  constexpr std::size_t pairs = 100;
  constexpr std::size_t bytes = 300'000;
  std::vector<std::array<ta::descriptor, 2>> all;
  std::vector<ta::handle<std::size_t>> counts;
  std::vector<ta::handle<void>> sends;
  for (std::size_t i = 0; i < pairs; ++i) {
    all.push_back(make_pair());
    for (int side = 0; side < 2; ++side) {
      const int fd = all.back()[static_cast<std::size_t>(side)].get();
      counts.push_back(tasks.add_task({}, count_bytes, fd).value());
      sends.push_back(tasks.add_task({}, send_bytes, fd, bytes).value());
    }
  }
  for (auto& each : sends)
    each.get();
  for (auto& pair : all)
    for (auto& side : pair)
      ::shutdown(side.get(), SHUT_WR);
  for (auto& each : counts)
    BOOST_TEST(each.get() == bytes);
}

/// Each wait is cancelled, and what it waits for comes, at about the same time: it ends by one of the two,
/// and the next one is told of what is still there.
BOOST_AUTO_TEST_CASE(a_cancellation_and_an_event_at_once) {
  ta::task_manager tasks;
  for (int round = 0; round < 300; ++round) {
    auto pipe = make_pipe();
    auto waits = tasks.add_task({}, until_readable, pipe.read.get()).value();
    if (round % 3 != 0)
      (void)waits.wait_for(std::chrono::microseconds{round});
    std::thread writes{[&] { put(pipe.write); }};
    waits.cancel();
    const auto end = waits.wait_outcome().state();
    BOOST_TEST((end == ta::state::cancelled || end == ta::state::completed));
    writes.join();
    tasks.add_task({}, until_readable, pipe.read.get()).value().get();
  }
}

BOOST_AUTO_TEST_CASE(an_accept_without_descriptors_left_is_the_callers_own_error_and_awaits_go_on) {
  ta::task_manager tasks;
  auto pipe = make_pipe();
  tasks.add_task({}, until_writable, pipe.write.get()).value().get(); // the loop has what it needs
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 0;
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  put(pipe.write);
  tasks.add_task({}, until_readable, pipe.read.get()).value().get();
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
}

// A system that ends before its manager leaves bodies behind: what they wait for may come, and wakes none.
BOOST_AUTO_TEST_CASE(a_body_that_was_left_behind_is_not_woken) {
  const leaks_ignored what_is_left_behind;
  const auto left = make_pipe();
  const ta::channel<int> items{1};
  std::optional<ta::resumer<int>> resume;
  {
    caf::actor_system_config config;
    ta::detail::configure(config, 1);
    caf::actor_system system{config};
    ta::manager_options quiet;
    quiet.log_level = ta::log_level::off;
    auto& tasks
        = *new ta::task_manager{system, quiet}; // in place of a member that is destroyed after the system
    (void)tasks.add_task({.id = "descriptor"}, until_readable, left.read.get());
    (void)tasks.add_task({.id = "channel"}, [&]() -> ta::task<void> { (void)co_await items.receive(); });
    (void)tasks.add_task({.id = "callback"}, [&]() -> ta::task<void> {
      auto start = [&](ta::resumer<int> made) { resume = std::move(made); };
      (void)co_await ta::callback<int>(std::ref(start));
    });
    tasks.add_task({}, [] {}).value().get(); // on the one thread, behind them: they are parked
  }
  put(left.write);
  BOOST_TEST((*resume)(1));
  BOOST_TEST((items.try_send(1) == ta::send_reply::sent));
  const auto other = make_pipe();
  put(other.write);
  ta::task_manager tasks;
  tasks.add_task({}, until_readable, other.read.get()).value().get(); // the loop has told what came before
}

BOOST_AUTO_TEST_SUITE_END()
