// What the page "HTTP" shows.
#include "servers/hostile_server.hpp"
#include "web.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

using namespace test;

namespace guide_pages_of_http {

ta::task<std::string> page(ta::http::client web, std::string url) {
  const auto answer = co_await web.get(std::move(url));
  if (!answer.ok())
    throw std::runtime_error{answer.url + " answers " + std::to_string(answer.status)};
  co_return answer.body;
}

ta::task<std::string> what_there_was(ta::http::client web, std::string url) {
  try {
    const auto answer = co_await web.get(std::move(url));
    co_return answer.body;
  } catch (const ta::http::error& why) {
    if (why.code() != ta::http::errc::disconnected)
      throw;
    co_return why.received().body; // it broke off in the middle
  }
}

ta::task<std::size_t> lines_of(ta::http::client web, std::string url) {
  std::size_t lines = 0;
  const auto count = [&lines](std::string_view piece) {
    lines += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
  };
  co_await web.download(std::move(url), count);
  co_return lines;
}

ta::http::client patient(ta::task_manager& tasks) {
  return ta::http::client{
      tasks, {.retry = ta::retry{.max_attempts = 4, .backoff = {.first = 200ms, .jitter = 100ms}}}};
}

} // namespace guide_pages_of_http

BOOST_FIXTURE_TEST_SUITE(guide_pages, test::web)
using namespace guide_pages_of_http;

BOOST_AUTO_TEST_CASE(the_snippets_do_what_the_page_says) {
  hostile_server server;
  server.on("/", hostile::answers(200, "a\nb\n"));
  server.on("/cut", hostile::body_of(100, 40));
  BOOST_TEST(run<std::string>(page, server.url("/")) == "a\nb\n");
  BOOST_CHECK_THROW(run<std::string>(page, server.url("/missing")), std::runtime_error);
  BOOST_TEST(run<std::string>(what_there_was, server.url("/cut")).size() == 40u);
  BOOST_TEST(run<std::size_t>(lines_of, server.url("/")) == 2u);
  const auto by = patient(tasks);
  BOOST_TEST(tasks.add_task({}, page, by, server.url("/")).value().get() == "a\nb\n");
}

BOOST_AUTO_TEST_SUITE_END()
