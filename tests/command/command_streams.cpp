#include "fixture.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include <sys/resource.h>

using namespace process_test;

namespace command_streams {

std::chrono::nanoseconds own_processor_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return std::chrono::seconds{usage.ru_utime.tv_sec + usage.ru_stime.tv_sec}
         + std::chrono::microseconds{usage.ru_utime.tv_usec + usage.ru_stime.tv_usec};
}

} // namespace command_streams

BOOST_FIXTURE_TEST_SUITE(command_streams, server_fixture)

BOOST_AUTO_TEST_CASE(both_streams_are_kept_apart) {
  const auto result = run_shell("echo out; echo err >&2; exit 3");
  BOOST_TEST(result.out == "out\n");
  BOOST_TEST(result.err == "err\n");
  BOOST_TEST(result.exit_code == 3);
  BOOST_TEST(!result.success());
  BOOST_TEST(result.describe() == "exit code 3");
}

BOOST_AUTO_TEST_CASE(merged_streams_keep_the_order_of_writing) {
  const auto result = run_shell("echo 1; echo 2 >&2; echo 3", {.merge_stderr = true});
  BOOST_TEST(result.out == "1\n2\n3\n");
  BOOST_TEST(result.err == "");
}

BOOST_AUTO_TEST_CASE(a_command_can_open_its_streams_by_name) {
  BOOST_TEST(run_shell("echo a > /dev/stdout; echo b > /dev/stderr; cat /dev/stdin", {.stdin_data = "c"}).out
             == "a\nc");
}

BOOST_AUTO_TEST_CASE(without_input_a_command_reads_the_end_at_once) {
  BOOST_TEST(run({"cat"}).out == "");
  BOOST_TEST(run({"readlink", "/proc/self/fd/0"}).out == "/dev/null\n");
}

BOOST_AUTO_TEST_CASE(input_of_many_pipes_full_goes_through_a_command) {
  std::string data(std::size_t{3} << 20, 'x');
  for (std::size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<char>(i * 31 >> 4); // zero bytes too
  const auto result = run({"cat"}, {.stdin_data = data, .capture_limit = data.size()});
  BOOST_TEST((result.out == data));
  BOOST_TEST(!result.out_truncated);
}

BOOST_AUTO_TEST_CASE(a_command_need_not_read_its_input) {
  const std::string data(std::size_t{1} << 20, 'x');
  BOOST_TEST(run({"true"}, {.stdin_data = data}).success());
  BOOST_TEST(run_shell("exec <&-; echo on", {.stdin_data = data}).out == "on\n");
  BOOST_TEST(run({"head", "-c", "3"}, {.stdin_data = data}).out == "xxx");
}

BOOST_AUTO_TEST_CASE(more_output_than_the_limit_is_read_and_dropped) {
  const auto result = run({"head", "-c", "100000000", "/dev/zero"}, {.capture_limit = 1000});
  BOOST_TEST(result.success());
  BOOST_TEST(result.out.size() == 1000U);
  BOOST_TEST(result.out_truncated);
  BOOST_TEST(!result.err_truncated);
}

BOOST_AUTO_TEST_CASE(lines_of_both_streams_are_handed_out_instead_of_kept) {
  std::vector<std::string> lines;
  const auto keep = [&](output_stream from, std::string_view line) {
    lines.push_back((from == output_stream::out ? "out " : "err ") + std::string{line});
  };
  const auto result = run_shell("printf 'one\\ntwo\\n\\nrest'; echo wrong >&2", {.on_line = keep});
  BOOST_TEST(result.out == "");
  BOOST_TEST(result.err == "");
  std::stable_partition(lines.begin(), lines.end(), [](const auto& line) { return line[0] == 'o'; });
  BOOST_TEST((lines == std::vector<std::string>{"out one", "out two", "out ", "out rest", "err wrong"}));
}

BOOST_AUTO_TEST_CASE(output_is_handed_out_as_it_comes_instead_of_kept) {
  std::string out, err;
  std::promise<void> both;
  const auto keep = [&](output_stream from, std::string_view bytes) {
    (from == output_stream::out ? out : err).append(bytes);
    if (out == "no newline" && err == "nor here")
      both.set_value();
  };
  const auto [key, listener] = start(
      {"sh", "-c", "printf 'no newline'; printf 'nor here' >&2; exec sleep 1000"}, {.on_output = keep});
  BOOST_REQUIRE(both.get_future().wait_for(patience) == std::future_status::ready); // and it still runs
  server->signal(key, SIGTERM);
  const auto result = listener->wait_exit();
  BOOST_TEST(result.out + result.err == "");
  std::size_t size = 0;
  const auto count = [&](output_stream, std::string_view bytes) { size += bytes.size(); };
  BOOST_TEST(run({"head", "-c", "3000000", "/dev/zero"}, {.capture_limit = 0, .on_output = count}).success());
  BOOST_TEST(size == 3'000'000U);
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_harms_neither_its_command_nor_others) {
  const auto throws = [](output_stream, std::string_view) { throw std::runtime_error{"no more"}; };
  for (const bool by_line : {false, true}) {
    command_options options;
    (by_line ? options.on_line : options.on_output) = throws;
    const auto result = run_shell("yes | head -n 100000; exit 4", options);
    BOOST_TEST(result.exit_code == 4);
    BOOST_REQUIRE(result.handler_error);
    BOOST_CHECK_THROW(std::rethrow_exception(result.handler_error), std::runtime_error);
  }
  BOOST_TEST(run({"true"}).success());
}

BOOST_AUTO_TEST_CASE(a_listener_hears_of_the_start_before_it_gets_a_line) {
  const auto listener = std::make_shared<recorder>();
  std::atomic<bool> in_order{false};
  server->start({{"echo", "x"},
                 {.on_line = [&](output_stream, std::string_view) { in_order = listener->was_started(); }}},
                listener);
  listener->wait_exit();
  BOOST_TEST(in_order.load());
}

BOOST_AUTO_TEST_CASE(a_command_that_closes_its_outputs_runs_on_and_costs_nothing) {
  bool cost_nothing = false;
  for (int i = 0; i < 5 && !cost_nothing; ++i) { // a machine that stands still may count that as time taken
    const auto before = own_processor_time();
    const auto result = run_shell("exec >&- 2>&-; sleep 0.3; exit 5");
    BOOST_TEST(result.exit_code == 5);
    BOOST_TEST((result.duration() >= 300ms));
    cost_nothing = 2 * (own_processor_time() - before) < result.duration();
  }
  BOOST_TEST(cost_nothing);
}

BOOST_AUTO_TEST_CASE(a_loud_command_does_not_keep_others_from_being_served) {
  const auto [key, loud] = start({"yes"}, {.capture_limit = 0});
  loud->wait_started();
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(run({"echo", "x"}).out == "x\n");
  server->signal(key, SIGTERM);
  BOOST_TEST(loud->wait_exit().term_signal == SIGTERM);
}

BOOST_AUTO_TEST_CASE(what_a_command_has_used_is_told) {
  const auto result = run_shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done");
  BOOST_TEST((result.user_time > 0ns));
  BOOST_TEST((result.user_time + result.system_time < result.duration() + 50ms));
  BOOST_TEST(result.max_rss > 100'000U);
  BOOST_TEST(result.pid > 0);
}

BOOST_AUTO_TEST_SUITE_END()
