// Bytes and lines of a pipe.
#include <taskactor/taskactor.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdlib>
#include <future>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(streams)

namespace {

struct pipe_of_two {
  pipe_of_two() {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    read = ta::descriptor{ends[0]};
    write = ta::descriptor{ends[1]};
  }
  void say(const std::string& text) const {
    BOOST_REQUIRE(::write(write.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  ta::descriptor read, write;
};

template <class F>
auto run(F body) {
  ta::task_manager tasks;
  return tasks.add_task({.timeout = ta::no_timeout}, std::move(body)).value().get();
}

ta::task<std::vector<std::string>> all_lines(const ta::descriptor& from, std::size_t limit) {
  ta::line_reader lines{from, limit};
  std::vector<std::string> result;
  while (auto line = co_await lines.next())
    result.push_back(std::move(*line));
  co_return result;
}

} // namespace

BOOST_AUTO_TEST_CASE(lines_come_whole_and_long_ones_in_pieces) {
  pipe_of_two pipe;
  pipe.say("one\n\n12345\n123456\n1234567890123\nrest");
  pipe.write.close();
  const auto lines = run([&] { return all_lines(pipe.read, 5); });
  const std::vector<std::string> expected{"one", "", "12345", "12345", "6", "12345", "67890", "123", "rest"};
  BOOST_TEST(lines == expected, boost::test_tools::per_element());
  BOOST_CHECK_THROW(ta::line_reader(pipe.read, 0), ta::error);
}

/// Every way to cut the same bytes into two.
BOOST_AUTO_TEST_CASE(lines_do_not_depend_on_the_pieces_they_come_in) {
  const std::string text = "a\nbc\n\ndefgh\nij";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    pipe_of_two pipe;
    ta::line_reader lines{pipe.read};
    std::vector<std::string> got;
    pipe.say(text.substr(0, cut));
    const auto body = [&]() -> ta::task<void> {
      for (;;) {
        const auto line = co_await ta::move_on_after(cut < text.size() ? 1ms : 1h, lines.next());
        if (!line) { // given up in the midst of a line: nothing is lost
          pipe.say(text.substr(cut));
          cut = text.size();
          pipe.write.close();
        } else if (*line) {
          got.push_back(**line);
        } else {
          break;
        }
      }
    };
    const auto at = cut;
    if (cut == text.size())
      pipe.write.close();
    run(body);
    cut = at;
    const std::vector<std::string> expected{"a", "bc", "", "defgh", "ij"};
    BOOST_TEST(got == expected, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(pieces_begin_with_what_was_read_ahead) {
  pipe_of_two pipe;
  pipe.say("line\nmore");
  ta::line_reader lines{pipe.read};
  const auto body = [&]() -> ta::task<std::string> {
    const auto line = co_await lines.next();
    const auto rest = co_await lines.read_some();
    pipe.say("new");
    const auto fresh = co_await lines.read_some();
    pipe.write.close();
    const auto end = co_await lines.read_some();
    const auto none = co_await lines.next();
    co_return line.value_or("nothing") + '|' + rest + '|' + fresh + '|' + end + (none ? "?" : "");
  };
  BOOST_TEST(run(body) == "line|more|new|");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_written_as_it_is_read) {
  pipe_of_two pipe;
  const std::string big(1'000'000, 'x');
  ta::task_manager tasks;
  const auto write = [&]() -> ta::task<void> {
    co_await ta::write_all(pipe.write, big);
    pipe.write.close();
  };
  const auto read = [&]() -> ta::task<std::size_t> {
    std::size_t count = 0;
    for (;;) {
      const auto piece = co_await ta::read_some(pipe.read, 1000);
      if (piece.empty())
        co_return count;
      count += piece.size();
    }
  };
  auto writer = tasks.add_task({}, write).value();
  BOOST_TEST(tasks.add_task({}, read).value().get() == big.size());
  writer.get();
}

/// The end of a terminal whose other end has been closed: EIO, once what was written is read.
BOOST_AUTO_TEST_CASE(an_error_leaves_what_was_read_before_as_it_is) {
  const ta::descriptor master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
  BOOST_REQUIRE(master);
  BOOST_REQUIRE(::grantpt(master.get()) == 0);
  BOOST_REQUIRE(::unlockpt(master.get()) == 0);
  ta::descriptor other{::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC)}; // NOLINT: one thread
  BOOST_REQUIRE(::write(other.get(), "rest", 4) == 4);
  other.close();
  const auto body = [&]() -> ta::task<std::string> {
    ta::line_reader lines{master};
    for (int errors = 0; errors < 2;) {
      try {
        const auto line = co_await lines.next();
        co_return "a line: " + line.value_or("none");
      } catch (const std::system_error& why) {
        if (why.code() != std::errc::io_error)
          throw;
        ++errors;
      }
    }
    co_return co_await lines.read_some();
  };
  BOOST_TEST(run(body) == "rest");
}

BOOST_AUTO_TEST_CASE(a_reader_that_has_gone_is_an_error_and_no_signal) {
  pipe_of_two pipe;
  pipe.read.close();
  const auto body = [&]() -> ta::task<void> { co_await ta::write_all(pipe.write, "x"); };
  BOOST_CHECK_EXCEPTION(run(body), std::system_error,
                        [](const auto& why) { return why.code() == std::errc::broken_pipe; });
  const auto closed = [&]() -> ta::task<void> { (void)co_await ta::read_some(pipe.read); };
  BOOST_CHECK_EXCEPTION(run(closed), std::system_error,
                        [](const auto& why) { return why.code() == std::errc::bad_file_descriptor; });
}

BOOST_AUTO_TEST_SUITE_END()
