// No memory, at each place of a store's thread in turn: each call ends, and the store goes on.
#include "queue/hooked_store.hpp"
#include "queue/pushed_tasks.hpp"
#include "support/failing_new.hpp"
#include "support/gate.hpp"

#include <taskactor/queue/job_schedules.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace failing_allocations_of_stores {

using namespace queue_tests;

const std::string long_text(100, 'x'); // no text of this length is kept without memory of its own

/// From the first call that the store's thread makes on, its n-th allocation fails.
class failing_store : public hooked_store {
public:
  /// It looks for ends eight times in its longest time of a call.
  explicit failing_store(bool refuses) : hooked_store({.call_timeout = 400ms}) {
    hooks->before = [this, refuses](const std::string& verb, std::size_t) {
      if (verb == "runners") { // which asks for what has come of it
        has_failed_ = armed_ && test::fails_in == 0;
        test::fails_in = 0;
        return;
      }
      if (n_ != 0) {
        test::fails_in = std::exchange(n_, 0);
        armed_ = true;
      }
      if (refuses && armed_)
        throw ta::error{ta::errc::store_failed, "refused: " + long_text};
    };
  }

  void rest() { armed_ = false; }
  void fail(long n) { n_ = n; }
  /// Since `fail`. Afterwards nothing fails any more.
  bool has_failed() {
    const auto asks
        = [this] { return told_by<std::vector<td::runner_row>>([&](auto tell) { core().runners(tell); }); };
    return asks() ? has_failed_ : asks().has_value(); // the n-th was the question's own
  }

private:
  // Of the store's thread while a call is under way, else of the test's.
  long n_ = 0;
  bool armed_ = false, has_failed_ = false;
};

template <class T>
bool ends(const ta::store_call<T>& call) {
  return call.wait_for(20s);
}

/// A call of a short time may be too late on a slow machine: it is made again, until it is told.
template <class Call>
auto told_in_time(const Call& call) {
  auto got = call().get();
  for (int i = 0; !got && i < 100; ++i)
    got = call().get();
  return std::move(got).value();
}

ta::job_id push(const hooked_store& world) {
  const ta::job_queue queue{*world.store, "queue-" + long_text};
  return told_in_time([&] {
           return queue.push_unchecked({}, "task-" + long_text, nlohmann::json::array({long_text}));
         })
      .job.id();
}

/// A store with a job that has ended, and others that are ready.
struct store_of_jobs : failing_store {
  explicit store_of_jobs(bool refuses) : failing_store(refuses) {
    rest();
    ended = push(*this);
    told_in_time([this] { return store->cancel(ended); });
    ready = push(*this);
    push(*this);
  }
  ta::store_call<td::job_ended> end_of(ta::job_id job) const { return td::end_of(td::core_of(*store), job); }

  ta::job_id ended = 0, ready = 0;
  static constexpr ta::job_id none = 1'000'000'000'000;
};

struct call_of_store {
  const char* name;
  std::function<bool(store_of_jobs&)> ends; // whether it has
};

const std::vector<call_of_store> calls{
    {"push",
     [](auto& world) {
       const ta::job_queue queue{*world.store, long_text};
       return ends(queue.push_unchecked({}, long_text, nlohmann::json::array({long_text})));
     }},
    {"list", [](auto& world) { return ends(world.store->list({})); }},
    {"find", [](auto& world) { return ends(world.store->find(world.ready)); }},
    {"find none", [](auto& world) { return ends(world.store->find(world.none)); }},
    {"info of none", [](auto& world) { return ends(td::info_of(td::core_of(*world.store), world.none)); }},
    {"end of none", [](auto& world) { return ends(world.end_of(world.none)); }},
    {"end of one that has ended", [](auto& world) { return ends(world.end_of(world.ended)); }},
    {"cancel", [](auto& world) { return ends(world.store->cancel(world.ready)); }},
    {"pause", [](auto& world) { return ends(world.store->pause(long_text)); }},
    {"retry all", [](auto& world) { return ends(world.store->retry_all({})); }},
    {"cancel all", [](auto& world) { return ends(world.store->cancel_all({})); }},
    {"prune", [](auto& world) { return ends(world.store->prune()); }},
    {"survey", [](auto& world) { return ends(world.store->survey()); }},
    {"check", [](auto& world) { return ends(world.store->check()); }},
    {"list of schedules", [](auto& world) { return ends(ta::job_schedules{*world.store}.list()); }},
};

/// If there is an end of its job that the call leads to.
const call_of_store end{"end", [](auto& world) {
                          const auto call = world.end_of(world.ready);
                          ends(world.store->cancel(world.ready));
                          ends(world.store->cancel(world.ready)); // the first one may have been refused
                          return ends(call);
                        }};

void try_each_allocation(const call_of_store& call, bool refuses) {
  long n = 1;
  for (bool failed = true; failed && n < 500; ++n)
    BOOST_TEST_CONTEXT(call.name << ", allocation " << n) {
      store_of_jobs world{refuses};
      world.fail(n);
      BOOST_REQUIRE(call.ends(world));
      failed = world.has_failed();
      // On a machine that stands still for a moment it may be too late once.
      BOOST_TEST(in_time([&] { return world.store->survey().get().has_value() != refuses; }));
    }
  BOOST_TEST(n < 500, call.name);
}

} // namespace failing_allocations_of_stores

BOOST_AUTO_TEST_SUITE(failing_allocations)

using namespace failing_allocations_of_stores;

BOOST_AUTO_TEST_CASE(each_call_of_a_store_ends) {
  for (const auto& each : calls)
    try_each_allocation(each, false);
  try_each_allocation(end, false);
}

BOOST_AUTO_TEST_CASE(each_call_that_is_refused_ends) {
  for (const auto& each : calls)
    try_each_allocation(each, true);
}

/// From the end of their call on: what was made can't be made again, nor be told as if it weren't.
BOOST_AUTO_TEST_CASE(calls_that_were_made_together_are_told_so) {
  for (long n = 1; n <= 30; ++n) {
    hooked_store world;
    std::vector<ta::job_id> jobs;
    for (int i = 0; i < 3; ++i)
      jobs.push_back(push(world));
    const auto gate = std::make_shared<test::gate>();
    world.hooks->before = [gate](const std::string& verb, std::size_t) {
      if (verb == "survey")
        gate->pass();
    };
    world.hooks->after = [n](const std::string& verb) {
      if (verb == "control")
        test::fails_in = n;
    };
    const auto held = world.store->survey();
    std::vector<ta::store_call<ta::control_reply>> calls;
    for (const auto each : jobs)
      calls.push_back(world.store->cancel(each));
    gate->open();
    for (const auto& each : calls) {
      const auto said = each.get();
      BOOST_TEST((said && *said == ta::control_reply::done), "allocation " << n);
    }
    BOOST_TEST(world.hooks->calls().back().second == jobs.size(), "they were made together");
  }
}

/// Nobody looks again by itself there.
BOOST_AUTO_TEST_CASE(who_waits_at_a_store_in_memory_is_told_of_a_look_that_fails) {
  hooked_store world;
  const auto job = push(world);
  BOOST_TEST((world.store->cancel(job).get().value() == ta::control_reply::done));
  const ta::store in_memory{std::make_shared<td::store_core>(
      std::make_unique<hooked_backend>(world.hooks, world.inside, world.file), ta::store_options{}, "")};
  bool fails = true;
  world.hooks->before = [&](const std::string& verb, std::size_t) {
    if (verb == "list" && std::exchange(fails, false))
      throw std::bad_alloc{};
  };
  const auto first = td::end_of(td::core_of(in_memory), job);
  BOOST_TEST(first.ready());
  const auto second = td::end_of(td::core_of(in_memory), job);
  BOOST_TEST(second.ready());
  BOOST_TEST((second.get().value().state == ta::job_state::cancelled));
}

BOOST_AUTO_TEST_SUITE_END()
