// Results with several owners: threads and tasks copy, drop, take, read, await and join handles of each
// other's tasks, while managers come and go. Each value is right when it is seen, and all of them are freed
// once.
#include "stress.hpp"

#include <spdlog/logger.h>

#include <array>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

namespace stress {

namespace {

/// Knows whether it is whole.
class value {
public:
  explicit value(std::uint32_t of) : text_(40, 'x'), number_(of) { ++alive; }
  value(const value& from) : text_(from.text_), number_(from.number_) { ++alive; }
  value(value&& from) noexcept : text_(std::move(from.text_)), number_(std::exchange(from.number_, 0)) {
    ++alive;
  }
  value& operator=(const value&) = delete;
  ~value() { --alive; }
  bool is(std::uint32_t of) const { return number_ == of && text_ == std::string(40, 'x'); }
  static inline std::atomic<std::int64_t> alive{0};

private:
  std::string text_;
  std::uint32_t number_;
};

constexpr std::uint32_t number = 7;
constexpr std::uint32_t kinds = 8;

ta::task<value> made(std::uint32_t kind) {
  if (kind % 2 == 0)
    co_await ta::yield();
  if (kind % 4 == 3)
    throw std::runtime_error{"on purpose"};
  co_return value{number};
}

/// True: what is seen of it is right.
ta::task<bool> awaits(ta::handle<value> h, std::uint32_t kind) {
  if (kind % 2 == 0) {
    const auto& end = co_await h.outcome();
    co_return !end || end->is(number);
  }
  const auto end = co_await std::move(h).outcome();
  co_return !end || end->is(number);
}

class playground {
public:
  explicit playground(std::chrono::steady_clock::time_point end) : end_(end) {
    for (auto& each : managers_)
      each = std::make_shared<ta::task_manager>(options());
  }

  void play(std::uint32_t seed) {
    dice random{seed};
    while (std::chrono::steady_clock::now() < end_) {
      auto h = one(random);
      for (auto left = roll(random, 4); left != 0 && h; --left)
        use(random, h);
      keep(random, std::move(h));
    }
  }
  void clear() {
    for (auto& each : kept_)
      each = {};
    for (auto& each : managers_)
      each = {};
  }
  std::atomic<std::uint64_t> wrong{0}, seen{0};

private:
  static ta::manager_options options() {
    return {.max_queue = 100'000, .logger = std::make_shared<spdlog::logger>("quiet")};
  }

  template <class T, std::size_t N>
  static T& any(dice& random, std::array<T, N>& of) {
    return of[roll(random, static_cast<unsigned>(N))];
  }
  /// A copy of what somebody has kept; or of a task that is there already, or begins.
  ta::handle<value> one(dice& random) {
    if (roll(random, 2) == 0) {
      const std::lock_guard lock{mutex_};
      if (const auto& found = any(random, kept_))
        return found;
    }
    std::shared_ptr<ta::task_manager> tasks;
    {
      const std::lock_guard lock{mutex_};
      tasks = any(random, managers_);
    }
    const auto kind = roll(random, kinds);
    return tasks
        ->add_task({.id = "x" + std::to_string(kind), .admission = {.on_duplicate = ta::on_duplicate::join}},
                   made, kind)
        .value();
  }
  void use(dice& random, ta::handle<value>& h) {
    switch (roll(random, 7)) {
    case 0:
      check(h.wait_outcome());
      break;
    case 1:
      check(std::move(h).wait_outcome());
      break;
    case 2:
      if (const auto* end = h.try_outcome())
        check(*end);
      break;
    case 3:
      h.cancel();
      break;
    case 4:
      h.wait_for(std::chrono::microseconds{roll(random, 100)});
      break;
    case 5: {
      std::shared_ptr<ta::task_manager> tasks;
      {
        const std::lock_guard lock{mutex_};
        tasks = any(random, managers_);
      }
      const auto waits = tasks->add_task({}, awaits, h, roll(random, 2)).value();
      if (roll(random, 2) == 0 && !waits.wait_outcome().value())
        ++wrong;
      break;
    }
    default:
      if (roll(random, 50) == 0)
        replace_manager(random);
    }
  }
  void keep(dice& random, ta::handle<value> h) {
    const std::lock_guard lock{mutex_};
    any(random, kept_) = std::move(h); // what was there is dropped
  }
  void replace_manager(dice& random) {
    auto fresh = std::make_shared<ta::task_manager>(options());
    const std::lock_guard lock{mutex_};
    any(random, managers_).swap(fresh);
  }
  void check(const ta::outcome<value>& end) {
    ++seen;
    if (end ? !end->is(number) : !end.error().cause() && end.state() != ta::state::cancelled)
      ++wrong;
  }

  const std::chrono::steady_clock::time_point end_;
  std::mutex mutex_; // what follows
  std::array<std::shared_ptr<ta::task_manager>, 2> managers_;
  std::array<ta::handle<value>, 16> kept_;
};

} // namespace

std::vector<std::string> owners(std::uint32_t seed, std::chrono::seconds time) {
  playground all{std::chrono::steady_clock::now() + time};
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < 4; ++i)
      threads.emplace_back([&, i] { all.play(seed * 4 + i + 1); });
  }
  all.clear();
  std::cout << "owners: " << all.seen << " outcomes\n";
  std::vector<std::string> wrong;
  if (all.wrong != 0)
    wrong.push_back(std::to_string(all.wrong) + " outcomes that are neither right nor failed");
  if (value::alive != 0)
    wrong.push_back(std::to_string(value::alive) + " values left");
  return wrong;
}

} // namespace stress
