#include "virtual_time.hpp"

#include "run/runtime.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace test {

virtual_time::virtual_time(ta::manager_options options)
    : owner([&] {
        system_.advance_to(now() + 1h);
        return std::make_unique<ta::task_manager>(system_.get(), std::move(options));
      }()),
      tasks(*owner) {
  ta::detail::runtime_of(tasks).set_wait_strategy(
      [this](std::unique_lock<std::mutex>& lock, std::condition_variable&, const std::function<bool()>& done,
             std::chrono::steady_clock::time_point until) {
        lock.unlock();
        run_until([&] {
          const std::lock_guard guard{*lock.mutex()};
          return done() || now() >= until;
        });
        lock.lock();
      });
}

virtual_time::~virtual_time() { owner.reset(); }

void virtual_time::settle() {
  if (!system_.drain())
    throw std::runtime_error{"virtual time: the jobs never end"};
}

void virtual_time::advance(std::chrono::nanoseconds duration) {
  settle();
  const auto end = now() + duration;
  for (auto due = system_.next_due(); due && *due <= end; due = system_.next_due()) {
    system_.advance_to(*due);
    settle();
  }
  system_.advance_to(end);
  settle();
}

bool virtual_time::jump() {
  const auto due = system_.next_due();
  if (due)
    system_.advance_to(*due);
  settle();
  return due.has_value();
}

void virtual_time::run_until(const std::function<bool()>& done) {
  for (;;) {
    settle();
    if (done())
      return;
    const auto facts = tasks.statistics();
    const bool real_work = facts.thread.in_use + facts.process.in_use != 0;
    if (real_work && system_.wait_for_job(patience))
      continue;
    if (!jump() && !system_.wait_for_job(100ms))
      throw std::runtime_error{"virtual time: deadlock, nothing is due and nothing runs"};
  }
}

void virtual_time::wait_for_wake(std::chrono::milliseconds bound) { (void)system_.wait_for_job(bound); }

std::chrono::steady_clock::time_point virtual_time::now() const { return system_.now(); }

} // namespace test
