// run_in_process: values and errors to a worker and back, and what becomes of a call whose worker dies.
#include <boost/test/unit_test.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace worker_calls {

int half_of(int n) {
  if (n % 2 != 0)
    throw std::domain_error{"odd"};
  return n / 2;
}
ta::task<std::string> greet_later(std::string name) {
  co_await ta::sleep_for(1ms);
  ta::this_task::report_progress(1, 2, "half way");
  co_return "hello, " + name;
}
void nothing() {}
std::vector<std::byte> reversed(const std::vector<std::byte>& bytes) {
  return {bytes.rbegin(), bytes.rend()};
}
int process_id() { return static_cast<int>(::getpid()); }

// NOLINTBEGIN: they do what a program must not do
int overflow(int depth) {
  volatile char frame[4096]{};
  frame[depth % 4096] = 1;
  if (depth == 1 << 24)
    return 0;
  return overflow(depth + 1) + frame[(depth + 1) % 4096];
}
void die(const std::string& how) {
  if (how == "segv")
    ::raise(SIGSEGV);
  else if (how == "abort")
    std::abort();
  else if (how == "exit")
    ::_exit(7);
  else if (how == "kill")
    ::kill(::getpid(), SIGKILL);
  else if (how == "terminate")
    std::thread{[] { throw std::runtime_error{"nobody catches this"}; }}.join();
  else if (how == "stack")
    static_cast<void>(overflow(0));
  else if (how == "garbage")
    for (int fd = 10; fd < 64; ++fd) {
      const char bytes[] = "\xFF\xFF\xFF\xFF and more";
      static_cast<void>(::write(fd, bytes, sizeof bytes));
    }
  ::pause();
}
// NOLINTEND
ta::task<void> wait_for_ever() {
  for (;;)
    co_await ta::sleep_for(1h);
}
ta::task<void> ignore_cancellation() {
  for (;;)
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
    }
}
void ignore_terminate() {
  std::signal(SIGTERM, SIG_IGN);
  for (;;)
    ::pause();
}
/// Its conversions throw what is no std::exception.
struct unwilling {
  int step = 0;
};
void to_json(ta::json& to, const unwilling& from) {
  if (from.step == 2)
    throw 42; // NOLINT
  to = from.step;
}
void from_json(const ta::json& from, unwilling& to) {
  to.step = from.get<int>();
  if (to.step == 1)
    throw "no"; // NOLINT
}
unwilling unwillingly(unwilling what) { return {what.step + 2}; }
ta::task<unwilling> unwillingly_later(unwilling what) { co_return unwilling{what.step + 2}; }
int not_registered(int n) { return n; }

TASKACTOR_REGISTER(half_of);
TASKACTOR_REGISTER(greet_later);
TASKACTOR_REGISTER(nothing);
TASKACTOR_REGISTER(unwillingly);
TASKACTOR_REGISTER(unwillingly_later);
TASKACTOR_REGISTER(reversed);
TASKACTOR_REGISTER(process_id);
TASKACTOR_REGISTER(die);
TASKACTOR_REGISTER(wait_for_ever);
TASKACTOR_REGISTER(ignore_cancellation);
TASKACTOR_REGISTER(ignore_terminate);

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

template <class F, class... Args>
auto outcome_of(ta::task_manager& tasks, ta::task_options options, F f, Args... args) {
  return tasks.run_in_process(std::move(options), f, std::move(args)...).value().wait_outcome();
}

} // namespace worker_calls

BOOST_AUTO_TEST_SUITE(worker_calls)

BOOST_AUTO_TEST_CASE(values_cross_and_come_back) {
  ta::task_manager tasks;
  BOOST_TEST(tasks.run_in_process({}, half_of, 42).value().get() == 21);
  BOOST_TEST(tasks.run_in_process({}, greet_later, "world").value().get() == "hello, world");
  tasks.run_in_process({}, nothing).value().get();
  const std::vector<std::byte> bytes{std::byte{1}, std::byte{0}, std::byte{255}};
  BOOST_CHECK(tasks.run_in_process({}, reversed, bytes).value().get()
              == std::vector<std::byte>(bytes.rbegin(), bytes.rend()));
  const std::vector<std::byte> many(5'000'000, std::byte{7});
  BOOST_CHECK(tasks.run_in_process({}, reversed, many).value().get() == many);
  BOOST_TEST(tasks.statistics().workers.calls == 5u);
  BOOST_TEST(tasks.statistics().workers.started <= tasks.statistics().process.capacity);
}

BOOST_AUTO_TEST_CASE(a_worker_outlives_conversions_that_throw_anything) {
  ta::task_manager tasks{{.process_capacity = 1}};
  const auto before = tasks.run_in_process({}, process_id).value().get();
  for (int step : {0, 1, 2, 3}) {
    const unwilling what{step};
    const auto plain = outcome_of(tasks, {}, unwillingly, what);
    const auto later = outcome_of(tasks, {}, unwillingly_later, what);
    BOOST_TEST(plain.has_value() == (step == 3));
    BOOST_TEST(later.has_value() == (step == 3));
  }
  const auto after = tasks.run_in_process({}, process_id).value().get();
  BOOST_TEST(after == before);
  BOOST_TEST(tasks.statistics().workers.lost == 0u);
}

BOOST_AUTO_TEST_CASE(a_body_awaits_calls_and_a_worker_is_used_again) {
  ta::task_manager tasks{{.process_capacity = 1}};
  auto body = []() -> ta::task<int> {
    std::set<int> seen;
    for (int i = 0; i < 10; ++i) {
      const int pid = co_await ta::run_in_process(process_id);
      seen.insert(pid);
    }
    co_return seen.size() == 1 ? *seen.begin() : 0;
  };
  const int pid = tasks.add_task({}, body).value().get();
  BOOST_TEST(pid != 0);
  BOOST_TEST(pid != ::getpid());
  BOOST_TEST(tasks.statistics().workers.idle == 1u);
}

BOOST_AUTO_TEST_CASE(a_gather_over_processes_keeps_the_order) {
  ta::task_manager tasks;
  std::vector<int> numbers(200);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto all = tasks.gather(
      {.concurrency = 8}, [](int n) { return ta::run_in_process(half_of, n * 2); }, numbers);
  for (std::size_t i = 0; i < all.size(); ++i)
    BOOST_TEST(*all[i] == numbers[i]);
}

BOOST_AUTO_TEST_CASE(what_a_body_throws_comes_back_in_words_and_the_worker_stays) {
  ta::task_manager tasks{{.process_capacity = 1}};
  const auto odd = outcome_of(tasks, {}, half_of, 3);
  BOOST_TEST(odd.error().message() == "failed: taskactor::remote_error: std::domain_error: odd");
  BOOST_TEST(tasks.run_in_process({}, half_of, 4).value().get() == 2);
  BOOST_TEST(tasks.statistics().workers.started == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_not_registered_is_an_error_that_says_how_to) {
  ta::task_manager tasks;
  const auto unknown = outcome_of(tasks, {}, not_registered, 3);
  BOOST_TEST(unknown.error().message().find("TASKACTOR_REGISTER") != std::string::npos);
  BOOST_TEST(tasks.statistics().workers.started == 0u);
}

BOOST_AUTO_TEST_CASE(whatever_a_worker_dies_of_its_call_says_so_and_the_next_has_another) {
  ta::task_manager tasks{{.process_capacity = 1}};
  const std::pair<const char*, const char*> deaths[]
      = { {"segv", "killed by signal 11 (SEGV)"},
          {"abort", "killed by signal 6 (ABRT)"},
          {"exit", "exit code 7"},
          {"kill", "killed by signal 9 (KILL)"},
          {"terminate", "killed by signal 6"},
          {"garbage", "it sent what is no frame"},
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
          {"stack", "killed by signal 11 (SEGV)"},
#endif
        };
  for (const auto& [how, said] : deaths) {
    const auto before = tasks.statistics().workers;
    const auto lost = outcome_of(tasks, {}, die, std::string{how});
    BOOST_CHECK(lost.state() == ta::state::failed);
    const auto text = lost.error().message();
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    BOOST_TEST(text.find(said) != std::string::npos, how << ": " << text);
#endif
    BOOST_CHECK_THROW(lost.value(), ta::worker_lost);
    BOOST_TEST(tasks.run_in_process({}, half_of, 8).value().get() == 4);
    BOOST_TEST(tasks.statistics().workers.lost == before.lost + 1);
  }
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_body_that_awaits_and_spares_its_worker) {
  ta::task_manager tasks{{.process_capacity = 1, .cancel_grace = 1min}};
  const auto late = outcome_of(tasks, {.timeout = 50ms}, wait_for_ever);
  BOOST_CHECK(late.state() == ta::state::timed_out);
  BOOST_TEST(tasks.run_in_process({}, half_of, 2).value().get() == 1);
  BOOST_TEST(tasks.statistics().workers.started == 1u);
  BOOST_TEST(tasks.statistics().workers.lost == 0u);
}

BOOST_AUTO_TEST_CASE(a_call_that_is_stopped_before_its_body_begins_spares_its_worker_too) {
  ta::task_manager tasks{{.process_capacity = 1, .cancel_grace = 1min}};
  for (int round = 0; round < 10; ++round) { // the first: the worker finds the call and its end together
    const auto late = outcome_of(tasks, {.timeout = 1ms}, wait_for_ever);
    BOOST_CHECK(late.state() == ta::state::timed_out);
  }
  BOOST_TEST(tasks.run_in_process({}, half_of, 2).value().get() == 1);
  BOOST_TEST(tasks.statistics().workers.started == 1u);
}

BOOST_AUTO_TEST_CASE(a_cancellation_ends_what_swallows_it_by_a_signal) {
  ta::task_manager tasks{{.process_capacity = 1, .cancel_grace = 400ms}};
  for (const auto f :
       {+[](ta::task_manager& t) { return t.run_in_process({.id = "x"}, ignore_cancellation); },
        +[](ta::task_manager& t) { return t.run_in_process({.id = "x"}, ignore_terminate); }}) {
    auto h = f(tasks).value();
    while (tasks.statistics().workers.busy == 0)
      std::this_thread::yield();
    BOOST_CHECK(tasks.cancel_and_wait("x") == ta::cancel_reply::requested);
    BOOST_CHECK(h.wait_outcome().state() == ta::state::cancelled);
    BOOST_TEST(tasks.run_in_process({}, half_of, 2).value().get()
               == 1); // has the token again: the worker is gone
  }
}

BOOST_AUTO_TEST_CASE(a_call_that_is_cancelled_before_its_token_never_starts) {
  ta::task_manager tasks{{.process_capacity = 0}};
  auto h = tasks.run_in_process({.id = "x"}, half_of, 2).value();
  BOOST_CHECK(tasks.cancel_and_wait("x") == ta::cancel_reply::requested);
  BOOST_CHECK(h.wait_outcome().state() == ta::state::cancelled);
  BOOST_TEST(tasks.statistics().workers.started == 0u);
}

BOOST_AUTO_TEST_CASE(a_worker_ends_after_so_many_calls_or_so_long_without_one) {
  ta::task_manager tasks{{.process_capacity = 1, .workers = {.idle_limit = 30ms, .max_calls = 2}}};
  std::vector<int> ids;
  ids.reserve(4);
  for (int i = 0; i < 4; ++i)
    ids.push_back(tasks.run_in_process({}, process_id).value().get());
  BOOST_TEST(ids[0] != ids[2]);
  tasks.run_in_process({}, nothing).value().get();
  for (auto now = tasks.statistics().workers; now.idle + now.busy != 0; now = tasks.statistics().workers)
    std::this_thread::yield();
  BOOST_TEST(tasks.statistics().workers.lost == 0u);
}

BOOST_AUTO_TEST_CASE(a_thousand_calls_and_fifty_deaths_leave_no_descriptor) {
  std::size_t before = 0;
  {
    ta::task_manager tasks;
    tasks.run_in_process({}, nothing).value().get();
    before = open_descriptors();
    std::vector<int> numbers(1050);
    std::iota(numbers.begin(), numbers.end(), 0);
    auto body = [](int n) -> ta::task<int> {
      if (n % 21 == 0)
        co_await ta::run_in_process(die, "exit");
      co_return co_await ta::run_in_process(half_of, 2 * n);
    };
    const auto all = tasks.gather({.concurrency = 16}, body, numbers);
    for (std::size_t i = 0; i < all.size(); ++i)
      BOOST_TEST(all[i].has_value() == (i % 21 != 0));
    BOOST_TEST(tasks.statistics().workers.lost == 50u);
    BOOST_TEST(tasks.statistics().process.in_use == 0u);
    // Each worker has four, and the watchdog one.
    BOOST_TEST(open_descriptors() <= before + 4 * tasks.statistics().process.capacity);
  }
  BOOST_TEST(open_descriptors() < before);
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_what_runs_in_workers) {
  ta::task_manager tasks;
  auto h = tasks.run_in_process({}, ignore_cancellation).value();
  while (tasks.statistics().workers.busy == 0)
    std::this_thread::yield();
  const auto report = tasks.shutdown({.drain = 0s, .cancel = 10ms, .kill = 10s});
  BOOST_TEST(report.clean());
  BOOST_CHECK(h.wait_outcome().state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_SUITE_END()
