// Standalone Asio and Boost's in one program, and one task that awaits both.
#include <taskactor/asio.hpp>
#include <taskactor/boost_asio.hpp>
#include <taskactor/taskactor.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <thread>

namespace ta = taskactor;
using namespace std::chrono_literals;

int main() {
  asio::io_context one;
  boost::asio::io_context other;
  const auto keep_one = asio::make_work_guard(one);
  const auto keep_other = boost::asio::make_work_guard(other);
  std::thread runs_one{[&] { one.run(); }}, runs_other{[&] { other.run(); }};
  int seen = 0;
  {
    ta::task_manager tasks;
    auto body = [&]() -> ta::task<int> {
      asio::steady_timer first{one, 1ms};
      co_await first.async_wait(ta::use_task);
      boost::asio::steady_timer second{other, 1ms};
      co_await second.async_wait(ta::use_task.cancelled_by(second));
      co_return 2;
    };
    seen = tasks.add_task({}, body).value().get();
  }
  one.stop();
  other.stop();
  runs_one.join();
  runs_other.join();
  return seen == 2 ? 0 : 1;
}
