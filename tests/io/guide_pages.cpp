// What the page "Sockets, signals, Asio, libcurl and callbacks" shows.
#include "io/desk.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

using namespace test;

namespace guide_pages {

/// A library with callbacks, as they are: answers on whatever thread runs it.
class mail_client {
public:
  using handler = std::function<void(bool ok, std::string text)>;

  int fetch(const std::string&, handler then) {
    open_.emplace(++last_, std::move(then));
    return last_;
  }
  void cancel(int id) { answer(id, false, "aborted"); }
  void answer(int id, bool ok, std::string text) {
    auto then = open_.extract(id);
    if (then)
      then.mapped()(ok, std::move(text));
  }
  int last() const { return last_; }

private:
  std::map<int, handler> open_;
  int last_ = 0;
};

ta::task<std::string> fetch(mail_client& client, std::string id) {
  const auto start = [&](ta::resumer<std::string> resume) {
    const int call = client.fetch(id, [resume](bool ok, std::string text) {
      if (ok)
        resume(std::move(text));
      else
        resume(std::make_exception_ptr(std::runtime_error{text}));
    });
    return [&client, call] { client.cancel(call); };
  };
  co_return co_await ta::callback<std::string>(start);
}

ta::task<std::string> read_all(ta::descriptor from) {
  std::string all;
  std::array<char, 4096> piece{};
  for (;;) {
    const auto got = ::read(from.get(), piece.data(), piece.size());
    if (got > 0)
      all.append(piece.data(), static_cast<std::size_t>(got));
    else if (got == 0)
      co_return all;
    else if (errno == EAGAIN)
      co_await ta::readable(from);
    else
      throw std::system_error{errno, std::generic_category(), "read"};
  }
}

int run_until_told(ta::task_manager& tasks) {
  const ta::signals ends{SIGINT, SIGTERM};
  const auto wait = [&ends]() -> ta::task<int> { co_return co_await ends.next(); };
  const int told = tasks.add_task({.id = "signals", .timeout = ta::no_timeout}, wait).value().get();
  tasks.shutdown({.drain = 2s, .cancel = 5s});
  return told;
}

} // namespace guide_pages

BOOST_AUTO_TEST_SUITE(guide_pages)

BOOST_AUTO_TEST_CASE(a_library_with_callbacks) {
  virtual_time world;
  mail_client client;
  auto h = world.tasks.add_task({}, [&] { return fetch(client, "1"); }).value();
  world.settle();
  client.answer(client.last(), true, "hello");
  BOOST_TEST(h.get() == "hello");
  auto late = world.tasks.add_task({.timeout = 5s}, [&] { return fetch(client, "2"); }).value();
  late.wait();
  BOOST_CHECK(late.state() == ta::state::timed_out);
  world.settle();
  BOOST_TEST(world.tasks.statistics().overrunning == 0u); // its own answer to `cancel` has ended it
}

BOOST_AUTO_TEST_CASE(a_pipe_is_read_to_its_end) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  ta::descriptor into{ends[1]};
  ta::task_manager tasks;
  const auto all = tasks.add_task({}, read_all, ta::descriptor{ends[0]}).value();
  for (const std::string word : {"one ", "two ", "three"}) {
    BOOST_TEST(!all.wait_for(2ms));
    BOOST_TEST(::write(into.get(), word.data(), word.size()) == static_cast<ssize_t>(word.size()));
  }
  into.close();
  BOOST_TEST(all.get() == "one two three");
}

BOOST_AUTO_TEST_CASE(a_program_that_runs_until_it_is_told) {
  ta::task_manager tasks;
  const ta::signals first{SIGTERM}; // whatever is slow, the signal ends nothing
  std::thread tells{[&] {
    for (auto found = tasks.find("signals"); !found || found->state != ta::state::running;
         found = tasks.find("signals"))
      std::this_thread::yield();
    ::kill(::getpid(), SIGTERM);
  }};
  BOOST_TEST(run_until_told(tasks) == SIGTERM);
  tells.join();
}

BOOST_AUTO_TEST_SUITE_END()
