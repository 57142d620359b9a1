// A conversation by Asio inside tasks: its operations are awaited, with the deadlines and the cancellation of
// tasks.
#include <taskactor/asio.hpp>
#include <taskactor/taskactor.hpp>

#include <asio.hpp>

#include <iostream>
#include <sstream>
#include <string>
#include <thread>

namespace ta = taskactor;
using asio::ip::tcp;
using namespace std::chrono_literals;

ta::task<std::string> read_line(tcp::socket& from) {
  std::string text; // one line is said at a time
  const auto size = co_await asio::async_read_until(from, asio::dynamic_buffer(text), '\n', ta::use_task);
  co_return text.substr(0, size - 1);
}

// "sum 1 2 3" is answered by "6", all else by nothing.
ta::task<void> converse(tcp::socket with) {
  try {
    for (;;) {
      const auto line = co_await read_line(with);
      std::istringstream words{line};
      std::string verb;
      words >> verb;
      int sum = 0;
      for (int each = 0; words >> each;)
        sum += each;
      const auto answer = std::to_string(sum) + '\n';
      if (verb == "sum")
        co_await asio::async_write(with, asio::buffer(answer), ta::use_task);
    }
  } catch (const std::system_error& e) {
    if (e.code() != asio::error::eof) // the client has left
      std::clog << e.what() << '\n';
  }
}

ta::task<void> serve(tcp::acceptor& here) {
  co_await ta::with_group([&here](ta::task_group& conversations) -> ta::task<void> {
    for (;;)
      conversations.start(converse, co_await here.async_accept(ta::use_task));
  });
}

ta::task<std::string> ask(tcp::socket& server, std::string question) {
  co_await asio::async_write(server, asio::buffer(question), ta::use_task);
  co_return co_await read_line(server);
}

ta::task<void> client(asio::io_context& io, tcp::endpoint there) {
  tcp::socket server{io};
  co_await server.async_connect(there, ta::use_task);
  std::cout << "1 + 2 + 3 = " << co_await ta::fail_after(5s, ask(server, "sum 1 2 3\n")) << '\n';
  const auto late = co_await ta::move_on_after(20ms, ask(server, "hm?\n")); // ends Asio's read
  std::cout << (late ? *late : "no answer in time") << '\n';
  std::cout << "4 + 5 = " << co_await ta::fail_after(5s, ask(server, "sum 4 5\n")) << '\n';
}

int main() {
  asio::io_context io;
  const auto always = asio::make_work_guard(io);
  std::thread runs{[&io] { io.run(); }}; // Asio's handlers; tasks run on the manager's threads
  {
    ta::task_manager tasks;
    tcp::acceptor here{io, {asio::ip::address_v4::loopback(), 0}};
    const auto address = here.local_endpoint();
    auto serving = tasks.add_task({.timeout = ta::no_timeout}, serve, std::ref(here)).value();
    tasks.add_task({}, client, std::ref(io), address).value().get();
    serving.cancel(); // ends its `async_accept`, and every conversation
    std::cout << "server: " << to_string(serving.wait_outcome().state()) << '\n';
  } // here no task is left, and no operation
  io.stop();
  runs.join();
}

// Output:
// 1 + 2 + 3 = 6
// no answer in time
// 4 + 5 = 9
// server: cancelled
