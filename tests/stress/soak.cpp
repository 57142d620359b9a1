// The soak: a manager with little capacity under a random mixture from eight threads; then nothing may be
// left.
#include "stress.hpp"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <array>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace stress {

namespace {

constexpr unsigned submitters = 8, keys = 16, kept = 8;

ta::manager_options little() {
  ta::manager_options options;
  options.capacity = 6;
  options.thread_capacity = 4;
  options.max_queue = 96; // so little that it is full again and again
  options.default_timeout = 5s;
  options.cancel_grace = 10ms;
  options.history.size = 64;
  options.priority_aging = 5ms;
  options.logger
      = std::make_shared<spdlog::logger>("stress", std::make_shared<spdlog::sinks::null_sink_mt>());
  return options;
}

bool is_end(ta::event_kind kind) noexcept {
  return kind == ta::event_kind::completed || kind == ta::event_kind::failed
         || kind == ta::event_kind::cancelled || kind == ta::event_kind::timed_out;
}

/// End events, in all and by id: "t17" is admitted at most once, "k3" as often as it is counted to be.
/// Those of other ids (children, ids that are joined) count in all only.
class ends {
public:
  explicit ends(std::size_t tasks) : by_task_(tasks), admitted_task_(tasks) {}

  void operator()(const ta::task_event& what) {
    if (!is_end(what.kind))
      return;
    seen.fetch_add(1);
    if (what.kind == ta::event_kind::cancelled && what.text.ends_with("shed from a full queue"))
      shed.fetch_add(1);
    if (what.kind == ta::event_kind::cancelled && what.text.ends_with("replaced by another task of its id"))
      replaced.fetch_add(1);
    if (what.id.find('/') != std::string::npos)
      return;
    if (what.id[0] == 'k')
      by_key_.at(std::stoul(what.id.substr(1))).fetch_add(1);
    else if (what.id[0] == 't' && what.id.compare(0, 5, "task-") != 0)
      by_task_.at(std::stoul(what.id.substr(1))).fetch_add(1);
  }
  void admitted(std::size_t task) { ++admitted_task_.at(task); }
  void admitted_key(std::size_t key) { admitted_key_.at(key).fetch_add(1); }

  void check(std::vector<std::string>& wrong) const {
    for (std::size_t i = 0; i < by_task_.size(); ++i)
      if (by_task_[i] != admitted_task_[i])
        wrong.push_back("task t" + std::to_string(i) + " has " + std::to_string(by_task_[i]) + " end events");
    for (std::size_t i = 0; i < keys; ++i)
      if (by_key_[i] != admitted_key_[i])
        wrong.push_back("key k" + std::to_string(i) + ": " + std::to_string(by_key_[i]) + " end events of "
                        + std::to_string(admitted_key_[i]) + " tasks");
  }

  std::atomic<std::uint64_t> seen{0}, shed{0}, replaced{0};
  std::atomic<std::uint64_t> waited{0}; // for room, and in vain

private:
  std::vector<std::atomic<std::uint8_t>> by_task_;
  std::vector<std::atomic<std::uint8_t>> admitted_task_;
  std::array<std::atomic<std::uint64_t>, keys> by_key_{}, admitted_key_{};
};

/// One thread's part of the load.
class submitter {
public:
  submitter(ta::task_manager& tasks, ends& counts, std::uint32_t seed)
      : tasks_(tasks), counts_(counts), random_(seed) {}

  void submit(std::size_t index) {
    auto options = any_options(random_);
    const auto seed = static_cast<std::uint32_t>(random_());
    const auto key = roll(random_, keys);
    const auto choice = roll(random_, 16);
    options.id = (choice == 0  ? 'j' + std::to_string(key)
                  : choice < 3 ? 'k' + std::to_string(key)
                               : 't' + std::to_string(index));
    if (choice < 3)
      options.admission.on_duplicate = choice == 0 ? ta::on_duplicate::join : ta::on_duplicate::replace;
    auto made = tasks_.add_task(std::move(options), any_body, seed, &tasks_, witness{});
    if (!made) {
      if (made.error().code == ta::errc::queue_full
          && made.error().message.find(", for ") != std::string::npos)
        counts_.waited.fetch_add(1);
      return;
    }
    if (choice == 1 || choice == 2)
      counts_.admitted_key(key);
    else if (choice != 0)
      counts_.admitted(index);
    meddle(*made);
  }

private:
  void meddle(const ta::handle<int>& task) {
    auto& chosen = kept_[roll(random_, kept)];
    switch (roll(random_, 12)) {
    case 0:
      (void)task.cancel();
      break;
    case 1:
      (void)tasks_.cancel_task(task.id());
      break;
    case 2:
      if (chosen)
        (void)chosen->cancel();
      chosen = task;
      break;
    case 3:
      (void)task.wait_for(moment(random_, 1000));
      break;
    case 4:
      (void)task.wait_outcome();
      break;
    case 5:
      if (roll(random_, 20) == 0)
        (void)tasks_.cancel_and_wait(task.id());
      break;
    case 6:
      look(task.id());
      break;
    case 7:
      if (roll(random_, 50) == 0)
        resize();
      break;
    default:
      break; // the handle is dropped
    }
  }
  void look(const std::string& id) {
    (void)tasks_.find(id);
    (void)tasks_.explain(id);
    if (roll(random_, 20) == 0)
      (void)tasks_.task_status();
  }
  void resize() {
    tasks_.resize("db", 2 + roll(random_, 3));
    tasks_.resize(ta::limiter_kind::global, 2 + roll(random_, 6));
    tasks_.resize(ta::limiter_kind::thread, 1 + roll(random_, 4));
    tasks_.set_rate("mail", {.count = 20'000 + roll(random_, 50'000), .burst = 3 + roll(random_, 20)});
  }

  ta::task_manager& tasks_;
  ends& counts_;
  dice random_;
  std::array<std::optional<ta::handle<int>>, kept> kept_;
};

std::size_t in_use(const ta::manager_statistics& facts) {
  auto sum = facts.global.in_use + facts.thread.in_use + facts.process.in_use;
  for (const auto& [name, limiter] : facts.limits)
    sum += limiter.in_use + limiter.waiting;
  return sum;
}

/// Everything that was admitted comes to its end by itself. False: not within half a minute.
bool comes_to_rest(ta::task_manager& tasks, const ends& counts) {
  const auto give_up = std::chrono::steady_clock::now() + 30s;
  for (;;) {
    const auto facts = tasks.statistics();
    if (facts.waiting + facts.running + facts.overrunning + in_use(facts) == 0
        && counts.seen == facts.submitted + facts.items) // items have events of their own
      return true;
    if (std::chrono::steady_clock::now() > give_up)
      return false;
    std::this_thread::sleep_for(5ms);
  }
}

void load(ta::task_manager& tasks, ends& counts, std::uint32_t seed, std::size_t from, std::size_t to) {
  std::atomic<std::size_t> next{from};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < submitters; ++i)
    threads.emplace_back([&, own = seed * submitters + i + 1] {
      submitter me{tasks, counts, own};
      for (auto index = next++; index < to; index = next++) {
        me.submit(index);
        if (index % 64 == 0) // the queue of the observer is large, not endless
          while (tasks.statistics().submitted > counts.seen + 20'000)
            std::this_thread::sleep_for(1ms);
      }
    });
  for (auto& each : threads)
    each.join();
}

void check_rest(ta::task_manager& tasks, const ends& counts, std::vector<std::string>& wrong) {
  if (!comes_to_rest(tasks, counts)) {
    const auto facts = tasks.statistics();
    wrong.push_back("no rest: " + std::to_string(facts.waiting) + " wait, " + std::to_string(facts.running)
                    + " run, " + std::to_string(facts.overrunning) + " overrun, "
                    + std::to_string(in_use(facts)) + " tokens out or waited for; "
                    + std::to_string(counts.seen) + " end events of " + std::to_string(facts.submitted)
                    + " tasks");
    for (const auto& each : tasks.task_status())
      wrong.push_back("left: " + each.id + ' ' + std::string{to_string(each.state)});
  }
  counts.check(wrong);
  const auto facts = tasks.statistics();
  if (facts.events_dropped != 0)
    wrong.push_back(std::to_string(facts.events_dropped) + " events were dropped: nothing can be counted");
  if (facts.submitted != facts.completed + facts.failed + facts.cancelled + facts.timed_out)
    wrong.emplace_back("the ends that are counted are not as many as the tasks");
}

} // namespace

std::vector<std::string> soak(const soak_options& options) {
  const auto count = options.tasks != 0 ? options.tasks : sanitized ? 8'000 : 30'000;
  std::vector<std::string> wrong;
  const auto begin = std::chrono::steady_clock::now();
  caf::actor_system_config config;
  ta::task_manager::configure(config);
  caf::actor_system system{config};
  const auto actors = system.registry().running();
  const auto threads = status_field("Threads");
  std::size_t warm = 0, end = 0;
  {
    ends counts{count};
    ta::task_manager tasks{system, little()};
    add_limiters(tasks);
    const auto watching
        = tasks.observe([&](const ta::task_event& what) { counts(what); }, {.queue = 1'000'000});
    load(tasks, counts, options.seed, 0, count / 4);
    warm = resident_kilobytes();
    load(tasks, counts, options.seed + 1, count / 4, count);
    check_rest(tasks, counts, wrong);
    end = resident_kilobytes();
    const auto facts = tasks.statistics();
    std::cout << "soak: seed " << options.seed << ": " << facts.submitted << " tasks and " << facts.items
              << " items in "
              << std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() << " s; "
              << facts.completed << " completed, " << facts.failed << " failed, " << facts.cancelled
              << " cancelled, " << facts.timed_out << " timed out, " << facts.rejected << " rejected, "
              << facts.overruns << " overruns, " << counts.shed << " shed, " << counts.replaced
              << " replaced, " << counts.waited << " without room in time; resident " << warm << " kB warm, "
              << end << " kB at the end\n";
    const std::pair<const char*, std::uint64_t> kinds[]
        = {{"completed", facts.completed}, {"failed", facts.failed},      {"cancelled", facts.cancelled},
           {"timed out", facts.timed_out}, {"items", facts.items},        {"rejected", facts.rejected},
           {"shed", counts.shed},          {"replaced", counts.replaced}, {"without room", counts.waited}};
    for (const auto& [name, count_of_it] : kinds)
      if (count_of_it == 0)
        wrong.push_back(std::string{"the mixture has no more of one kind: "} + name);
    if (!tasks.shutdown().clean())
      wrong.emplace_back("the shutdown has left something behind");
  }
  if (witness::alive != 0)
    wrong.push_back(std::to_string(witness::alive) + " bodies are left");
  if (system.registry().running() != actors)
    wrong.push_back(std::to_string(system.registry().running() - actors) + " actors are left");
  for (int i = 0; i < 6000 && status_field("Threads") > threads; ++i)
    std::this_thread::sleep_for(5ms); // a detached actor's thread ends after the actor
  if (status_field("Threads") > threads)
    wrong.push_back(std::to_string(status_field("Threads") - threads) + " detached actors are left");
  if (!sanitized && end > warm + resident_slack_kilobytes)
    wrong.push_back("resident memory has grown by " + std::to_string(end - warm) + " kB");
  return wrong;
}

/// Managers that are shut down in the middle of it: impatiently, in stages that overlap with everything else.
std::vector<std::string> shutdowns(const soak_options& options) {
  const auto rounds = options.tasks != 0 ? options.tasks : sanitized ? 40 : 150;
  std::vector<std::string> wrong;
  dice random{options.seed};
  std::uint64_t submitted = 0;
  for (std::size_t round = 0; round < rounds && wrong.empty(); ++round) {
    constexpr std::size_t count = 1500;
    ends counts{count};
    {
      ta::task_manager tasks{little()};
      add_limiters(tasks);
      const auto watching
          = tasks.observe([&](const ta::task_event& what) { counts(what); }, {.queue = 1'000'000});
      std::thread loading{
          [&, seed = static_cast<std::uint32_t>(random())] { load(tasks, counts, seed, 0, count); }};
      std::this_thread::sleep_for(moment(random, 20'000));
      const ta::shutdown_options bounds{moment(random, 5000), moment(random, 20'000), 30s};
      const auto report = tasks.shutdown(bounds);
      for (const auto& id : report.not_ended)
        wrong.push_back("round " + std::to_string(round) + ": not ended: " + id);
      loading.join();
      check_rest(tasks, counts, wrong);
      submitted += tasks.statistics().submitted;
    }
    if (witness::alive != 0)
      wrong.push_back("round " + std::to_string(round) + ": " + std::to_string(witness::alive)
                      + " bodies are left");
  }
  std::cout << "shutdowns: seed " << options.seed << ": " << rounds << " managers, " << submitted
            << " tasks\n";
  return wrong;
}

} // namespace stress
