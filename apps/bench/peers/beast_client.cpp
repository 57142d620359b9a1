/// A peer of taskactor-bench: Beast on the awaitables of Boost.Asio, one thread, 64 connections, each of them
/// asking again and again.
///
/// It lacks what a client has around that: names, redirects, TLS, connections that are found again, deadlines
/// for each request.
#include "peer.hpp"

#include <utility> // Boost 1.74's headers lack it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <boost/version.hpp>

#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>

using namespace bench;
namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::asio::use_awaitable;
using boost::asio::ip::tcp;

namespace {

constexpr std::size_t at_once = 64, body_size = 1024;

struct address {
  std::string host, port, path;
};

/// Of http://HOST:PORT/PATH.
address server() {
  const char* const url = std::getenv("TASKACTOR_BENCH_URL");
  if (url == nullptr)
    throw std::runtime_error{"TASKACTOR_BENCH_URL isn't set: there is no server to ask"};
  const auto rest = std::string{url}.substr(std::string{"http://"}.size());
  const auto slash = rest.find('/'), colon = rest.find(':');
  return {rest.substr(0, colon), rest.substr(colon + 1, slash - colon - 1), rest.substr(slash)};
}

asio::awaitable<void> ask(const address& where, std::size_t& left) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver{executor};
  const auto found = co_await resolver.async_resolve(where.host, where.port, use_awaitable);
  boost::beast::tcp_stream stream{executor};
  co_await stream.async_connect(found, use_awaitable);
  http::request<http::empty_body> question{http::verb::get, where.path, 11};
  question.set(http::field::host, where.host + ':' + where.port);
  boost::beast::flat_buffer buffer;
  while (left > 0) {
    --left;
    co_await http::async_write(stream, question, use_awaitable);
    http::response<http::string_body> answer;
    co_await http::async_read(stream, buffer, answer, use_awaitable);
    check_equal(answer.result_int(), 200);
    check_equal(answer.body().size(), body_size);
  }
}

sample run_http(std::size_t size) {
  const auto where = server();
  asio::io_context context{1};
  std::size_t left = size;
  const stopwatch watch;
  for (std::size_t i = 0; i < at_once; ++i)
    asio::co_spawn(context, ask(where, left), [](std::exception_ptr error) {
      if (error)
        std::rethrow_exception(error);
    });
  context.run();
  return watch.read();
}

} // namespace

int main(int argc, char** argv) {
  return serve({.name = "Beast",
                .version = std::to_string(BOOST_BEAST_VERSION) + " of Boost "
                           + std::to_string(BOOST_VERSION / 100000) + '.'
                           + std::to_string(BOOST_VERSION / 100 % 1000),
                .works = {{"http", run_http}}},
               argc, argv);
}
