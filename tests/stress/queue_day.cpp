// A day of a queue, in virtual time.
#include "queue_stress.hpp"

#include <taskactor/registry.hpp>
#include <taskactor/testing.hpp>

#include <spdlog/spdlog.h>

#include <iostream>
#include <stdexcept>

#include <sys/resource.h>

namespace queue_stress {

namespace {

constexpr int snoozes_one_of = 50, fails_one_of = 20, minutes_of_a_day = 24 * 60;

std::vector<std::uint8_t> day_begins; // by the jobs' numbers

bool snoozes(int number) { return number % snoozes_one_of == 7; }
bool fails(int number) { return number % fails_one_of == 3; }

ta::task<int> day_part(int number) {
  const auto begins = ++day_begins.at(static_cast<std::size_t>(number));
  if (begins == 1 && snoozes(number))
    ta::this_task::retry_after(10min);
  co_await ta::sleep_for(std::chrono::milliseconds{number % 4000});
  if (begins == 1 && fails(number))
    throw std::runtime_error{"the first time"};
  co_return number;
}
TASKACTOR_REGISTER_AS(day_part, "day_part");

::rusage used_so_far() {
  ::rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used;
}

/// Each minute's share, half of it for later.
void push_day(ta::testing::manager& world, const ta::store& jobs, std::size_t count, dice& random) {
  const ta::job_queue work{jobs, "work"};
  std::size_t pushed = 0;
  for (int minute = 0; minute < minutes_of_a_day; ++minute) {
    const auto until = count * static_cast<std::size_t>(minute + 1) / minutes_of_a_day;
    for (const bool later : {false, true}) {
      std::vector<int> numbers;
      for (const auto share = later ? until : pushed + (until - pushed) / 2; pushed < share; ++pushed)
        numbers.push_back(static_cast<int>(pushed));
      const ta::push_options how{.delay = later ? std::chrono::seconds{random() % 3600} : 0s,
                                 .priority = static_cast<int>(random() % 10),
                                 .retry = ta::job_retry{.max_attempts = 3, .backoff = {.first = 30s}},
                                 .keep = 1h};
      if (!numbers.empty())
        work.push_all(how, day_part, numbers).get().value();
    }
    world.advance(1min);
  }
}

} // namespace

/// So many jobs in 24 hours, of which some fail, some are snoozed, and half are for later; two runners, in
/// memory.
std::vector<std::string> day(const test_options& options) {
  const auto count = options.count != 0 ? options.count : 50'000;
  std::vector<std::string> faults;
  dice random{options.seed};
  day_begins.assign(count, 0);
  const auto since = std::chrono::steady_clock::now();
  ta::testing::manager world{{.manager = {.capacity = 256,
                                          .default_timeout = ta::no_timeout,
                                          .logger = std::make_shared<spdlog::logger>("taskactor")}}};
  const ta::store jobs{world.tasks()};
  std::vector<std::unique_ptr<ta::job_runner>> runners;
  for (const auto* name : {"first", "second"})
    runners.push_back(std::make_unique<ta::job_runner>(
        world.tasks(), jobs, ta::job_runner_options{.queues = {{"work", 64}}, .name = name}));
  push_day(world, jobs, count, random);
  world.advance(2h); // the last delays, snoozes and retries
  std::uint64_t failed = 0, snoozed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const int number = static_cast<int>(i);
    snoozed += snoozes(number) ? 1 : 0;
    failed += fails(number) && !snoozes(number) ? 1 : 0;
    const unsigned wanted = snoozes(number) || fails(number) ? 2 : 1;
    if (day_begins[i] != wanted)
      faults.push_back("job " + std::to_string(number) + " was run " + std::to_string(day_begins[i])
                       + " times, not " + std::to_string(wanted));
  }
  const auto counters = counters_of(jobs);
  expect(faults, "succeeded", counters.succeeded, count);
  expect(faults, "failed attempts", counters.retried, failed);
  expect(faults, "snoozes", counters.snoozed, snoozed);
  expect(faults, "losses, late and repeated ends", counters.lost + counters.stale + counters.repeated, 0);
  for (const auto& each : runners) {
    const auto ran = each->statistics();
    if (ran.succeeded == 0)
      faults.push_back(ran.name + " has done nothing");
  }
  world.advance(2h); // nothing is kept any longer
  expect(faults, "jobs that are kept", jobs.list().get().value().size(), 0);
  check_at_rest(jobs, faults);
  const auto time = std::chrono::floor<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since);
  const auto used = used_so_far(); // a busy machine takes longer, and needs as much
  std::cout << count << " jobs in a day: " << time.count() << " ms, of which it had a processor for "
            << (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000
                   + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000
            << " ms; " << world.steps() << " runs of actors, " << used.ru_maxrss / 1024
            << " MB resident at most\n";
  for (const auto& each : runners)
    each->stop();
  return faults;
}

} // namespace queue_stress
