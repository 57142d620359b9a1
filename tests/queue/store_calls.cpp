// How calls are made by the store's thread: together, in time, whoever waits for them, and to the end.
#include "queue/hooked_store.hpp"
#include "queue/pushed_tasks.hpp"
#include "support/gate.hpp"

#include <taskactor/taskactor.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace store_calls {

using namespace queue_tests;
using clock = std::chrono::steady_clock;

/// The first call of `verb` waits at a gate.
struct held_store : hooked_store {
  explicit held_store(std::string verb, ta::store_options options = {}) : hooked_store(options) {
    hooks->before = [this, verb = std::move(verb)](const std::string& which, std::size_t) {
      if (which == verb && !std::exchange(was_held, true))
        gate->pass();
    };
  }
  ~held_store() { gate->open(); }

  std::shared_ptr<test::gate> gate = std::make_shared<test::gate>();
  bool was_held = false; // of the store's thread
};

ta::job_queue mail(const hooked_store& in) { return {*in.store, "mail"}; }

template <class T>
int code_of(const ta::expected<T>& got) {
  return got ? 0 : static_cast<int>(got.error().code);
}

bool surveys(ta::store in) { return in.survey().get().has_value(); }

} // namespace store_calls

BOOST_AUTO_TEST_SUITE(store_calls)

using namespace ::store_calls;

BOOST_AUTO_TEST_CASE(a_call_is_asked_for_its_value_once) {
  hooked_store world;
  const auto call = world.store->survey();
  BOOST_TEST(call.wait_for(20s));
  BOOST_TEST(call.ready());
  BOOST_TEST(call.get().has_value());
  BOOST_TEST(code_of(call.get()) == static_cast<int>(ta::errc::result_taken));
  auto moved = world.store->survey();
  const auto there = std::move(moved);
  BOOST_CHECK_THROW(moved.get(), ta::error); // NOLINT: that is what is tested
  BOOST_TEST(there.get().has_value());
}

BOOST_AUTO_TEST_CASE(what_comes_while_a_call_is_made_is_made_together) {
  held_store world{"push"};
  const auto to = mail(world);
  std::vector<ta::store_call<ta::pushed<>>> calls;
  calls.push_back(to.push(note, "first"));
  world.gate->wait_held(1);
  constexpr int more = 600;
  for (int i = 0; i < more; ++i)
    calls.push_back(to.push(note, std::to_string(i)));
  world.gate->open();
  ta::job_id last = 0;
  for (const auto& each : calls) {
    const auto id = each.get().value().job.id();
    BOOST_TEST(id > last); // each has its own answer
    last = id;
  }
  const auto made = world.hooks->calls();
  BOOST_REQUIRE(made.size() == 3U);
  BOOST_TEST(made[0].second == 1U);
  BOOST_TEST(made[1].second == 500U);
  BOOST_TEST(made[2].second == 100U);
  BOOST_TEST(world.store->find(last).get().value().arguments == R"(["599"])");
}

BOOST_AUTO_TEST_CASE(ends_of_one_runner_are_written_together_and_a_beat_goes_before_them) {
  held_store world{"survey"};
  const td::runner_key one{"one", 1}, two{"two", 1};
  const auto held = world.store->survey();
  world.gate->wait_held(1);
  const auto ignored = [](const auto&) {};
  const auto end = [](ta::job_id id) {
    td::job_end made{};
    made.id = id;
    return std::vector<td::job_end>{made};
  };
  world.core().finish(one, end(1), ignored);
  world.core().finish(one, end(2), ignored);
  world.core().finish(two, end(3), ignored);
  td::runner_beat beat;
  beat.runner = one;
  world.core().renew(beat, ignored);
  const auto last = world.store->survey();
  world.gate->open();
  BOOST_TEST(last.get().has_value());
  const std::vector<std::pair<std::string, std::size_t>> expected{
      {"survey", 1}, {"renew", 1}, {"finish", 2}, {"finish", 1}, {"survey", 1}};
  BOOST_TEST((world.hooks->calls() == expected));
}

BOOST_AUTO_TEST_CASE(each_of_those_found_together_gets_its_own) {
  held_store world{"survey"};
  const auto to = mail(world);
  const auto a = to.push(note, "a").get().value().job.id();
  const auto b = to.push(note, "b").get().value().job.id();
  const auto held = world.store->survey();
  world.gate->wait_held(1);
  const auto first = world.store->find(a), none = world.store->find(b + 1), second = world.store->find(b);
  world.gate->open();
  BOOST_TEST(second.get().value().arguments == R"(["b"])");
  BOOST_TEST(first.get().value().arguments == R"(["a"])");
  BOOST_TEST(code_of(none.get()) == static_cast<int>(ta::errc::unknown_job));
  BOOST_TEST(world.hooks->count("find") == 1U);
}

BOOST_AUTO_TEST_CASE(what_the_store_fails_with_is_everybodys_and_what_one_fails_with_is_its_own) {
  held_store world{"survey"};
  const auto to = mail(world);
  auto held = world.store->survey();
  world.gate->wait_held(1);
  std::optional<std::string> fault = "disk full";
  world.hooks->before = [&](const std::string& verb, std::size_t rows) {
    if (verb != "push")
      return;
    if (fault)
      throw ta::error{ta::errc::store_failed, *fault};
    if (rows > 1)
      throw std::bad_alloc{};
  };
  const auto a = to.push(note, "a"), b = to.push(note, "b");
  world.gate->open();
  for (const auto* each : {&a, &b}) {
    const auto got = each->get();
    BOOST_TEST(code_of(got) == static_cast<int>(ta::errc::store_failed));
    BOOST_TEST(got.error().message == "disk full");
  }
  BOOST_TEST(world.hooks->count("push") == 1U);
  // Now one that fits by itself alone.
  fault.reset();
  test::gate again;
  const auto waits = world.hooks->before;
  world.hooks->before = [&](const std::string& verb, std::size_t rows) {
    if (verb == "survey")
      again.pass();
    waits(verb, rows);
  };
  held = world.store->survey();
  again.wait_held(1);
  const auto c = to.push(note, "c"), d = to.push(note, "d");
  again.open();
  BOOST_TEST(c.get().has_value());
  BOOST_TEST(d.get().has_value());
  BOOST_TEST(world.hooks->count("push") == 4U); // together, then each
}

BOOST_AUTO_TEST_CASE(a_dropped_call_is_made) {
  held_store world{"survey"};
  const auto held = world.store->survey();
  world.gate->wait_held(1);
  mail(world).push(note, "nobody waits");
  world.gate->open();
  BOOST_TEST(world.store->list().get().value().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_thread_of_a_coroutine_is_not_blocked) {
  hooked_store world;
  ta::task_manager tasks;
  const auto body = [](ta::store in) -> ta::task<int> {
    const auto call = in.survey();
    std::error_code why;
    try {
      static_cast<void>(call.get());
    } catch (const ta::error& refused) {
      why = refused.code();
    }
    const auto got = co_await call; // which it didn't take
    co_return why == ta::make_error_code(ta::errc::would_block) && got ? 1 : 2;
  };
  BOOST_TEST(tasks.add_task({}, body, *world.store).value().get() == 1);
}

BOOST_AUTO_TEST_CASE(a_thread_of_the_pool_may_wait) {
  hooked_store world;
  ta::task_manager tasks;
  BOOST_TEST(tasks.run_in_thread({}, surveys, *world.store).value().get());
}

BOOST_AUTO_TEST_CASE(a_cancelled_await_ends_at_once_and_its_call_is_made) {
  held_store world{"push"};
  ta::task_manager tasks;
  const auto begun = std::make_shared<std::latch>(1);
  const auto body = [](ta::job_queue to, std::shared_ptr<std::latch> at) -> ta::task<void> {
    const auto call = to.push(note, "cancelled");
    at->count_down();
    const auto got = co_await call;
  };
  auto h = tasks.add_task({}, body, mail(world), begun).value();
  begun->wait();
  world.gate->wait_held(1);
  h.cancel();
  BOOST_CHECK_THROW(h.get(), ta::task_error); // while the store hangs
  world.gate->open();
  BOOST_TEST(world.store->list().get().value().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_call_is_awaited_again_after_its_awaits_time_was_up) {
  held_store world{"survey"};
  ta::task_manager tasks;
  const auto body = [](ta::store in, std::shared_ptr<test::gate> gate) -> ta::task<bool> {
    const auto call = in.survey();
    bool came = false;
    const auto await = [&]() -> ta::task<void> {
      co_await call;
      came = true;
    };
    co_await ta::move_on_after(5ms, await());
    const bool early = came;
    gate->open();
    const auto got = co_await call;
    co_return !early && got.has_value();
  };
  BOOST_TEST(tasks.add_task({}, body, *world.store, world.gate).value().get());
}

BOOST_AUTO_TEST_CASE(a_store_that_hangs_holds_up_nobody_longer_than_a_call_may_take) {
  held_store world{"survey", {.call_timeout = 200ms, .close_timeout = 1ms}};
  ta::task_manager tasks;
  const auto made = world.store->survey();
  world.gate->wait_held(1);
  auto waits = std::make_optional(mail(world).push(note, "waits"));
  const auto body = [](ta::store in) -> ta::task<int> {
    const auto got = co_await in.survey();
    co_return code_of(got);
  };
  auto h = tasks.add_task({}, body, *world.store).value();
  const auto timed_out = static_cast<int>(ta::errc::store_timed_out);
  const auto first = made.get();
  const auto second = waits->get();
  waits.reset(); // it has a copy of the store
  BOOST_TEST(code_of(first) == timed_out);
  BOOST_TEST(first.error().message.find("isn't known") != std::string::npos);
  BOOST_TEST(code_of(second) == timed_out);
  BOOST_TEST(second.error().message.find("wasn't made") != std::string::npos);
  BOOST_TEST(h.get() == timed_out);
  const auto before = clock::now();
  world.store.reset(); // nor does its end
  BOOST_TEST((clock::now() - before < 10s));
  BOOST_TEST(!world.hooks->gone);
  world.gate->open();
  BOOST_TEST(in_time([&] { return world.hooks->gone.load(); }));
  BOOST_TEST(world.hooks->count("push") == 0U); // it was said so
}

/// A store of which what reads all of it can be made beside the rest: by backends whose calls wait at a gate.
struct store_with_aside : hooked_store {
  explicit store_with_aside(ta::store_options options = {}) : hooked_store(options) {
    beside->before = [at = gate](const auto&, auto) { at->pass(); };
    hooks->beside = [hook = beside, jobs = inside, lock = file] {
      return std::make_unique<hooked_backend>(hook, jobs, lock);
    };
  }
  ~store_with_aside() { gate->open(); }

  std::shared_ptr<test::gate> gate = std::make_shared<test::gate>();
  std::shared_ptr<call_hooks> beside = std::make_shared<call_hooks>();
};

BOOST_AUTO_TEST_CASE(what_reads_all_of_a_store_holds_up_nobody_and_has_no_time_limit) {
  store_with_aside world{{.call_timeout = 2s}};
  const auto first = world.store->check();
  world.gate->wait_held(1);
  const auto second = world.store->check();
  hand_runner runner{world.core()};
  BOOST_TEST(mail(world).push(note, "x").get().has_value());
  BOOST_TEST(runner.claim().size() == 1U);
  test::gate survey;
  world.hooks->before = [&](const auto& verb, auto) {
    if (verb == "survey")
      survey.pass();
  };
  BOOST_TEST(code_of(world.store->survey().get()) == static_cast<int>(ta::errc::store_timed_out));
  BOOST_TEST(!first.ready()); // though it has taken longer than that
  BOOST_TEST(!second.ready());
  BOOST_TEST(world.beside->count("check") == 1U); // one at a time
  survey.open();
  world.gate->open();
  BOOST_TEST(first.get().has_value());
  BOOST_TEST(second.get().has_value());
  BOOST_TEST(world.hooks->count("check") == 0U);
  BOOST_TEST(world.store->check().get().has_value()); // by another thread, or the same
}

BOOST_AUTO_TEST_CASE(what_reads_all_of_a_store_comes_after_what_was_asked_for_before) {
  held_store world{"push"};
  const auto beside = std::make_shared<call_hooks>();
  world.hooks->beside = [&] { return std::make_unique<hooked_backend>(beside, world.inside, world.file); };
  const auto pushed = mail(world).push(note, "x");
  world.gate->wait_held(1);
  const auto checked = world.store->check();
  BOOST_TEST(beside->count("check") == 0U);
  world.gate->open();
  BOOST_TEST(checked.get().has_value());
  BOOST_TEST(pushed.ready());
}

BOOST_AUTO_TEST_CASE(a_store_that_cannot_be_opened_once_more_says_so_to_who_asked) {
  hooked_store world;
  world.hooks->beside = []() -> std::unique_ptr<td::store_backend> {
    throw ta::error{ta::errc::store_unusable, "no more"};
  };
  const auto refused = world.store->check().get();
  BOOST_TEST(code_of(refused) == static_cast<int>(ta::errc::store_unusable));
  BOOST_TEST(refused.error().message == "no more");
  BOOST_TEST(world.store->survey().get().has_value());
}

BOOST_AUTO_TEST_CASE(the_end_of_the_last_copy_waits_for_what_reads_all_of_a_store) {
  store_with_aside world;
  std::optional<ta::store_call<std::vector<std::string>>> checks = world.store->check();
  world.gate->wait_held(1);
  std::thread opens{[&] { world.gate->open(); }};
  world.store.reset();
  BOOST_TEST(world.hooks->gone);
  BOOST_TEST(world.beside->gone);
  BOOST_TEST(checks->get().has_value());
  opens.join();
}

BOOST_AUTO_TEST_CASE(a_claim_that_comes_too_late_gives_its_jobs_back) {
  held_store world{"claim", {.call_timeout = 2s}};
  mail(world).push(note, "x").get().value();
  hand_runner runner{world.core()};
  BOOST_CHECK_EXCEPTION(runner.claim(), std::system_error,
                        [](const auto& why) { return why.code() == ta::errc::store_timed_out; });
  world.gate->open();
  BOOST_TEST(in_time([&] {
    const auto now = world.store->survey().get();
    return now && now->counters.released == 1U;
  }));
  BOOST_TEST(runner.claim().size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_last_copy_waits_for_what_was_begun) {
  hooked_store world;
  std::vector<ta::store_call<ta::pushed<>>> calls;
  for (int i = 0; i < 50; ++i)
    calls.push_back(mail(world).push(note, "x"));
  calls.erase(calls.begin(), calls.begin() + 25);
  for (auto& each : calls) // their jobs have copies of the store
    BOOST_TEST(each.get().has_value());
  calls.clear();
  world.store->survey();
  world.store.reset();
  BOOST_TEST(world.hooks->gone);
  BOOST_TEST(world.hooks->count("survey") == 1U);
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_has_the_last_copy_does_not_wait) {
  held_store world{"survey"};
  ta::task_manager tasks;
  const auto begun = std::make_shared<std::latch>(1);
  auto h = tasks
               .add_task(
                   {},
                   [](std::optional<ta::store> in) -> ta::task<void> {
                     in->survey();
                     in.reset();
                     co_return;
                   },
                   std::exchange(world.store, std::nullopt))
               .value();
  h.get(); // while the store hangs, for less than `close_timeout`
  BOOST_TEST(!world.hooks->gone);
  world.gate->open();
  BOOST_TEST(in_time([&] { return world.hooks->gone.load(); }));
}

BOOST_AUTO_TEST_CASE(who_watches_is_told_until_it_ends) {
  hooked_store world;
  std::atomic<int> told{0};
  auto watch = world.core().watch([&] { ++told; });
  BOOST_TEST(mail(world).push(note, "x").get().has_value());
  BOOST_TEST(in_time([&] { return told == 1; }));
  BOOST_TEST(world.store->survey().get().has_value()); // no news
  BOOST_TEST(told == 1);
  watch.reset();
  BOOST_TEST(mail(world).push(note, "y").get().has_value());
  BOOST_TEST(world.store->survey().get().has_value());
  BOOST_TEST(told == 1);
}

BOOST_AUTO_TEST_CASE(who_watches_is_told_of_what_others_write) {
  hooked_store world;
  std::atomic<int> told{0};
  const auto watch = world.core().watch([&] { ++told; });
  world.is_written_by_others();
  BOOST_TEST(in_time([&] { return told == 1; }));
}

BOOST_AUTO_TEST_CASE(without_a_watch_on_the_folder_it_is_looked_at_once_a_second) {
  hooked_store world{ta::store_options{.watch = false}};
  std::atomic<int> told{0};
  const auto watch = world.core().watch([&] { ++told; });
  ++world.hooks->version;
  BOOST_TEST(in_time([&] { return told == 1; }));
}

BOOST_AUTO_TEST_SUITE_END()
