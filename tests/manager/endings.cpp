// The matrix of endings (rules 2, 8, 9, 12, 15): what a body does x how it is ended x who runs it x what it
// stands in: a scope, a group, a further attempt. Each cell says which state the task ends in; for each the
// token comes back, every task has exactly one end, and nothing is left.
#include "lifecycle/bodies.hpp"
#include "support/temporary_directory.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <taskactor/registry.hpp>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>

using namespace test;

BOOST_AUTO_TEST_SUITE(endings)

namespace {

enum class does { returns, throws, hangs, swallows };
enum class end {
  none,
  cancel_before_start,
  cancel_during,
  cancel_after,
  timeout,
  parent_ends,
  shutdown,
  scope_times_out
};
enum class runner { coroutine, thread, command, process };
enum class place { task, fail_after, move_on_after, shield, group, race, second_attempt };

constexpr does all_bodies[] = {does::returns, does::throws, does::hangs, does::swallows};
constexpr end all_ends[] = {end::none,    end::cancel_before_start, end::cancel_during, end::cancel_after,
                            end::timeout, end::parent_ends,         end::shutdown,      end::scope_times_out};
constexpr runner all_runners[] = {runner::coroutine, runner::thread, runner::command, runner::process};

const char* name(does b) {
  constexpr const char* names[] = {"returns", "throws", "hangs", "swallows"};
  return names[static_cast<int>(b)];
}
const char* name(end e) {
  constexpr const char* names[] = {"none",    "cancel before start", "cancel during", "cancel after",
                                   "timeout", "parent ends",         "shutdown",      "its scope's time"};
  return names[static_cast<int>(e)];
}
const char* name(runner r) {
  constexpr const char* names[] = {"coroutine", "thread", "command", "process"};
  return names[static_cast<int>(r)];
}

/// What a thread's body looks at: whether it may go on. Shared, since a thread may be left behind. To a
/// worker's body a file says the same.
struct gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool started = false;
  bool open = false;
  temporary_directory folder;

  void release() {
    const std::lock_guard lock{mutex};
    open = true;
    changed.notify_all();
    std::ofstream{folder / "open"} << "yes";
  }
  void wait_started() {
    std::unique_lock lock{mutex};
    BOOST_REQUIRE(changed.wait_for(lock, 20s, [this] { return started; }));
  }
};

/// Runs for ten virtual seconds, if let.
ta::task<int> coroutine_body(does what) {
  if (what == does::hangs)
    co_await hanging();
  if (what == does::swallows)
    co_await swallowing();
  co_await ta::sleep_for(10s);
  if (what == does::throws)
    throw std::runtime_error{"boom"};
  co_return 1;
}

/// A thread's body: `hangs` is one that heeds its stop token, `swallows` one that heeds nothing but the gate.
int thread_body(std::stop_token stop, does what, std::shared_ptr<gate> door) {
  {
    std::unique_lock lock{door->mutex};
    door->started = true;
    door->changed.notify_all();
    const std::stop_callback wake{stop, [&] { door->changed.notify_all(); }};
    if (what == does::swallows)
      door->changed.wait(lock, [&] { return door->open; });
    else
      while (!door->open && !stop.stop_requested())
        door->changed.wait_for(lock, 1ms);
  }
  ta::this_task::throw_if_cancelled();
  if (what == does::throws)
    throw std::runtime_error{"boom"};
  return 1;
}

ta::task<int> thread_task(does what, std::shared_ptr<gate> door) {
  const int got = co_await ta::run_in_thread(thread_body, what, door);
  co_return got;
}

/// A command's body: a shell that reads a line it never gets, or that traps TERM.
ta::task<int> command_task(does what) {
  const char* script = what == does::returns  ? "exit 0"
                       : what == does::throws ? "exit 3"
                       : what == does::hangs  ? "sleep 1000"
                                              : "trap '' TERM; while :; do sleep 1000; done";
  const auto result = co_await ta::run_command({"sh", "-c", script});
  if (!result.success())
    throw std::runtime_error{result.describe()};
  co_return result.exit_code;
}

/// In a worker, which says by its progress that it has begun. `swallows` is ended by nothing but SIGKILL.
ta::task<int> ending_in_worker(int body, std::string folder) {
  const auto what = static_cast<does>(body);
  if (what == does::swallows)
    std::signal(SIGTERM, SIG_IGN);
  ta::this_task::report_progress(1, 1, {});
  if (what == does::hangs)
    co_await hanging();
  if (what == does::swallows)
    co_await swallowing();
  while (!std::filesystem::exists(folder + "/open"))
    co_await ta::sleep_for(1ms);
  if (what == does::throws)
    throw std::runtime_error{"boom"};
  co_return 1;
}
TASKACTOR_REGISTER(ending_in_worker);

ta::task<int> body_of(runner who, does what, std::shared_ptr<gate> door) {
  switch (who) {
  case runner::coroutine:
    return coroutine_body(what);
  case runner::thread:
    return thread_task(what, std::move(door));
  case runner::process:
    return ta::run_in_process(ending_in_worker, static_cast<int>(what), door->folder.path());
  default:
    return command_task(what);
  }
}

/// The body in its place. `limit`: of its scope.
ta::task<int> placed(place where, std::chrono::seconds limit, runner who, does what,
                     std::shared_ptr<gate> door) {
  auto body = [=] { return body_of(who, what, door); };
  if (where == place::fail_after) {
    const int got = co_await ta::fail_after(limit, body);
    co_return got;
  }
  if (where == place::move_on_after) {
    const auto got = co_await ta::move_on_after(limit, body);
    co_return got.value_or(0);
  }
  if (where == place::shield) {
    const int got = co_await ta::shield(body);
    co_return got;
  }
  if (where == place::group) {
    auto members = [body](ta::task_group& all) -> ta::task<int> {
      auto child = all.add_task({.id = "child", .timeout = 1h}, body).value();
      const int got = co_await child;
      co_return got;
    };
    const int got = co_await ta::with_group(members);
    co_return got;
  }
  if (where == place::race) {
    const auto won = co_await ta::race(body_of(who, what, door), hanging());
    co_return std::get<0>(won);
  }
  if (where == place::second_attempt && ta::this_task::attempt() == 1)
    throw std::runtime_error{"once more"};
  const int got = co_await body();
  co_return got;
}

/// Not every cell exists: what never ends by itself needs an end, and a command that returns at once has no
/// "during".
bool exists(does what, end how, runner who, place where) {
  if (how == end::scope_times_out
      && (what == does::swallows || (where != place::fail_after && where != place::move_on_after)))
    return false; // who swallows the scope's cancellation isn't killed by it
  const bool endless = what == does::hangs || what == does::swallows;
  if (endless && (how == end::none || how == end::cancel_after))
    return false;
  return endless || who != runner::command || how == end::none || how == end::cancel_before_start
         || how == end::cancel_after;
}

ta::state expected(does what, end how, place where) {
  switch (how) {
  case end::scope_times_out: // only the manager's clock makes timed_out (rule 8)
    return where == place::fail_after ? ta::state::failed : ta::state::completed;
  case end::none:
  case end::cancel_after:
    return what == does::returns ? ta::state::completed : ta::state::failed;
  case end::timeout:
    return ta::state::timed_out;
  default:
    return ta::state::cancelled;
  }
}

struct cell {
  does what;
  end how;
  runner who;
  place where;
  virtual_time world{{.capacity = 2, .cancel_grace = 200ms, .history = {.size = 10}}};
  std::shared_ptr<gate> door = std::make_shared<gate>();

  /// Lets real work come to its end while the clock stands still, or moves it a little where a grace has to
  /// pass.
  void run_until(const std::function<bool()>& done) {
    for (int i = 0; i < 20'000 && !done(); ++i) {
      world.settle();
      if (done())
        return;
      if (i % 3 == 2)
        world.advance(10ms);
      world.wait_for_wake(1ms); // a real process or thread needs real time to end
    }
  }

  /// A worker's start takes real time, and none of the clock's.
  void wait_for_progress() {
    const auto begun = [&] {
      const auto all = world.tasks.task_status();
      return std::any_of(all.begin(), all.end(), [](const auto& each) { return each.progress.done == 1; });
    };
    for (int i = 0; i < 20'000 && !begun(); ++i) {
      world.wait_for_wake(1ms);
      world.settle();
    }
    BOOST_REQUIRE(begun());
  }

  void start() {
    world.settle();
    if (where == place::second_attempt)
      world.advance(1ms); // the wait before it is the clock's, if it is of no time
    if (who == runner::thread)
      door->wait_started();
    if (who == runner::process)
      wait_for_progress();
    if (who == runner::command)
      world.run_until([&] { return world.tasks.statistics().process.in_use == 1; });
  }

  ta::handle<int> submit() {
    const auto limit = how == end::scope_times_out ? 3s : std::chrono::seconds{3600};
    ta::task_options options{.id = "it", .timeout = how == end::timeout ? 3s : std::chrono::seconds{3600}};
    if (where == place::second_attempt)
      options.retry = ta::retry{.max_attempts = 2, .backoff = {.first = 0s}};
    if (how != end::parent_ends)
      return world.tasks.add_task(std::move(options), placed, where, limit, who, what, door).value();
    auto parent
        = [](place p, std::chrono::seconds l, runner r, does b, std::shared_ptr<gate> d) -> ta::task<int> {
      if (p == place::second_attempt) { // items have none of their own
        if (ta::this_task::attempt() == 1)
          throw std::runtime_error{"once more"};
        p = place::task;
      }
      const std::vector one{b};
      auto body = [p, l, r, d](does inner) { return placed(p, l, r, inner, d); };
      auto all = co_await ta::gather({}, body, one);
      co_return all[0].value();
    };
    return world.tasks.add_task(std::move(options), parent, where, limit, who, what, door).value();
  }

  void run() {
    auto h = submit();
    switch (how) {
    case end::cancel_before_start:
      h.cancel();
      break;
    case end::cancel_during:
    case end::parent_ends:
      start();
      h.cancel();
      break;
    case end::timeout:
      start();
      world.advance(3s);
      BOOST_TEST(h.finished()); // answered at the deadline, whatever the body does
      break;
    case end::scope_times_out:
      start();
      world.advance(3s);
      break;
    case end::shutdown:
      start();
      break;
    default:
      door->release();
      world.run_until([&] { return h.finished(); });
      if (how == end::cancel_after)
        BOOST_CHECK(h.cancel() == ta::cancel_reply::finished);
    }
    world.set_patience(20ms);
    if (how == end::shutdown)
      (void)world.tasks.shutdown({.drain = 0s, .cancel = 200ms, .kill = 100ms});
    else
      run_until([&] { return h.finished(); });
    BOOST_CHECK(h.state() == expected(what, how, where));
    door->release(); // what was left behind comes to its end
    run_until([&] { return world.tasks.statistics().running == 0; });
    const auto facts = world.tasks.statistics();
    BOOST_TEST(facts.global.in_use == 0u);
    BOOST_TEST(facts.thread.in_use == 0u);
    BOOST_TEST(facts.process.in_use == 0u);
    BOOST_TEST(facts.overrunning == 0u);
    BOOST_TEST(facts.completed + facts.failed + facts.cancelled + facts.timed_out == facts.submitted);
    BOOST_TEST((where == place::group || where == place::race || facts.submitted == 1u));
    BOOST_TEST(world.tasks.task_status().size() == 0u);
  }
};

/// Returns how many cells there were.
int run_all(place where) {
  int cells = 0;
  for (const auto who : all_runners)
    for (const auto what : all_bodies)
      for (const auto how : all_ends)
        if (exists(what, how, who, where))
          BOOST_TEST_CONTEXT(name(who) << " that " << name(what) << ", ended by " << name(how)) {
            cell{what, how, who, where}.run();
            ++cells;
          }
  return cells;
}

} // namespace

BOOST_AUTO_TEST_CASE(of_a_task) { BOOST_TEST(run_all(place::task) == 88); }

BOOST_AUTO_TEST_CASE(in_fail_after) { BOOST_TEST(run_all(place::fail_after) == 98); }

BOOST_AUTO_TEST_CASE(in_move_on_after) { BOOST_TEST(run_all(place::move_on_after) == 98); }

BOOST_AUTO_TEST_CASE(in_a_shield) { BOOST_TEST(run_all(place::shield) == 88); }

BOOST_AUTO_TEST_CASE(of_a_groups_child) { BOOST_TEST(run_all(place::group) == 88); }

BOOST_AUTO_TEST_CASE(of_a_racer) { BOOST_TEST(run_all(place::race) == 88); }

BOOST_AUTO_TEST_CASE(of_a_further_attempt) { BOOST_TEST(run_all(place::second_attempt) == 88); }

BOOST_AUTO_TEST_SUITE_END()
