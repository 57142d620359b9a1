/// Runners over a store in memory, in virtual time, and the jobs that tests give them.
#pragma once

#include "support/virtual_time.hpp"

#include <taskactor/queue/drain.hpp>
#include <taskactor/queue/job_queue.hpp>
#include <taskactor/queue/job_runner.hpp>
#include <taskactor/queue/store.hpp>
#include <taskactor/registry.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// What the bodies of jobs do, by the name that a job is given: a job has no captures.
class job_script {
public:
  using step = std::function<ta::task<int>(int)>;

  static job_script& of_this_test() {
    static job_script the_one;
    return the_one;
  }
  /// For the time of a test.
  class scope {
  public:
    explicit scope(std::map<std::string, step> steps) { of_this_test().set(std::move(steps)); }
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    ~scope() { of_this_test().set({}); }
  };
  step find(const std::string& name) {
    const std::lock_guard lock{mutex_};
    return steps_.at(name);
  }

private:
  void set(std::map<std::string, step> steps) {
    const std::lock_guard lock{mutex_};
    steps_ = std::move(steps);
  }

  std::mutex mutex_;
  std::map<std::string, step> steps_;
};

/// Registered as "scripted".
ta::task<int> scripted(std::string name, int argument);

struct runner_world {
  explicit runner_world(ta::manager_options options = {})
      : time(std::move(options)), jobs(time.tasks), queue(jobs, "work") {}

  std::unique_ptr<ta::job_runner> run(std::size_t slots = 1, std::string name = "runner") {
    return std::make_unique<ta::job_runner>(
        time.tasks, jobs, ta::job_runner_options{.queues = {{"work", slots}}, .name = std::move(name)});
  }
  ta::job<int> push(const std::string& name, int argument = 0, const ta::push_options& options = {}) {
    return queue.push(options, scripted, name, argument).get().value().job;
  }
  ta::job_details details(const ta::job<int>& which) { return which.details().get().value(); }
  /// Lets time go by until it has ended.
  template <class T>
  ta::outcome<T> end_of(const ta::job<T>& which) {
    time.run_until([&] { return ta::is_final(which.info().get().value().state); });
    return which.wait().value();
  }
  /// A store counts microseconds: what it delays is less than one late.
  std::chrono::milliseconds elapsed() const {
    return std::chrono::floor<std::chrono::milliseconds>(time.elapsed());
  }
  ta::job_state state(const ta::job<int>& which) { return details(which).info.state; }

  virtual_time time;
  ta::store jobs;
  ta::job_queue queue;
};

} // namespace test
