#include "fixture.hpp"

#include <algorithm>
#include <fstream>
#include <thread>
#include <vector>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace process_test;

namespace command_end {

/// Orphans of commands become children of this process.
struct subreaper {
  subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }
};

/// By the kernel's letter: the server collects what `waitid` would tell.
bool comes_to_stop(pid_t pid) {
  for (const auto bound = std::chrono::steady_clock::now() + patience;
       std::chrono::steady_clock::now() < bound; std::this_thread::yield()) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    std::string id, name, state;
    if (file >> id >> name >> state && state == "T")
      return true;
  }
  return false;
}

/// Keeps the serving thread busy until it is let go.
class held_server {
public:
  explicit held_server(server_fixture& fixture) {
    const auto hold = [this](output_stream, std::string_view) {
      held_.set_value();
      go_.get_future().wait();
    };
    listener_ = fixture.start({"echo", "x"}, {.on_line = hold}).second;
    BOOST_REQUIRE(held_.get_future().wait_for(patience) == std::future_status::ready);
  }
  void let_go() {
    go_.set_value();
    listener_->wait_end();
  }

private:
  std::promise<void> held_;
  std::promise<void> go_;
  std::shared_ptr<recorder> listener_;
};

} // namespace command_end

BOOST_FIXTURE_TEST_SUITE(command_end, server_fixture)

BOOST_AUTO_TEST_CASE(a_signal_goes_to_the_whole_group) {
  ready_line ready;
  const auto [key, listener]
      = start({"sh", "-c", "sleep 1000 | cat & echo ready; wait"}, {.on_line = ready.listener()});
  ready.wait();
  server->signal(key, SIGTERM);
  const auto result = listener->wait_exit();
  BOOST_TEST(result.term_signal == SIGTERM);
  BOOST_TEST(result.exit_code == -1);
  BOOST_TEST(result.describe() == "killed by signal 15 (TERM)");
}

BOOST_AUTO_TEST_CASE(a_command_that_ignores_term_is_killed_as_a_group) {
  ready_line ready;
  ready_line heard{"heard"};
  const auto both = [a = ready.listener(), b = heard.listener()](output_stream from, std::string_view line) {
    a(from, line);
    b(from, line);
  };
  const auto [key, listener]
      = start({"sh", "-c", "trap 'echo heard' TERM; echo ready; while :; do sleep 1000 & wait; done"},
              {.on_line = both});
  ready.wait();
  server->signal(key, SIGTERM);
  heard.wait();
  server->signal(key, SIGKILL);
  BOOST_TEST(listener->wait_exit().describe() == "killed by signal 9 (KILL)");
}

BOOST_AUTO_TEST_CASE(a_stopped_command_can_act_on_term) {
  ready_line ready;
  const auto [key, listener] = start({"sh", "-c", "trap 'exit 6' TERM; echo ready; kill -STOP $$; exit 7"},
                                     {.on_line = ready.listener()});
  ready.wait();
  BOOST_REQUIRE(comes_to_stop(listener->wait_started()));
  server->signal(key, SIGTERM);
  BOOST_TEST(listener->wait_exit().exit_code == 6);
}

BOOST_AUTO_TEST_CASE(a_command_that_has_left_its_own_group_is_still_reached) {
  ready_line ready;
  const std::string script
      = "import os, time; os.setpgid(0, os.getpgid(os.getppid())); print('ready', flush=True); "
        "time.sleep(1000)";
  const auto [key, listener] = start({"python3", "-c", script}, {.on_line = ready.listener()});
  ready.wait();
  server->signal(key, SIGTERM);
  BOOST_TEST(listener->wait_exit().term_signal == SIGTERM);
}

BOOST_AUTO_TEST_CASE(a_command_that_is_killed_from_outside_is_told_as_such) {
  const auto listener = start({"sleep", "1000"}).second;
  ::kill(listener->wait_started(), SIGKILL);
  BOOST_TEST(listener->wait_exit().term_signal == SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_child_of_a_command_that_is_killed_is_the_commands_business) {
  BOOST_TEST(run_shell("sleep 1000 & kill -9 $!; wait $!; echo $?").out == "137\n");
}

BOOST_AUTO_TEST_CASE(a_core_dump_is_told_where_there_is_one) {
  const auto result = run_shell("ulimit -c 0; kill -SEGV $$");
  BOOST_TEST(result.term_signal == SIGSEGV);
  BOOST_TEST(!result.core_dumped);
}

BOOST_AUTO_TEST_CASE(what_is_left_of_a_group_is_killed_when_its_leader_ends) {
  const auto result = run_shell("sleep 1000 & echo $!");
  BOOST_TEST(result.success());
  BOOST_TEST(end_witness{std::stoi(result.out)}.sees_end());
}

BOOST_AUTO_TEST_CASE(orphans_that_become_ours_are_reaped) {
  const subreaper here;
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(run_shell("sleep 1000 & (sleep 1000 | sleep 1000) & echo x").out == "x\n");
}

BOOST_AUTO_TEST_CASE(an_escapee_that_keeps_the_outputs_open_is_not_waited_for) {
  std::promise<pid_t> escaped;
  const auto note
      = [&](output_stream, std::string_view line) { escaped.set_value(std::stoi(std::string{line})); };
  const auto listener
      = start({"sh", "-c", "setsid sh -c 'echo $$; exec sleep 1000' & wait"}, {.on_line = note}).second;
  const auto escapee = escaped.get_future().get();
  ::kill(listener->wait_started(), SIGKILL);
  BOOST_TEST(listener->wait_exit().term_signal == SIGKILL);
  end_witness watched{escapee};
  BOOST_TEST(::kill(escapee, SIGKILL) == 0); // it was there
  BOOST_TEST(watched.sees_end());
}

BOOST_AUTO_TEST_CASE(what_was_written_before_the_end_is_not_lost) {
  std::vector<std::shared_ptr<recorder>> listeners;
  for (int i = 0; i < 40; ++i)
    listeners.push_back(start({"head", "-c", "60000", "/dev/zero"}).second);
  for (const auto& listener : listeners)
    BOOST_TEST(listener->wait_exit().out.size() == 60000U);
}

BOOST_AUTO_TEST_CASE(kill_and_term_before_the_start_abandon_it) {
  for (const int signal : {SIGKILL, SIGTERM}) {
    held_server held{*this};
    const auto [key, listener] = start({"sleep", "1000"});
    server->signal(key, signal);
    held.let_go();
    BOOST_TEST((listener->wait_failure().code == errc::stopping));
    BOOST_TEST(!listener->was_started());
  }
}

BOOST_AUTO_TEST_CASE(other_signals_before_the_start_and_all_after_the_end_mean_nothing) {
  held_server held{*this};
  const auto [key, listener] = start({"true"});
  server->signal(key, SIGUSR1);
  held.let_go();
  BOOST_TEST(listener->wait_exit().success());
  server->signal(key, SIGKILL);
  server->signal(12345, SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_signal_during_the_start_is_not_lost) {
  for (int i = 0; i < 100; ++i) {
    const auto [key, listener] = start({"sleep", "1000"});
    server->signal(key, SIGKILL);
    listener->wait_end();
    BOOST_TEST(listener->finals() == 1);
  }
}

BOOST_AUTO_TEST_CASE(hundreds_of_commands_run_at_once) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  std::vector<std::pair<std::uint64_t, std::shared_ptr<recorder>>> all;
  for (int i = 0; i < 300; ++i)
    all.push_back(start({"cat", "-", "/dev/zero"}, {.stdin_data = std::to_string(i), .capture_limit = 3}));
  for (const auto& [key, listener] : all)
    listener->wait_started();
  BOOST_TEST(server->statistics().running == 300U);
  for (const auto& [key, listener] : all)
    server->signal(key, SIGINT);
  for (const auto& [key, listener] : all)
    BOOST_TEST(listener->wait_exit().term_signal == SIGINT);
}

BOOST_AUTO_TEST_CASE(statistics_tell_what_there_was_and_is) {
  run({"true"});
  fail({"no-such-program"});
  const auto [key, listener] = start({"sleep", "1000"});
  listener->wait_started();
  const auto now = server->statistics();
  BOOST_TEST(now.queued == 0U);
  BOOST_TEST(now.running == 1U);
  BOOST_TEST(now.started == 2U);
  BOOST_TEST(now.ended == 1U);
  BOOST_TEST(now.start_failures == 1U);
}

BOOST_AUTO_TEST_CASE(a_stop_kills_what_runs_and_refuses_what_waits) {
  held_server held{*this};
  std::vector<std::shared_ptr<recorder>> waiting;
  for (int i = 0; i < 20; ++i)
    waiting.push_back(start({"sleep", "1000"}).second);
  auto stopped = std::async(std::launch::async, [this] { server->stop(); });
  while (start({"true"}).second->finals() == 0) { // answered at once as soon as it is stopping
  }
  held.let_go();
  stopped.get();
  for (const auto& listener : waiting)
    BOOST_TEST((listener->wait_failure().code == errc::stopping));
}

BOOST_AUTO_TEST_CASE(a_stop_ends_commands_that_ignore_term_and_makes_their_final_calls) {
  ready_line ready;
  const auto listener
      = start({"sh", "-c", "trap '' TERM; sleep 1000 & echo ready; wait"}, {.on_line = ready.listener()})
            .second;
  ready.wait();
  server->stop();
  BOOST_TEST(listener->finals() == 1);
  BOOST_TEST(listener->wait_exit().term_signal == SIGKILL);
  server->stop();
  BOOST_TEST((fail({"true"}).code == errc::stopping));
}

BOOST_AUTO_TEST_CASE(a_server_that_never_ran_anything_stops_at_once) { server->stop(); }

BOOST_AUTO_TEST_CASE(a_stop_on_the_serving_thread_does_not_wait_for_itself) {
  const auto stop = [this](output_stream, std::string_view) { server->stop(); };
  const auto listener = start({"sh", "-c", "echo x; sleep 1000"}, {.on_line = stop}).second;
  BOOST_TEST(listener->wait_exit().term_signal == SIGKILL);
}

BOOST_AUTO_TEST_CASE(an_exit_status_that_someone_else_has_taken_is_unknown) {
  const ignored_signal here{SIGCHLD}; // the kernel reaps by itself, often before we see the process at all
  for (int i = 0; i < 20; ++i) {
    const auto result = run({"echo", "x"});
    BOOST_TEST(result.out == "x\n");
    BOOST_TEST(result.exit_code == -1);
    BOOST_TEST(result.term_signal == 0);
    BOOST_TEST(!result.success());
    BOOST_TEST(result.describe() == "exit status unknown");
    BOOST_TEST((fail({"no-such-program"}).code == errc::command_not_found));
  }
}

BOOST_AUTO_TEST_SUITE_END()
