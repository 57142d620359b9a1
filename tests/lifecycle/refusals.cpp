// A call that is refused has changed nothing.
#include "bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

using namespace test;

namespace refusals {

/// A manager with one task that runs, one that waits, and limiters; and what one sees of it.
struct world : virtual_time {
  world() : virtual_time({.capacity = 1, .max_queue = 3}) {
    tasks.add_limiter("db", {.capacity = 2});
    tasks.add_limiter("mail", {.rate = ta::rate{5, 1min}});
    running = tasks.add_task({.id = "runs", .timeout = ta::no_timeout}, hanging).value();
    waiting = tasks.add_task({.id = "waits"}, hanging).value();
    settle();
  }
  std::string look() {
    settle();
    const auto facts = tasks.statistics();
    std::ostringstream text;
    text << facts.submitted << ' ' << facts.completed << ' ' << facts.failed << ' ' << facts.cancelled << ' '
         << facts.timed_out << " global " << facts.global.capacity << ' ' << facts.thread.capacity << ' '
         << facts.process.capacity << ' ' << facts.threads;
    for (const auto& [name, limiter] : facts.limits)
      text << ", " << name << ' ' << limiter.capacity << ' ' << limiter.in_use << ' ' << limiter.waiting;
    for (const auto& task : tasks.task_status())
      text << "; " << task.id << ' ' << to_string(task.state);
    return text.str();
  }
  /// That it takes tasks as before.
  bool takes_tasks() {
    auto h = tasks.add_task({.id = "probe"}, hanging);
    if (!h)
      return false;
    h->cancel();
    settle();
    return true;
  }

  std::optional<ta::handle<int>> running, waiting;
};

/// The code of what a call throws or returns.
using refused_call = std::function<std::error_code(world&)>;

template <class F>
refused_call throws(F call) {
  return [call](world& in) -> std::error_code {
    try {
      call(in);
    } catch (const std::system_error& e) {
      return e.code();
    }
    return {};
  };
}
template <class F>
refused_call returns(F call) {
  return [call](world& in) -> std::error_code {
    const auto answer = call(in);
    return answer ? std::error_code{} : ta::make_error_code(answer.error().code);
  };
}

struct refusal_case {
  const char* name;
  ta::errc code;
  refused_call call;
};

void check_unchanged(const refusal_case& each, bool in_body) {
  BOOST_TEST_CONTEXT(each.name) {
    std::optional<std::error_code> got;
    world in;
    const auto before = in.look();
    if (in_body) {
      ta::testing::manager other; // whose body is refused: nothing of the first one runs meanwhile
      auto body = [&]() -> ta::task<void> {
        got = each.call(in);
        co_return;
      };
      other.tasks().add_task({}, body).value().get();
    } else {
      got = each.call(in);
    }
    BOOST_TEST((*got == ta::make_error_code(each.code)), got->message());
    BOOST_TEST(in.look() == before);
    BOOST_TEST(in.takes_tasks());
  }
}

} // namespace refusals

BOOST_AUTO_TEST_SUITE(refusals)

BOOST_AUTO_TEST_CASE(a_blocking_call_that_is_refused_in_a_body_has_done_nothing) {
  const std::vector<refusal_case> cases = {
      {"shutdown", ta::errc::would_block, throws([](world& in) { (void)in.tasks.shutdown(); })},
      {"shutdown at once", ta::errc::would_block,
       throws([](world& in) { (void)in.tasks.shutdown({.drain = 0s, .cancel = 0s, .kill = 0s}); })},
      {"cancel_and_wait of what runs", ta::errc::would_block,
       throws([](world& in) { in.tasks.cancel_and_wait("runs"); })},
      {"cancel_and_wait of what waits", ta::errc::would_block,
       throws([](world& in) { in.tasks.cancel_and_wait("waits"); })},
      {"wait", ta::errc::would_block, throws([](world& in) { in.running->wait(); })},
      {"wait_for", ta::errc::would_block, throws([](world& in) { (void)in.running->wait_for(1s); })},
      {"get", ta::errc::would_block, throws([](world& in) { (void)in.waiting->get(); })},
      {"wait_outcome", ta::errc::would_block, throws([](world& in) { (void)in.waiting->wait_outcome(); })},
      {"gather", ta::errc::would_block, throws([](world& in) {
         (void)in.tasks.gather(
             {}, [](int) {}, std::vector{1, 2});
       })},
      {"gather_each", ta::errc::would_block, throws([](world& in) {
         (void)in.tasks.gather_each(
             {}, [](int) {}, std::vector{1, 2}, [](std::size_t, const auto&) {});
       })},
  };
  for (const auto& each : cases)
    check_unchanged(each, true);
}

BOOST_AUTO_TEST_CASE(a_call_with_a_bad_argument_has_done_nothing) {
  struct uncopied {
    std::unique_ptr<int> held;
    int operator()() const { return 1; }
  };
  static const std::vector<ta::limit> three{{"db", 3}}; // of two
  const std::vector<refusal_case> cases = {
      {"shutdown", ta::errc::invalid_argument,
       throws([](world& in) { (void)in.tasks.shutdown({.drain = 0s, .cancel = -1s}); })},
      {"resize", ta::errc::invalid_argument, throws([](world& in) { in.tasks.resize("none", 1); })},
      {"set_rate of none", ta::errc::invalid_argument, throws([](world& in) {
         in.tasks.set_rate("none", ta::rate{1, 1s});
       })},
      {"set_rate without a rate", ta::errc::invalid_argument, throws([](world& in) {
         in.tasks.set_rate("db", ta::rate{1, 1s});
       })},
      {"set_rate to nonsense", ta::errc::invalid_argument, throws([](world& in) {
         in.tasks.set_rate("mail", ta::rate{1, -1s});
       })},
      {"add_limiter twice", ta::errc::invalid_argument,
       throws([](world& in) { in.tasks.add_limiter("db", {.capacity = 9}); })},
      {"add_limiter of nothing", ta::errc::invalid_argument,
       throws([](world& in) { in.tasks.add_limiter("new", {}); })},
      {"observe", ta::errc::invalid_argument, throws([](world& in) { (void)in.tasks.observe({}); })},
      {"gather", ta::errc::invalid_argument, throws([](world& in) {
         (void)in.tasks.gather(
             {.each = {.timeout = -1s}}, [](int) {}, std::vector{1, 2});
       })},
      {"negative timeout", ta::errc::invalid_argument,
       returns([](world& in) { return in.tasks.add_task({.timeout = -1s}, hanging); })},
      {"replace with a negative timeout", ta::errc::invalid_argument, returns([](world& in) {
         return in.tasks.add_task(
             {.id = "runs", .timeout = -1s, .admission = {.on_duplicate = ta::on_duplicate::replace}},
             hanging);
       })},
      {"replace with an unknown limiter", ta::errc::invalid_argument, returns([](world& in) {
         return in.tasks.add_task(
             {.id = "waits", .limits = {{"none"}}, .admission = {.on_duplicate = ta::on_duplicate::replace}},
             hanging);
       })},
      {"too many tokens", ta::errc::invalid_argument,
       returns([](world& in) { return in.tasks.add_task({.limits = three}, hanging); })},
      {"a retry that can't be copied", ta::errc::invalid_argument, returns([](world& in) {
         return in.tasks.add_task({.retry = ta::retry{.max_attempts = 2}}, uncopied{});
       })},
      {"shed with a bad timeout", ta::errc::invalid_argument, returns([](world& in) {
         return in.tasks.add_task({.total_timeout = -1s, .admission = {.on_full = ta::on_full::shed}},
                                  hanging);
       })},
      {"duplicate", ta::errc::duplicate_id,
       returns([](world& in) { return in.tasks.add_task({.id = "runs"}, hanging); })},
      {"duplicate command", ta::errc::duplicate_id,
       returns([](world& in) { return in.tasks.run_command({.id = "runs"}, {"/bin/true"}); })},
      {"duplicate call", ta::errc::duplicate_id,
       returns([](world& in) { return in.tasks.run_in_thread({.id = "runs"}, [] {}); })},
  };
  for (const auto& each : cases)
    check_unchanged(each, false);
}

BOOST_AUTO_TEST_CASE(who_waits_for_room_is_rejected_only_when_it_did_not_get_in) {
  virtual_time world{{.max_queue = 1}};
  auto first = world.tasks.add_task({}, after, 1s, 1).value();
  auto body = [&world]() -> ta::task<void> {
    (void)world.tasks.add_task({.admission = {.on_full = ta::on_full::wait}}, after, 1s, 2);
    co_return;
  };
  ta::testing::manager other;
  BOOST_CHECK_THROW(other.tasks().add_task({}, body).value().get(), std::system_error);
  BOOST_TEST(world.tasks.statistics().rejected == 0u);
  const auto late
      = world.tasks.add_task({.admission = {.on_full = ta::on_full::wait, .timeout = 1ms}}, after, 1s, 2);
  BOOST_REQUIRE(!late);
  BOOST_CHECK(late.error().code == ta::errc::queue_full);
  BOOST_TEST(world.tasks.statistics().rejected == 1u);
  auto third = world.tasks.add_task({.admission = {.on_full = ta::on_full::wait}}, after, 1s, 3).value();
  BOOST_TEST(third.get() == 3);
  BOOST_TEST(world.tasks.statistics().rejected == 1u);
  BOOST_TEST(world.tasks.statistics().submitted == 2u);
}

BOOST_AUTO_TEST_CASE(what_can_be_answered_at_once_is_no_blocking_call) {
  virtual_time world;
  auto done = world.tasks.add_task({.id = "done"}, [] { return 1; }).value();
  done.wait();
  auto body = [&]() -> ta::task<bool> {
    const bool unknown = world.tasks.cancel_and_wait("none") == ta::cancel_reply::unknown;
    done.wait();
    co_return unknown&& world.tasks.cancel_and_wait("done") == ta::cancel_reply::finished;
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get());
}

BOOST_AUTO_TEST_SUITE_END()
