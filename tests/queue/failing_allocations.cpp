// No memory, at each place of a store's thread in turn: each call ends, and the store goes on.
#include "queue/hooked_store.hpp"
#include "queue/pushed_tasks.hpp"
#include "support/failing_new.hpp"

#include <taskactor/queue/job_schedules.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace failing_allocations_of_stores {

using namespace queue_tests;

const std::string long_text(100, 'x'); // no text of this length is kept without memory of its own

/// From the first call that the store's thread makes on, its n-th allocation fails.
class failing_store : public hooked_store {
public:
  explicit failing_store(bool refuses) {
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

  void fail(long n) {
    armed_ = false;
    n_ = n;
  }
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

/// Each is given a store with some jobs, and says whether its call has ended.
using call_of_store = std::function<bool(failing_store&)>;

ta::job_id push(failing_store& world) {
  const ta::job_queue queue{*world.store, "queue-" + long_text};
  return queue.push_unchecked({}, "task-" + long_text, nlohmann::json::array({long_text}))
      .get()
      .value()
      .job.id();
}

const std::vector<std::pair<const char*, call_of_store>> calls{
    {"push",
     [](failing_store& world) {
       const ta::job_queue queue{*world.store, long_text};
       return ends(queue.push_unchecked({}, long_text, nlohmann::json::array({long_text})));
     }},
    {"list", [](failing_store& world) { return ends(world.store->list({})); }},
    {"find", [](failing_store& world) { return ends(world.store->find(1)); }},
    {"find none", [](failing_store& world) { return ends(world.store->find(1'000'000'000'000)); }},
    {"info of none",
     [](failing_store& world) { return ends(td::info_of(td::core_of(*world.store), 1'000'000'000'000)); }},
    {"end of none",
     [](failing_store& world) { return ends(td::end_of(td::core_of(*world.store), 1'000'000'000'000)); }},
    {"cancel", [](failing_store& world) { return ends(world.store->cancel(1)); }},
    {"pause", [](failing_store& world) { return ends(world.store->pause(long_text)); }},
    {"retry all", [](failing_store& world) { return ends(world.store->retry_all({})); }},
    {"cancel all", [](failing_store& world) { return ends(world.store->cancel_all({})); }},
    {"prune", [](failing_store& world) { return ends(world.store->prune()); }},
    {"survey", [](failing_store& world) { return ends(world.store->survey()); }},
    {"check", [](failing_store& world) { return ends(world.store->check()); }},
    {"list of schedules", [](failing_store& world) { return ends(ta::job_schedules{*world.store}.list()); }},
};

void try_each(bool refuses) {
  for (const auto& [name, call] : calls) {
    failing_store world{refuses};
    for (int i = 0; i < 3; ++i)
      push(world);
    long n = 1;
    for (bool failed = true; failed && n < 500; ++n)
      BOOST_TEST_CONTEXT(name << ", allocation " << n) {
        world.fail(n);
        BOOST_REQUIRE(call(world));
        failed = world.has_failed();
      }
    BOOST_TEST(n < 500, name);
    BOOST_TEST(world.store->survey().get().has_value() != refuses, name);
  }
}

} // namespace failing_allocations_of_stores

BOOST_AUTO_TEST_SUITE(failing_allocations)

using namespace failing_allocations_of_stores;

BOOST_AUTO_TEST_CASE(each_call_of_a_store_ends) { try_each(false); }
BOOST_AUTO_TEST_CASE(each_call_that_is_refused_ends) { try_each(true); }

BOOST_AUTO_TEST_SUITE_END()
