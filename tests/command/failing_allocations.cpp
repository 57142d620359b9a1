// No memory, at each place of the thread that serves commands: each command ends once, and none is lost.
#include "fixture.hpp"
#include "support/failing_new.hpp"

#include <atomic>

using namespace process_test;

namespace failing_allocations_of_commands {

/// From its command's start on, the n-th allocation of the thread that serves it fails.
class starter_of_failures final : public command_listener {
public:
  explicit starter_of_failures(long n) : n_(n) {}
  void on_started(pid_t) noexcept override {
    test::fails_in = n_;
    begun.set_value();
  }
  void on_start_failed(errc, std::string) noexcept override {}
  void on_exit(command_result) noexcept override {
    failed = test::fails_in == 0;
    test::fails_in = 0;
    ended.set_value();
  }
  std::promise<void> begun, ended;
  std::atomic<bool> failed = false;

private:
  const long n_;
};

} // namespace failing_allocations_of_commands

using namespace failing_allocations_of_commands;

BOOST_FIXTURE_TEST_SUITE(failing_allocations, server_fixture)

BOOST_AUTO_TEST_CASE(each_command_ends_once_and_is_started_when_there_is_memory_again) {
  run({"true"}); // the watchdog is there
  bool failed = true;
  long n = 1;
  for (; failed && n < 200; ++n) {
    BOOST_TEST_CONTEXT("allocation " << n) {
      const auto holder = std::make_shared<starter_of_failures>(n);
      const auto key = server->start({{"sleep", "1000"}, {}}, holder);
      BOOST_REQUIRE(holder->begun.get_future().wait_for(patience) == std::future_status::ready);
      const auto works = start({"echo", "hello"}).second;
      const auto refused = start({"not/there"}).second;
      works->wait_end();
      refused->wait_end();
      const auto result = works->wait_exit();
      BOOST_TEST((result.out == "hello\n" || result.handler_error)); // what is lost of its output is told
      BOOST_TEST((refused->wait_failure().code == errc::command_not_found));
      server->signal(key, SIGKILL);
      BOOST_REQUIRE(holder->ended.get_future().wait_for(patience) == std::future_status::ready);
      BOOST_TEST(works->finals() == 1);
      BOOST_TEST(refused->finals() == 1);
      failed = holder->failed;
    }
  }
  BOOST_TEST(n > 4); // there were some
  BOOST_TEST(!failed);
}

BOOST_AUTO_TEST_SUITE_END()
