// Flows of jobs, run by a runner in virtual time: chains, groups and what comes after them; what a body knows
// of its parents; and what is refused.
#include "queue/runner_world.hpp"

#include <taskactor/queue.hpp>

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace flows {

using namespace test;

int number(int given) { return given; }
ta::task<int> sum_of_parents(std::string) {
  const auto parents = co_await ta::this_job::parents();
  int sum = 0;
  for (const auto& each : parents.value()) {
    const auto how = co_await each.outcome();
    if (how)
      sum += how->get<int>();
  }
  co_return sum;
}
ta::task<std::int64_t> own_id() { co_return ta::this_job::id(); }
int failing(std::string why) { throw std::runtime_error{why}; }

TASKACTOR_REGISTER_AS(number, "flows.number");
TASKACTOR_REGISTER_AS(sum_of_parents, "flows.sum_of_parents");
TASKACTOR_REGISTER_AS(own_id, "flows.own_id");
TASKACTOR_REGISTER_AS(failing, "flows.failing");

ta::errc code_of(const ta::job_flow& flow) {
  const auto made = flow.push().get();
  return made ? ta::errc{} : made.error().code;
}
std::string message_of(const ta::job_flow& flow) {
  const auto made = flow.push().get();
  return made ? "" : made.error().message;
}

} // namespace flows

BOOST_AUTO_TEST_SUITE(flows)

using namespace ::flows;

BOOST_AUTO_TEST_CASE(one_after_a_group_has_what_the_group_gave) {
  runner_world w;
  const auto runner = w.run(4);
  ta::job_flow flow{w.jobs};
  const std::vector<int> given{1, 2, 3, 4, 5};
  const auto group = flow.add_all(w.queue, {}, number, given);
  const auto sum = flow.add(w.queue, sum_of_parents, "of the group");
  const auto again = flow.add(w.queue, sum_of_parents, "of the sum");
  flow.after(sum, group);
  flow.chain({sum, again});
  const auto made = flow.push().get().value();
  BOOST_TEST(made.size() == 7U);
  BOOST_TEST((w.state(made.job(sum)) == ta::job_state::blocked));
  BOOST_TEST(w.end_of(made.job(again)).value() == 15);
  BOOST_TEST(w.end_of(made.job(sum)).value() == 15);
  BOOST_TEST(made.jobs().back().id() == made.job(again).id());
}

BOOST_AUTO_TEST_CASE(an_empty_group_is_over_at_once) {
  runner_world w;
  const auto runner = w.run();
  ta::job_flow flow{w.jobs};
  const auto group = flow.add_all(w.queue, {}, number, std::vector<int>{});
  const auto sum = flow.add(w.queue, sum_of_parents, "of none");
  flow.after(sum, group);
  BOOST_TEST(w.end_of(flow.push().get().value().job(sum)).value() == 0);
  const auto none = ta::job_flow{w.jobs}.push().get();
  BOOST_TEST(none.value().size() == 0U);
}

BOOST_AUTO_TEST_CASE(who_waits_for_one_that_is_ended_by_its_parent_is_told) {
  runner_world w;
  const auto runner = w.run();
  ta::job_flow flow{w.jobs};
  const auto bad = flow.add(w.queue, failing, "no luck");
  const auto last = flow.add(w.queue, number, 1);
  const auto anyway = flow.add(w.queue, sum_of_parents, "whatever it was");
  flow.chain({bad, last});
  flow.after(anyway, {bad, last}, ta::on_failure::run);
  const auto made = flow.push().get().value();
  const auto body = [](ta::job<int> which) -> ta::task<std::string> {
    const auto how = co_await which.outcome();
    co_return how ? "a value" : std::string{ta::to_string(how.error().state())};
  };
  auto waits = w.time.tasks.add_task({}, body, made.job(last)).value();
  w.time.run_until([&] { return waits.finished(); });
  BOOST_TEST(waits.get() == "cancelled");
  BOOST_TEST(w.end_of(made.job(anyway)).value() == 0);
  BOOST_TEST(made.job(last).info().get().value().error
             == "its parent, job " + std::to_string(made.job(bad).id()) + ", has failed");
}

BOOST_AUTO_TEST_CASE(a_body_knows_its_job) {
  runner_world w;
  const auto runner = w.run();
  const auto job = w.queue.push(own_id).get().value().job;
  BOOST_TEST(w.end_of(job).value() == job.id());
  const auto outside = []() -> ta::task<int> {
    const auto id = ta::this_job::id();
    co_return static_cast<int>(id);
  };
  auto h = w.time.tasks.add_task({}, outside).value();
  w.time.run_until([&] { return h.finished(); });
  try {
    h.get();
    BOOST_ERROR("a task that is no job has an id of one");
  } catch (const ta::error& why) {
    BOOST_TEST((why.code() == ta::errc::not_in_task));
  }
}

BOOST_AUTO_TEST_CASE(a_flow_that_is_pushed_again_is_pushed_once) {
  runner_world w;
  ta::job_flow flow{w.jobs};
  const auto first = flow.add(w.queue, number, 1), second = flow.add(w.queue, number, 2);
  flow.chain({first, second});
  const auto made = flow.push().get().value(), again = flow.push().get().value();
  BOOST_TEST(made.job(first).id() == again.job(first).id());
  BOOST_TEST(w.jobs.survey().get().value().counters.pushed == 2U);
}

BOOST_AUTO_TEST_CASE(after_jobs_of_the_store) {
  runner_world w;
  const auto before = w.queue.push(number, 3).get().value().job;
  ta::push_options options;
  options.after = std::vector<ta::job_parent>{before};
  const auto child = w.queue.push(options, sum_of_parents, "of one").get().value().job;
  BOOST_TEST((w.state(child) == ta::job_state::blocked));
  const auto runner = w.run();
  BOOST_TEST(w.end_of(child).value() == 3);
}

BOOST_AUTO_TEST_CASE(what_is_refused_says_which_step_and_pushes_nothing) {
  runner_world w;
  const auto expect = [&](const ta::job_flow& flow, ta::errc code, const std::string& message) {
    BOOST_CHECK(code_of(flow) == code);
    BOOST_TEST(message_of(flow) == message);
  };
  {
    ta::job_flow flow{w.jobs};
    const auto first = flow.add(w.queue, number, 1), second = flow.add(w.queue, number, 2);
    flow.after(first, {second});
    flow.after(second, {second});
    expect(flow, ta::errc::invalid_argument,
           "after: step 1 after step 2: a step runs after those that were added before it");
  }
  {
    ta::job_flow flow{w.jobs}, other{w.jobs};
    const auto first = flow.add(w.queue, number, 1), foreign = other.add(w.queue, number, 2);
    flow.after(first, {foreign});
    expect(flow, ta::errc::invalid_argument, "after: a step of another flow, or of none");
    const auto made = other.push().get().value();
    BOOST_CHECK_THROW(made.job(first), ta::error);
  }
  {
    ta::job_flow flow{w.jobs};
    flow.add(w.queue, number, 1);
    flow.add(w.queue, {.priority = 12}, number, 1);
    expect(flow, ta::errc::invalid_argument, "step 2: priority: 12; give 0 (first) to 9 (last)");
  }
  {
    virtual_time other;
    ta::job_flow flow{w.jobs};
    flow.add(ta::job_queue{ta::store{other.tasks}, "q"}, number, 1);
    expect(flow, ta::errc::invalid_argument, "step 1: the queue \"q\" is one of another store than the flow");
  }
  {
    ta::push_options options;
    options.after = std::vector<ta::job_parent>{17, 17};
    const auto twice = w.queue.push(options, number, 1).get();
    BOOST_TEST(twice.error().message == "after: job 17 is there twice");
    options.after = std::vector<ta::job_parent>{17};
    const auto none = w.queue.push(options, number, 1).get();
    BOOST_CHECK(none.error().code == ta::errc::unknown_parent);
    BOOST_TEST(none.error().message
               == "after: job 17: there is none of this id, or it isn't kept any longer");
  }
  BOOST_TEST(w.jobs.survey().get().value().counters.pushed == 1U); // `other`'s
}

BOOST_AUTO_TEST_SUITE_END()
