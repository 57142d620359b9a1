// What a call prints and logs in its worker: in the parent's log with the task's id, or captured.
#include <boost/test/unit_test.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace worker_words {

int talk(const std::string& text, int result) {
  std::cout << text;
  std::cerr << "aside\n";
  return result;
}
void whisper(const std::string& text) { std::fputs(text.c_str(), stdout); }
int quiet(int n) { return n; }
int talk_and_die(const std::string& text) {
  std::cout << text << '\n';
  ::_exit(3);
}
void talk_and_throw(const std::string& text) {
  std::cout << text;
  throw std::runtime_error{"no"};
}
ta::task<void> talk_and_wait(std::string text) {
  std::cout << text << std::endl;
  ta::this_task::report_progress(1, 2, {});
  for (;;)
    co_await ta::sleep_for(1h);
}
int by_a_shell() { return std::system("printf 'from a child\n'"); } // NOLINT
void log_something() {
  spdlog::warn("mind the gap");
  spdlog::debug("not at this level");
  std::make_shared<spdlog::logger>("mine", spdlog::default_logger()->sinks().front())->error("of my own");
}
TASKACTOR_REGISTER(talk);
TASKACTOR_REGISTER(whisper);
TASKACTOR_REGISTER(quiet);
TASKACTOR_REGISTER(talk_and_die);
TASKACTOR_REGISTER(talk_and_throw);
TASKACTOR_REGISTER(talk_and_wait);
TASKACTOR_REGISTER(by_a_shell);
TASKACTOR_REGISTER(log_something);

/// Keeps what is logged, from whatever thread: "LEVEL TEXT".
class kept_log final : public spdlog::sinks::base_sink<std::mutex> {
public:
  std::string text() {
    const std::lock_guard lock{mutex_};
    return text_;
  }

private:
  void sink_it_(const spdlog::details::log_msg& record) override {
    const auto level = spdlog::level::to_string_view(record.level);
    text_.append("\n").append(level.data(), level.size());
    text_.append(" ").append(record.payload.data(), record.payload.size());
  }
  void flush_() override {}

  std::string text_;
};

struct logged_test {
  std::shared_ptr<kept_log> kept = std::make_shared<kept_log>();
  std::shared_ptr<spdlog::logger> logger = std::make_shared<spdlog::logger>("test", kept);
  bool logged(const std::string& line) const {
    return (kept->text() + "\n").find("\n" + line + "\n") != std::string::npos;
  }
};

} // namespace worker_words

BOOST_FIXTURE_TEST_SUITE(worker_words, logged_test)

BOOST_AUTO_TEST_CASE(lines_are_logged_with_the_task_s_id_before_it_has_ended) {
  ta::task_manager tasks{{.process_capacity = 1, .logger = logger}};
  for (int i = 0; i < 50; ++i) { // each time another task, and the same worker
    const auto id = "t" + std::to_string(i);
    BOOST_TEST(tasks.run_in_process({.id = id}, talk, "one\nno end", i).value().get() == i);
    BOOST_TEST(logged("info " + id + ": one"), kept->text());
    BOOST_TEST(logged("info " + id + ": no end"));
    BOOST_TEST(logged("info " + id + ": aside"));
  }
  BOOST_TEST(tasks.statistics().workers.started == 1u);
}

BOOST_AUTO_TEST_CASE(calls_that_print_are_not_sent_ahead_and_keep_their_lines) {
  ta::task_manager tasks{{.process_capacity = 1, .logger = logger}};
  std::vector<ta::handle<void>> all;
  for (int i = 0; i < 200; ++i)
    all.push_back(
        tasks.run_in_process({.id = "t" + std::to_string(i)}, whisper, "I am " + std::to_string(i)).value());
  for (int i = 0; i < 200; ++i) {
    all[static_cast<std::size_t>(i)].get();
    const auto number = std::to_string(i);
    BOOST_TEST(logged("info t" + number + ": I am " + number));
  }
  BOOST_TEST(tasks.statistics().workers.prefetched == 0u);
}

BOOST_AUTO_TEST_CASE(captured_output_comes_with_the_result_whole_and_is_not_logged) {
  ta::task_manager tasks{{.process_capacity = 1, .logger = logger}};
  for (int i = 0; i < 50; ++i) {
    const auto got = tasks.run_in_process({}, ta::capture_output(talk), "one\nno end", i).value().get();
    BOOST_TEST(got.value == i);
    BOOST_TEST(got.output.out == "one\nno end");
    BOOST_TEST(got.output.err == "aside\n");
  }
  const auto nothing = tasks.run_in_process({}, ta::capture_output(whisper), "").value().get();
  BOOST_TEST(nothing.output.out.empty());
  const auto child = tasks.run_in_process({}, ta::capture_output(by_a_shell)).value().get();
  BOOST_TEST(child.output.out == "from a child\n");
  BOOST_TEST(kept->text().find("one") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(more_output_than_a_pipe_holds_is_captured) {
  ta::task_manager tasks{{.process_capacity = 1, .logger = logger}};
  const std::string much(900'000, 'x');
  BOOST_CHECK(tasks.run_in_process({}, ta::capture_output(talk), much, 1).value().get().output.out == much);
  const std::string more(3'000'000, 'x');
  const auto cut = tasks.run_in_process({}, ta::capture_output(talk), more, 1).value().get();
  BOOST_TEST(cut.output.truncated);
  BOOST_TEST(cut.output.out.size() == 1U << 20);
}

BOOST_AUTO_TEST_CASE(who_dies_or_throws_has_its_output_in_the_error) {
  ta::task_manager tasks{{.process_capacity = 1, .logger = logger}};
  try {
    tasks.run_in_process({}, ta::capture_output(talk_and_die), "farewell").value().get();
    BOOST_ERROR("it lives");
  } catch (const ta::worker_lost& lost) {
    BOOST_TEST(lost.output().out == "farewell\n");
    BOOST_TEST(lost.exit_code() == 3);
  }
  try {
    tasks.run_in_process({}, ta::capture_output(talk_and_throw), "farewell").value().get();
    BOOST_ERROR("it returns");
  } catch (const ta::remote_error& thrown) {
    BOOST_TEST(thrown.output().out == "farewell");
  }
  try {
    tasks.run_in_process({}, talk_and_throw, "farewell").value().get();
  } catch (const ta::remote_error& thrown) {
    BOOST_TEST(thrown.output().out.empty()); // it wasn't captured
  }
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_s_output_is_in_what_its_body_catches) {
  ta::task_manager tasks{{.process_capacity = 1, .logger = logger}};
  std::string seen;
  auto body = [&]() -> ta::task<void> {
    try {
      co_await ta::run_in_process(ta::capture_output(talk_and_wait), "so far");
    } catch (const ta::cancelled_call& ended) {
      seen = ended.output.out;
      throw;
    }
  };
  auto h = tasks.add_task({.id = "x"}, body).value();
  while (tasks.find("x")->progress.done == 0)
    std::this_thread::yield();
  BOOST_CHECK(tasks.cancel_and_wait("x") == ta::cancel_reply::requested);
  BOOST_CHECK(h.wait_outcome().state() == ta::state::cancelled);
  BOOST_TEST(seen == "so far\n");
}

BOOST_AUTO_TEST_CASE(records_of_the_default_logger_arrive_at_their_levels) {
  ta::task_manager tasks{{.process_capacity = 1, .logger = logger}};
  tasks.run_in_process({.id = "x"}, log_something).value().get();
  BOOST_TEST(logged("warning x: mind the gap"), kept->text());
  BOOST_TEST(logged("error x: mine: of my own"));
  BOOST_TEST(kept->text().find("not at this level") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
