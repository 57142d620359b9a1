// use_task, of one source for each Asio: standalone, Boost's with cancellation slots, Boost's without.
// No Boost.Test: its headers would be those of another Boost than Asio's.
#include "io/desk.hpp"

#include <taskactor/testing.hpp>

#if TASKACTOR_TEST_BOOST
#include <taskactor/boost_asio.hpp>

#include <boost/asio.hpp>
#else
#include <taskactor/asio.hpp>

#include <asio.hpp>
#endif

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

using namespace test;

namespace {

#if TASKACTOR_TEST_BOOST
namespace asio = boost::asio;
using asio_error = boost::system::error_code;
constexpr bool has_slots = BOOST_ASIO_VERSION >= 101900;
#else
using asio_error = asio::error_code;
constexpr bool has_slots = ASIO_VERSION >= 101900;
#endif
static_assert(has_slots == TASKACTOR_TEST_SLOTS);

#define CHECK(condition) (static_cast<bool>(condition) ? void() : fail(#condition, __LINE__))

[[noreturn]] void fail(const char* what, int line) {
  std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, line, what);
  std::_Exit(1);
}

template <class T>
std::error_code system_code(T&& what) {
  try {
    std::forward<T>(what)();
  } catch (const std::system_error& e) {
    return e.code();
  }
  return {};
}

std::error_code aborted() { return asio_error{asio::error::operation_aborted}; }

/// An io_context with threads that run it.
class loop {
public:
  explicit loop(int threads = 1) {
    for (int i = 0; i < threads; ++i)
      threads_.emplace_back([this] { io.run(); });
  }
  ~loop() {
    work_.reset();
    for (auto& each : threads_)
      each.join();
  }
  asio::io_context io;

private:
  asio::executor_work_guard<asio::io_context::executor_type> work_{io.get_executor()};
  std::vector<std::thread> threads_;
};

using stream = asio::local::stream_protocol::socket;

/// As the asynchronous operations of libraries on Asio are made: calls `then` on the loop with the handler.
template <class Signature, class Token, class Then>
auto operation(asio::io_context& io, Token&& token, Then then) {
  auto initiation = [&io, then](auto&& handler) {
    auto shared = std::make_shared<std::decay_t<decltype(handler)>>(std::forward<decltype(handler)>(handler));
    asio::post(io, [shared, then] { then(std::move(*shared)); });
  };
  return asio::async_initiate<Token, Signature>(std::move(initiation), token);
}

void values_and_errors() {
  loop on;
  ta::task_manager tasks{{.scheduler_threads = 2}};
  auto body = [&]() -> ta::task<void> {
    asio::steady_timer timer{on.io, 1ms};
    co_await timer.async_wait(ta::use_task);
    co_await asio::post(on.io, ta::use_task);
    const std::string one = co_await operation<void(asio_error, std::string)>(
        on.io, ta::use_task, [](auto handler) { handler(asio_error{}, "one"); });
    CHECK(one == "one");
    const auto [number, pointer] = co_await operation<void(asio_error, int, std::unique_ptr<int>)>(
        on.io, ta::use_task, [](auto handler) { handler(asio_error{}, 2, std::make_unique<int>(3)); });
    CHECK(number == 2 && *pointer == 3);
    const int plain = co_await operation<void(int)>(on.io, ta::use_task, [](auto handler) { handler(4); });
    CHECK(plain == 4);
    std::error_code code;
    try {
      co_await operation<void(asio_error, int)>(
          on.io, ta::use_task, [](auto handler) { handler(asio_error{asio::error::eof}, 1); });
    } catch (const std::system_error& e) {
      code = e.code();
    }
    CHECK(code == std::error_code{asio_error{asio::error::eof}});
    std::string thrown;
    try {
      co_await operation<void(std::exception_ptr, int)>(on.io, ta::use_task,
                                                        [](auto handler) { handler(a_fault(), 1); });
    } catch (const std::runtime_error& e) {
      thrown = e.what();
    }
    CHECK(thrown == "line down");
  };
  tasks.add_task({}, body).value().get();
}

void sockets() {
  loop on;
  ta::task_manager tasks{{.scheduler_threads = 2}};
  stream left{on.io}, right{on.io};
  asio::local::connect_pair(left, right);
  auto echo = [&]() -> ta::task<std::size_t> {
    std::size_t all = 0;
    std::array<char, 100> buffer{};
    for (;;) {
      std::error_code code;
      std::size_t got = 0;
      try {
        got = co_await left.async_read_some(asio::buffer(buffer), ta::use_task);
      } catch (const std::system_error& e) {
        code = e.code();
      }
      if (code)
        co_return all;
      all += co_await asio::async_write(left, asio::buffer(buffer, got), ta::use_task);
    }
  };
  auto client = [&]() -> ta::task<std::string> {
    const std::string text(100'000, 'x');
    std::string back(text.size(), ' ');
    for (std::size_t at = 0; at < text.size(); at += 10'000) {
      co_await asio::async_write(right, asio::buffer(text.data() + at, 10'000), ta::use_task);
      co_await asio::async_read(right, asio::buffer(back.data() + at, 10'000), ta::use_task);
    }
    right.close();
    co_return back;
  };
  auto server = tasks.add_task({}, echo).value();
  CHECK(tasks.add_task({}, client).value().get() == std::string(100'000, 'x'));
  CHECK(server.get() == 100'000);
}

/// Cancelled by somebody else: that isn't the task's end.
void an_operation_that_others_cancel() {
  loop on;
  ta::testing::manager world;
  asio::steady_timer timer{on.io, 1h};
  auto body = [&]() -> ta::task<void> { co_await timer.async_wait(ta::use_task); };
  auto h = world.tasks().add_task({}, body).value();
  world.settle();
  asio::post(on.io, [&] { timer.cancel(); });
  while (!h.finished()) {
    world.wait_for_wake(20s);
    world.settle();
  }
  CHECK(system_code([&] { h.get(); }) == aborted());
}

/// `wait(timer)` gives an await of it.
template <class Wait>
void ends(Wait wait) {
  loop on;
  ta::task_manager tasks{{.scheduler_threads = 2}};
  for (int round = 0; round < 50; ++round) {
    asio::steady_timer timer{on.io, 1h};
    auto body = [&]() -> ta::task<void> { co_await wait(timer); };
    auto h = tasks.add_task({.id = "a"}, body).value();
    for (int i = 0; i < round; ++i)
      std::this_thread::yield();
    h.cancel();
    h.wait();
    while (tasks.statistics().running != 0)
      std::this_thread::yield();
    CHECK(h.state() == ta::state::cancelled);
  }
  {
    asio::steady_timer timer{on.io, 1h};
    auto scoped = [&]() -> ta::task<bool> { co_return co_await ta::move_on_after(5ms, wait(timer)); };
    CHECK(!tasks.add_task({}, scoped).value().get());
  }
  asio::steady_timer timer{on.io, 1h};
  auto late = tasks.add_task({.timeout = 5ms}, [&]() -> ta::task<void> { co_await wait(timer); }).value();
  late.wait();
  CHECK(late.state() == ta::state::timed_out);
  while (tasks.statistics().running != 0)
    std::this_thread::yield();
}

/// Completions and cancellations at once: the await always ends.
template <class Token>
void both_at_once(Token token_of) {
  loop on{2};
  ta::task_manager tasks{{.scheduler_threads = 2}};
  for (int round = 0; round < 1000; ++round) {
    asio::steady_timer timer{asio::make_strand(on.io), std::chrono::microseconds{round % 100}};
    auto body = [&]() -> ta::task<void> { co_await timer.async_wait(token_of(timer)); };
    auto h = tasks.add_task({}, body).value();
    if (round % 2 == 0)
      std::this_thread::yield();
    h.cancel();
    h.wait();
    while (tasks.statistics().running != 0)
      std::this_thread::yield();
    CHECK(h.state() == ta::state::cancelled || h.state() == ta::state::completed);
  }
}

/// Nobody can cancel it: the caller is answered, and the operation waited for.
void one_that_cannot_be_cancelled() {
  ta::testing::manager world{{.manager = {.cancel_grace = 1s}}};
  auto kept = std::make_shared<std::function<void()>>();
  asio::io_context io;
  auto body = [&]() -> ta::task<void> {
    const auto keep = [kept](auto handler) {
      auto held = std::make_shared<decltype(handler)>(std::move(handler));
      *kept = [held] { (*held)(); };
    };
    co_await operation<void()>(io, ta::use_task, keep);
  };
  auto h = world.tasks().add_task({.timeout = 1s}, body).value();
  world.settle();
  io.run();
  world.advance(1h);
  CHECK(h.state() == ta::state::timed_out);
  CHECK(world.tasks().statistics().overrunning == 1);
  (*kept)();
  world.settle();
  CHECK(world.tasks().statistics().overrunning == 0);
}

void a_context_that_is_destroyed() {
  ta::testing::manager world;
  auto io = std::make_unique<asio::io_context>();
  {
    auto timer = std::make_unique<asio::steady_timer>(*io, 1h);
    auto pipe = std::make_unique<stream>(*io);
    stream other{*io};
    asio::local::connect_pair(*pipe, other);
    auto body = [&]() -> ta::task<void> { co_await asio::post(*io, ta::use_task); };
    auto h = world.tasks().add_task({}, body).value();
    world.settle();
    other.close();
    pipe.reset();
    timer.reset();
    io.reset();
    CHECK(code_of([&] { h.get(); }) == ta::errc::abandoned);
  }
}

/// Nothing of a strand's is left in the body, which goes on when the context of the strand is gone.
void a_strand_whose_context_is_destroyed() {
  ta::testing::manager world;
  auto io = std::make_unique<asio::io_context>();
  auto timer = std::make_unique<asio::steady_timer>(asio::make_strand(*io), 1h);
  auto body = [&]() -> ta::task<void> { co_await timer->async_wait(ta::use_task); };
  auto h = world.tasks().add_task({}, body).value();
  world.settle();
  timer.reset();
  io.reset();
  CHECK(code_of([&] { h.get(); }) == ta::errc::abandoned);
}

void one_that_is_awaited_twice() {
  ta::testing::manager world;
  asio::io_context io;
  auto body = [&]() -> ta::task<void> {
    auto wait = asio::post(io, ta::use_task);
    co_await wait;
    co_await wait;
  };
  auto h = world.tasks().add_task({}, body).value();
  world.settle();
  io.run();
  CHECK(code_of([&] { h.get(); }) == ta::errc::invalid_argument);
}

#if TASKACTOR_TEST_SLOTS
/// A composed operation hands its slot on to each of its parts.
void a_composed_operation() {
  loop on;
  ta::task_manager tasks{{.scheduler_threads = 2}};
  for (int round = 0; round < 50; ++round) {
    stream left{on.io}, right{on.io};
    asio::local::connect_pair(left, right);
    std::string buffer(100, ' ');
    auto body
        = [&]() -> ta::task<void> { co_await asio::async_read(left, asio::buffer(buffer), ta::use_task); };
    auto h = tasks.add_task({}, body).value();
    asio::write(right, asio::buffer("abc", 3));
    h.cancel();
    h.wait();
    CHECK(h.state() == ta::state::cancelled);
  }
}
#endif

} // namespace

int main() {
  const auto by_object = [](auto& object) { return ta::use_task.cancelled_by(object); };
  values_and_errors();
  sockets();
  an_operation_that_others_cancel();
  ends([by_object](asio::steady_timer& timer) { return timer.async_wait(by_object(timer)); });
  both_at_once(by_object);
  one_that_cannot_be_cancelled();
  a_context_that_is_destroyed();
  a_strand_whose_context_is_destroyed();
  one_that_is_awaited_twice();
#if TASKACTOR_TEST_SLOTS
  ends([](asio::steady_timer& timer) { return timer.async_wait(ta::use_task); });
  both_at_once([](asio::steady_timer&) { return ta::use_task; });
  a_composed_operation();
#endif
  std::puts("ok");
}
