// request: asking CAF actors from inside a task.
#include "bodies.hpp"
#include "caf_adapter/compat_ask.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <taskactor/actors/request.hpp>

#include <ranges>
#include <string>
#include <vector>

using namespace test;

namespace requests {

// CAF 0.17 takes the address of no arguments where there are none, which the standard library's assertions
// see.
caf::behavior calculator(int offset) {
  return {
      [offset](int a, int b) { return a + b + offset; },
      [](const std::string& text) { return caf::make_message(text + text, 7); },
      [](double) -> caf::result<int> { return caf::make_error(caf::sec::runtime_error, "no doubles"); },
      [](char) {},
  };
}

/// Never answers.
caf::behavior silent(caf::event_based_actor* self, int) {
  auto kept = std::make_shared<std::vector<caf::typed_response_promise<int>>>();
  return {[self, kept](int) -> caf::result<int> {
    auto promise = self->make_response_promise<int>();
    kept->push_back(promise);
    return promise;
  }};
}

using typed_calculator = caf::typed_actor<ta::detail::handles<int, int, int>>;

typed_calculator::behavior_type typed(int offset) {
  return {[offset](int a, int b) { return a + b + offset; }};
}

// Typed actors are checked where the call is compiled.
using interface = typed_calculator;
static_assert(ta::detail::typed_request<interface, int, int>::is_taken);
static_assert(ta::detail::typed_request<interface, int, int>::replies_with<int>());
static_assert(!ta::detail::typed_request<interface, int, int>::replies_with<std::string>());
static_assert(!ta::detail::typed_request<interface, int, int>::replies_with<>());
static_assert(!ta::detail::typed_request<interface, std::string>::is_taken);
static_assert(ta::detail::typed_request<caf::actor, std::string>::replies_with<int, int>());

/// What it does with a call that it has taken up.
enum class way { drops_and_quits, keeps_and_quits, keeps_and_fails, keeps_and_throws, is_killed, hands_on };

caf::behavior taker(caf::event_based_actor* self, way what) {
  self->set_exception_handler([](std::exception_ptr&) { return caf::make_error(caf::sec::runtime_error); });
  if (what == way::hands_on)
    return {[self](int n) {
      auto slow = [](caf::event_based_actor*, int) -> caf::behavior { return {[](int m) { return m + 1; }}; };
      const auto other = self->spawn(slow, 0);
      self->quit();
      return ta::detail::hand_on(*self, other, n);
    }};
  auto kept = std::make_shared<std::vector<caf::typed_response_promise<int>>>();
  return {[=](int) -> caf::result<int> {
    auto promise = self->make_response_promise<int>();
    if (what != way::drops_and_quits)
      kept->push_back(promise);
    if (what == way::drops_and_quits || what == way::keeps_and_quits)
      self->quit();
    else if (what == way::keeps_and_fails)
      self->quit(caf::sec::cannot_open_file);
    else if (what == way::is_killed)
      caf::anon_send_exit(caf::actor{self}, caf::exit_reason::kill);
    else if (what == way::keeps_and_throws)
      throw std::runtime_error{"boom"};
    return promise;
  }};
}

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({}, std::move(body)).value().get();
}

} // namespace requests

BOOST_AUTO_TEST_SUITE(requests)

BOOST_AUTO_TEST_CASE(an_actors_reply_is_the_value_of_the_await) {
  virtual_time world;
  const auto actor = world.system().spawn(calculator, 0);
  auto body = [actor]() -> ta::task<std::string> {
    const int sum = co_await ta::request<int>(actor, 2s, 1, 2);
    const auto [twice, number] = co_await ta::request<std::string, int>(actor, 2s, std::string{"ab"});
    co_await ta::request<>(actor, 2s, 'x');
    co_return std::to_string(sum) + twice + std::to_string(number);
  };
  BOOST_TEST(run(world, body) == "3abab7");
}

BOOST_AUTO_TEST_CASE(a_typed_actor_is_asked_like_any_other) {
  virtual_time world;
  const typed_calculator actor = world.system().spawn(typed, 10);
  auto body = [actor]() -> ta::task<int> {
    const int sum = co_await ta::request<int>(actor, 2s, 1, 2);
    co_return sum;
  };
  BOOST_TEST(run(world, body) == 13);
}

BOOST_AUTO_TEST_CASE(an_actors_error_is_thrown_and_so_is_its_end) {
  virtual_time world;
  const auto actor = world.system().spawn(calculator, 0);
  auto body = [actor]() -> ta::task<std::string> {
    std::string trace;
    try {
      co_await ta::request<int>(actor, 2s, 1.5);
    } catch (const ta::request_error& e) {
      BOOST_CHECK(e.code() == ta::make_error_code(ta::errc::request_failed));
      BOOST_CHECK(e.reason() == caf::sec::runtime_error);
      trace += "error ";
    }
    try {
      co_await ta::request<std::string>(actor, 2s, 1, 2);
    } catch (const ta::request_error& e) {
      trace += std::string{e.what()}.find("other types") != std::string::npos ? "types " : e.what();
    }
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    co_await ta::sleep_for(1s);
    try {
      co_await ta::request<int>(actor, 2s, 1, 2);
    } catch (const ta::request_error&) {
      trace += "gone";
    }
    co_return trace;
  };
  BOOST_TEST(run(world, body) == "error types gone");
}

BOOST_AUTO_TEST_CASE(a_reply_that_does_not_come_in_time_is_a_timeout_error_and_a_late_one_is_dropped) {
  virtual_time world;
  const auto mute = world.system().spawn(silent, 0);
  const auto actor = world.system().spawn(calculator, 0);
  const auto begin = world.now();
  auto body = [mute, actor]() -> ta::task<int> {
    bool late = false;
    try {
      co_await ta::request<int>(mute, 3s, 1);
    } catch (const ta::timeout_error&) {
      late = true;
    }
    BOOST_TEST(late);
    caf::anon_send_exit(mute, caf::exit_reason::kill); // its promises are broken: that reply is late
    co_await ta::yield();
    co_return co_await ta::request<int>(actor, 3s, 2, 3);
  };
  BOOST_TEST(run(world, body) == 5);
  BOOST_CHECK(world.now() - begin == 3s);
}

BOOST_AUTO_TEST_CASE(an_actor_that_ends_with_a_call_that_it_has_taken_up_is_an_error_with_its_reason) {
  const std::pair<way, caf::error> ways[] = {
      {way::drops_and_quits, caf::exit_reason::unreachable},
      {way::keeps_and_quits, caf::exit_reason::unreachable},
      {way::keeps_and_fails, caf::sec::cannot_open_file},
      {way::keeps_and_throws, caf::sec::runtime_error},
      {way::is_killed, caf::exit_reason::kill},
      {way::hands_on, {}},
  };
  for (const auto& [what, reason] : ways) {
    virtual_time world;
    const auto actor = world.system().spawn(taker, what);
    const auto begin = world.now();
    auto body = [actor]() -> ta::task<caf::error> {
      caf::error got;
      try {
        const int n = co_await ta::request<int>(actor, 1h, 1);
        BOOST_TEST(n == 2);
      } catch (const ta::request_error& e) {
        got = e.reason();
      }
      co_return got;
    };
    const auto got = run(world, body);
    BOOST_CHECK_MESSAGE(got == reason, to_string(got));
    BOOST_CHECK(world.now() - begin <= 100ms);
  }
}

BOOST_AUTO_TEST_CASE(calls_leave_nothing_behind_with_an_actor_that_lives_on) {
  virtual_time world;
  const auto actor = world.system().spawn(calculator, 0);
  auto body = [actor]() -> ta::task<void> {
    for (int i = 0; i < 100; ++i)
      co_await ta::request<int>(actor, 2s, 1, 2);
  };
  world.tasks.add_task({}, body).value().get();
  caf::anon_send_exit(actor, caf::exit_reason::kill); // who had asked is gone, and isn't told
  world.settle();
}

BOOST_AUTO_TEST_CASE(a_task_that_waits_for_a_reply_can_be_cancelled_and_killed) {
  for (const auto grace : {std::chrono::nanoseconds{1s}, std::chrono::nanoseconds{0s}}) {
    virtual_time world{{.cancel_grace = grace}};
    const auto mute = world.system().spawn(silent, 0);
    auto body = [mute]() -> ta::task<int> { co_return co_await ta::request<int>(mute, 1h, 1); };
    auto h = world.tasks.add_task({}, body).value();
    world.settle();
    h.cancel();
    world.settle();
    BOOST_CHECK(h.state() == ta::state::cancelled);
    caf::anon_send_exit(mute, caf::exit_reason::kill);
    world.settle();
  }
}

BOOST_AUTO_TEST_CASE(many_tasks_ask_one_actor) {
  virtual_time world;
  const auto actor = world.system().spawn(calculator, 0);
  auto body = [actor](int n) -> ta::task<int> {
    int sum = 0;
    for (int i = 0; i < 10; ++i)
      sum = co_await ta::request<int>(actor, 2s, sum, n);
    co_return sum;
  };
  const auto all = world.tasks.gather({}, body, std::views::iota(0, 200));
  for (int i = 0; i < 200; ++i)
    BOOST_TEST(all[static_cast<std::size_t>(i)].value() == 10 * i);
}

BOOST_AUTO_TEST_SUITE_END()
