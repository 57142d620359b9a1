// A nightly batch of ten jobs that wait for each other, in a file: one hangs, one fails twice. What fails
// ends only what depends on it, and the next run does only what is missing.
#include <taskactor/queue.hpp>
#include <taskactor/taskactor.hpp>

#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

using texts = std::vector<std::string>;

bool index_hangs = true;

ta::task<int> step(std::string name) {
  if (name == "load" && ta::this_task::attempt() <= 2)
    throw std::runtime_error{"no connection"};
  if (name == "index" && index_hangs)
    co_await ta::sleep_for(1h);
  const auto parents = co_await ta::this_job::parents(); // what they gave is kept for this one
  int steps = 1;
  for (const auto& each : parents.value()) {
    const auto how = co_await each.outcome();
    steps = std::max(steps, how ? how->get<int>() + 1 : 1);
  }
  co_return steps;
}
TASKACTOR_REGISTER(step);

int main() {
  const auto file
      = std::filesystem::temp_directory_path() / ("nightly-" + std::to_string(::getpid()) + ".db");
  {
    const ta::store store{file.string()};
    const ta::job_queue work{store, "work"};
    const ta::push_options usual{.timeout = 2s, .tags = {"nightly"}};
    auto patient = usual;
    patient.retry = ta::job_retry{.max_attempts = 3, .backoff = {.first = 10ms}};

    ta::job_flow nightly{store};
    const auto load = nightly.add(work, patient, step, "load");
    const auto clean = nightly.add_all(work, usual, step, texts{"names", "places", "dates"});
    const auto merge = nightly.add(work, usual, step, "merge");
    const auto views = nightly.add_all(work, usual, step, texts{"index", "sums", "pictures"});
    const auto publish = nightly.add(work, usual, step, "publish");
    const auto report = nightly.add(work, usual, step, "report");
    for (const auto& each : clean)
      nightly.chain({load, each});
    nightly.after(merge, clean);
    for (const auto& each : views)
      nightly.chain({merge, each});
    nightly.after(publish, views);
    nightly.after(report, {publish}, ta::on_failure::run);
    const auto made = nightly.push().get().value(); // all ten, or none

    ta::task_manager tasks;
    const ta::job_runner runner{tasks, store, {.queues = {{"work", 4}}}};
    std::cout << "reported: " << made.job(report).wait()->has_value() << '\n';
    for (const auto& each : made.jobs())
      if (const auto info = each.info().get().value(); info.state != ta::job_state::succeeded)
        std::cout << info.state << ": " << info.error << '\n';

    index_hangs = false; // somebody has mended it
    const auto again = store.retry_all({.states = {ta::job_state::failed}, .tag = "nightly"}).get().value();
    std::cout << "begun again: " << again.done << '\n';
    std::cout << "published after " << made.job(publish).wait()->value() << " steps in a row, "
              << store.survey().get().value().counters.claimed << " attempts in all\n";
  }
  for (const auto* const part : {"", "-wal", "-shm"})
    std::filesystem::remove(file.string() + part);
}

// Output:
// reported: 1
// failed: timed out: ran too long (limit 2 s)
// cancelled: its parent, job ..., has failed
// begun again: 1
// published after 5 steps in a row, 13 attempts in all
