// The end of the library's own log: nobody who logs waits for its reader.
#include "base/unique_fd.hpp"
#include "events/stderr_sink.hpp"

#include <spdlog/spdlog.h>

#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace stderr_sinks {

using namespace taskactor::detail;

/// A log that goes into a pipe.
struct piped_log {
  piped_log() { logger.set_pattern("%v"); }

  /// The pipe takes no more.
  std::size_t fill() {
    BOOST_REQUIRE(::fcntl(pipe.write.get(), F_SETFL, O_NONBLOCK) == 0);
    std::size_t filled = 0;
    const std::string block(1 << 16, 'x');
    for (ssize_t size = 0; (size = ::write(pipe.write.get(), block.data(), block.size())) > 0;)
      filled += static_cast<std::size_t>(size);
    BOOST_REQUIRE(::fcntl(pipe.write.get(), F_SETFL, 0) == 0);
    return filled;
  }
  std::string read(std::size_t size) {
    std::string result(size, '\0');
    for (std::size_t done = 0; done < size;) {
      const auto got = ::read(pipe.read.get(), result.data() + done, size - done);
      BOOST_REQUIRE(got > 0);
      done += static_cast<std::size_t>(got);
    }
    return result;
  }
  std::string read_line() {
    std::string result;
    while (!result.ends_with('\n'))
      result += read(1);
    return result;
  }

  pipe_ends pipe = make_pipe();
  spdlog::logger logger{"test", std::make_shared<stderr_sink>(pipe.write.get())};
};

} // namespace stderr_sinks

BOOST_FIXTURE_TEST_SUITE(stderr_sinks, piped_log)

BOOST_AUTO_TEST_CASE(a_line_is_there_when_it_is_logged) {
  BOOST_REQUIRE(::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) == 0);
  logger.info("one");
  BOOST_TEST(read(4) == "one\n");
  const std::string longer(20'000, 'y');
  logger.info("{}", longer);
  BOOST_TEST(read(20'001) == longer + "\n");
}

BOOST_AUTO_TEST_CASE(without_a_reader_nobody_waits_and_the_lines_come_in_their_order) {
  const auto filled = fill();
  for (int i = 0; i < 1000; ++i)
    logger.info("line {}", i);
  read(filled);
  for (int i = 0; i < 1000; ++i)
    BOOST_REQUIRE(read_line() == "line " + std::to_string(i) + "\n");
  logger.info("after");
  BOOST_TEST(read_line() == "after\n");
}

BOOST_AUTO_TEST_CASE(what_is_too_much_is_counted_and_told) {
  const auto filled = fill();
  const std::string line((1 << 16) - 1, 'z');
  for (int i = 0; i < 40; ++i)
    logger.info("{}", line);
  read(filled);
  const std::string notice = "lines of the log that are lost, since nobody read standard error: ";
  int whole = 0;
  int lost = 0; // told more than once, if the thread that writes began late
  while (whole + lost < 40) {
    const auto next = read_line();
    if (next == line + "\n") {
      ++whole;
      continue;
    }
    BOOST_REQUIRE(next.starts_with(notice));
    const auto more = std::stoi(next.substr(notice.size()));
    BOOST_REQUIRE(more > 0);
    lost += more;
  }
  BOOST_TEST(whole >= 16);
  BOOST_TEST(whole < 40);
  BOOST_TEST(whole + lost == 40);
}

BOOST_AUTO_TEST_CASE(many_threads_log_whole_lines) {
  std::thread reader{[this] {
    for (int i = 0; i < 4000; ++i)
      BOOST_REQUIRE(read_line() == std::string(99, 'a') + "\n");
  }};
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([this] {
      for (int line = 0; line < 1000; ++line)
        logger.info("{}", std::string(99, 'a'));
    });
  for (auto& each : writers)
    each.join();
  reader.join();
}

BOOST_AUTO_TEST_SUITE_END()
