// What becomes of a job, for who waits for its end: in tasks, on threads, in another program.
#include "queue/hooked_store.hpp"
#include "queue/pushed_tasks.hpp"
#include "support/gate.hpp"

#include <taskactor/remote_error.hpp>
#include <taskactor/taskactor.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace outcomes {

using namespace queue_tests;

struct world {
  ta::task_manager tasks;
  hooked_store here;
  ta::job_queue mail{*here.store, "mail"};
  hand_runner runner{here.core()};

  ta::job<std::string> push(const ta::push_options& options = {}) const {
    return mail.push(options, send_letter, "ann", 1).get().value().job;
  }
  template <class T>
  ta::outcome<T> awaited(const ta::job<T>& which) {
    const auto body = [](ta::job<T> of) -> ta::task<ta::outcome<T>> { co_return co_await of.outcome(); };
    return tasks.add_task({}, body, which).value().get();
  }
};

template <class T>
std::error_code code_of(const ta::outcome<T>& how) {
  try {
    how.value();
  } catch (const std::system_error& why) {
    return why.code();
  } catch (...) { // NOLINT: it has none
  }
  return {};
}

} // namespace outcomes

BOOST_FIXTURE_TEST_SUITE(outcomes, ::outcomes::world)

using namespace ::outcomes;

BOOST_AUTO_TEST_CASE(a_job_that_has_succeeded_gives_its_value) {
  const auto job = push();
  BOOST_TEST(!job.wait(0s));
  runner.end_next(td::claim_end::succeeded, R"("done\u0000so")");
  const std::string expected{"done\0so", 7};
  BOOST_TEST(job.wait(20s).value().value() == expected);
  BOOST_TEST(awaited(job).value() == expected);
  BOOST_TEST(awaited(ta::job<ta::json>{*here.store, job.id()}).value() == ta::json(expected));
  BOOST_TEST(awaited(ta::job<>{*here.store, job.id()}).has_value());
  BOOST_TEST(job.info().get().value().state == ta::job_state::succeeded);
  BOOST_TEST(job.details().get().value().result.size() == 14U);
}

BOOST_AUTO_TEST_CASE(who_awaits_it_is_woken_without_a_look) {
  const auto job = push();
  const auto body = [](ta::job<std::string> of) -> ta::task<std::string> {
    const auto how = co_await of.outcome();
    co_return how.value();
  };
  auto h = tasks.add_task({}, body, job).value();
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (here.hooks->count("list") == 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  runner.end_next(td::claim_end::succeeded, R"("x")");
  BOOST_TEST(h.get() == "x");
  BOOST_TEST(here.hooks->count("find") == 0U);
}

BOOST_AUTO_TEST_CASE(each_other_end_is_a_tasks) {
  const auto failed = push();
  runner.end_next(td::claim_end::failed, {}, "std::runtime_error: no route");
  const auto how = awaited(failed);
  BOOST_TEST(how.state() == ta::state::failed);
  BOOST_CHECK_EXCEPTION(how.value(), ta::remote_error, [](const auto& e) {
    return e.what() == std::string{"std::runtime_error: no route"};
  });

  const auto cancelled = push();
  BOOST_TEST(cancelled.cancel().get().value() == ta::control_reply::done);
  BOOST_TEST(awaited(cancelled).state() == ta::state::cancelled);

  const auto quarantined = push();
  runner.end_next(td::claim_end::quarantined, {}, "killed by SIGSEGV");
  BOOST_TEST((code_of(awaited(quarantined)) == ta::make_error_code(ta::errc::quarantined)));

  const auto expired = push({.expires = 0s});
  BOOST_TEST(runner.claim().empty());
  const auto late = awaited(expired);
  BOOST_TEST(late.state() == ta::state::timed_out);
  BOOST_TEST((code_of(late) == ta::make_error_code(ta::errc::job_expired)));
}

BOOST_AUTO_TEST_CASE(an_end_that_cannot_be_known_is_a_failure) {
  const ta::job<std::string> none{*here.store, 4711};
  BOOST_TEST((code_of(awaited(none)) == ta::make_error_code(ta::errc::unknown_job)));
  BOOST_TEST(static_cast<int>(none.info().get().error().code) == static_cast<int>(ta::errc::unknown_job));

  const auto forgotten = push({.keep = 0s});
  runner.end_next(td::claim_end::succeeded, R"("x")");
  BOOST_TEST(here.store->survey().get().has_value()); // those who waited have been told
  BOOST_TEST((code_of(awaited(forgotten)) == ta::make_error_code(ta::errc::unknown_job)));

  const auto number = push();
  runner.end_next(td::claim_end::succeeded, "17");
  BOOST_TEST((code_of(awaited(number)) == ta::make_error_code(ta::errc::bad_arguments)));
  const auto none_at_all = push();
  runner.end_next(td::claim_end::succeeded, "{");
  BOOST_TEST((code_of(awaited(none_at_all)) == ta::make_error_code(ta::errc::bad_arguments)));
}

BOOST_AUTO_TEST_CASE(a_removed_job_is_unknown_to_who_waits) {
  const auto job = push();
  const auto body = [](ta::job<std::string> of) -> ta::task<ta::outcome<std::string>> {
    co_return co_await of.outcome();
  };
  auto h = tasks.add_task({}, body, job).value();
  BOOST_TEST(here.store->remove(job.id()).get().value() == ta::control_reply::done);
  BOOST_TEST((code_of(h.get()) == ta::make_error_code(ta::errc::unknown_job)));
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_leaves_the_job_alone) {
  const auto job = push();
  const auto body = [](ta::job<std::string> of) -> ta::task<bool> {
    const auto early = co_await ta::move_on_after(5ms, of.outcome());
    co_return early.has_value();
  };
  BOOST_TEST(!tasks.add_task({}, body, job).value().get());
  BOOST_TEST(job.info().get().value().state == ta::job_state::ready);
  runner.end_next(td::claim_end::succeeded, R"("x")");
  BOOST_TEST(awaited(job).value() == "x");
}

BOOST_AUTO_TEST_CASE(a_coroutine_does_not_wait_as_a_thread) {
  const auto body = [](ta::job<std::string> of) -> ta::task<bool> {
    try {
      static_cast<void>(of.wait(1s));
    } catch (const ta::error& why) {
      co_return why.code() == ta::make_error_code(ta::errc::would_block);
    }
    co_return false;
  };
  BOOST_TEST(tasks.add_task({}, body, push()).value().get());
}

BOOST_AUTO_TEST_CASE(an_end_in_another_program_is_seen) {
  for (const bool watch : {true, false}) {
    BOOST_TEST_CONTEXT((watch ? "by the watch" : "once a second")) {
      const hooked_store there{here, {.watch = watch}};
      const auto job = push();
      const ta::job<std::string> seen_there{*there.store, job.id()};
      BOOST_TEST(!seen_there.wait(0s));
      auto waits = tasks
                       .add_task(
                           {},
                           [](ta::job<std::string> of) -> ta::task<std::string> {
                             co_return (co_await of.outcome()).value();
                           },
                           seen_there)
                       .value();
      runner.end_next(td::claim_end::succeeded, R"("x")");
      ++there.hooks->version;
      std::ofstream{*there.folder / "jobs.db-wal"} << "x";
      BOOST_TEST(waits.get() == "x");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_store_that_cannot_be_read_for_a_moment_ends_no_wait) {
  const auto job = push();
  std::atomic<int> faults{2};
  here.hooks->before = [&](const std::string& verb, std::size_t) {
    if (verb == "list" && faults-- > 0)
      throw ta::error{ta::errc::store_failed, "busy"};
  };
  runner.end_next(td::claim_end::succeeded, R"("x")");
  BOOST_TEST(job.wait(20s).value().value() == "x"); // at the third look
  faults = 100;
  BOOST_TEST((code_of(*job.wait(20s)) == ta::make_error_code(ta::errc::store_failed)));
}

BOOST_AUTO_TEST_CASE(thousands_are_waited_for_by_few_looks) {
  constexpr std::size_t many = 2000;
  const std::vector<std::string> texts(many, "x");
  const auto all = mail.push_all({}, note, texts).get().value();
  const auto until_all_wait = std::make_shared<test::gate>();
  here.hooks->before = [until_all_wait](const std::string& verb, std::size_t) {
    if (verb == "list")
      until_all_wait->pass();
  };
  std::vector<ta::store_call<td::job_ended>> waits;
  for (const auto& each : all)
    waits.push_back(td::end_of(td::core_of(*here.store), each.job.id()));
  until_all_wait->open();
  for (const auto& one : runner.claim(many))
    runner.end(one, td::claim_end::succeeded, "null");
  for (const auto& each : waits)
    BOOST_TEST((each.get().value().state == ta::job_state::succeeded));
  BOOST_TEST(here.hooks->count("list") < many / 10);
}

BOOST_AUTO_TEST_SUITE_END()
