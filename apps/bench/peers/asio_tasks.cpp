/// A peer of taskactor-bench: standalone Asio, its awaitables on one thread as its documentation has them,
/// and its thread_pool.
///
/// The manager is one as one writes it on Asio: ids that are checked, states, a deadline for each task, and
/// so many at once. It lacks locks, and so callers on other threads: more threads make tasks as small as
/// these slower.
#include "peer.hpp"

#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>

#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>

using namespace bench;
using asio::awaitable;
using asio::use_awaitable;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t capacity = 128, sleepers = 2000, threads = 32;

/// Handed on: each body runs where its manager does.
using executor = asio::any_io_executor;

awaitable<std::size_t> same(executor, std::size_t number) { co_return number; }

awaitable<void> sleep_for(executor where, std::chrono::nanoseconds time) {
  asio::steady_timer timer{where, time};
  co_await timer.async_wait(use_awaitable);
}

awaitable<std::size_t> nap(executor where, std::size_t number) {
  co_await sleep_for(where, 10ms);
  co_return number;
}

using body = awaitable<std::size_t> (*)(executor, std::size_t);

/// A task with a deadline: a timer that cancels it. Throws `operation_aborted` when it has.
awaitable<std::size_t> in_time(executor where, body what, std::size_t number) {
  const auto cancelled = std::make_shared<asio::cancellation_signal>();
  asio::steady_timer deadline{where, 30s};
  deadline.async_wait([cancelled](asio::error_code error) {
    if (!error)
      cancelled->emit(asio::cancellation_type::terminal);
  });
  co_return co_await asio::co_spawn(where, what(where, number),
                                    asio::bind_cancellation_slot(cancelled->slot(), use_awaitable));
}

/// Items one after the other, as long as there are any.
awaitable<void> chain(executor where, std::size_t& next, results& all, std::size_t size) {
  while (next < size) {
    const auto number = next++;
    all[number] = co_await in_time(where, same, number);
  }
}

void rethrow(std::exception_ptr error) {
  if (error)
    std::rethrow_exception(error);
}

struct entry {
  std::string id;
  body what;
  std::size_t number;
  enum class state : std::uint8_t { queued, running, completed, failed } now = state::queued;
  std::size_t value = 0;
  std::exception_ptr error{};
};

class manager {
public:
  manager(asio::io_context& context, std::size_t at_once) : context_(context), places_(at_once) {}

  /// Null when the id is taken.
  std::shared_ptr<entry> add(std::string id, body what, std::size_t number) {
    auto task = std::make_shared<entry>(entry{std::move(id), what, number});
    if (!table_.emplace(task->id, task).second)
      return nullptr;
    waiting_.push_back(task);
    start();
    return task;
  }

private:
  void start() {
    for (; places_ > 0 && !waiting_.empty(); waiting_.pop_front(), --places_) {
      auto& task = waiting_.front();
      task->now = entry::state::running;
      asio::co_spawn(context_, in_time(context_.get_executor(), task->what, task->number),
                     [this, task](std::exception_ptr error, std::size_t value) { end(*task, error, value); });
    }
  }
  void end(entry& task, std::exception_ptr error, std::size_t value) {
    task.now = error ? entry::state::failed : entry::state::completed;
    task.error = std::move(error);
    task.value = value;
    table_.erase(task.id);
    ++places_;
    start();
  }

  asio::io_context& context_;
  std::size_t places_;
  std::unordered_map<std::string, std::shared_ptr<entry>> table_;
  std::deque<std::shared_ptr<entry>> waiting_;
};

sample run_tasks(body what, std::size_t size, std::size_t at_once) {
  asio::io_context context{1};
  manager tasks{context, at_once};
  std::vector<std::shared_ptr<entry>> entries;
  entries.reserve(size);
  const stopwatch watch;
  for (std::size_t i = 0; i < size; ++i)
    entries.push_back(tasks.add("t" + std::to_string(i), what, i));
  context.run();
  for (std::size_t i = 0; i < size; ++i) {
    rethrow(entries[i]->error);
    check_equal(entries[i]->value, i);
  }
  return watch.read();
}

// -- the works: see ../work.cpp ---------------------------------------------

sample run_add(std::size_t size) { return run_tasks(same, size, capacity); }
sample run_sleep(std::size_t size) { return run_tasks(nap, size, sleepers); }

/// Chains of items, one after the other.
sample run_gather(std::size_t size) {
  asio::io_context context{1};
  results all{size};
  std::size_t next = 0;
  const stopwatch watch;
  for (std::size_t i = 0; i < capacity; ++i)
    asio::co_spawn(context, chain(context.get_executor(), next, all, size), rethrow);
  context.run();
  all.check();
  return watch.read();
}

sample run_thread(std::size_t size) {
  asio::thread_pool pool{threads};
  std::vector<std::future<std::size_t>> calls;
  calls.reserve(size);
  const stopwatch watch;
  for (std::size_t i = 0; i < size; ++i)
    calls.push_back(asio::post(pool, asio::use_future([i] { return i; })));
  for (std::size_t i = 0; i < size; ++i)
    check_equal(calls[i].get(), i);
  return watch.read();
}

/// Coroutines asleep, each of which can be cancelled.
class sleepers_in {
public:
  sleepers_in(asio::io_context& context, std::size_t size) : context_(context), signals_(size) {
    for (auto& each : signals_)
      asio::co_spawn(
          context, sleep_for(context.get_executor(), 1h),
          asio::bind_cancellation_slot(each.slot(), [this](std::exception_ptr error) { ended(error); }));
    context.poll(); // all have come to their timer
  }
  void cancel() {
    for (auto& each : signals_)
      each.emit(asio::cancellation_type::terminal);
    context_.restart();
    context_.run();
    check_equal(cancelled_, signals_.size());
  }

private:
  void ended(std::exception_ptr error) {
    try {
      rethrow(error);
    } catch (const asio::system_error& why) {
      cancelled_ += why.code() == asio::error::operation_aborted;
    }
  }

  asio::io_context& context_;
  std::vector<asio::cancellation_signal> signals_;
  std::size_t cancelled_ = 0;
};

sample run_cancel(std::size_t size) {
  asio::io_context context{1};
  sleepers_in tasks{context, size};
  const stopwatch watch;
  tasks.cancel();
  return watch.read();
}

sample run_memory(std::size_t size) {
  asio::io_context context{1};
  sleepers_in{context, 1}.cancel();
  context.restart();
  const auto before = resident_bytes();
  sleepers_in tasks{context, size};
  const auto after = resident_bytes();
  tasks.cancel();
  return {{"bytes", after - before}};
}

awaitable<std::size_t> fib(std::size_t n) {
  if (n < 2)
    co_return n;
  const auto [first, second] = co_await (fib(n - 1) && fib(n - 2));
  co_return first + second;
}

sample run_tree(std::size_t size) {
  asio::io_context context{1};
  const stopwatch watch;
  auto sum = asio::co_spawn(context, fib(size), asio::use_future);
  context.run();
  check_equal(sum.get(), plain_fib(size));
  return watch.read();
}

/// From a thread that isn't the tasks'.
sample run_latency(std::size_t size) {
  asio::thread_pool pool{1};
  std::vector<double> taken(size);
  for (std::size_t i = 0; i < size; ++i) {
    std::this_thread::sleep_for(1ms);
    const stopwatch watch;
    check_equal(asio::co_spawn(pool, in_time(pool.get_executor(), same, i), asio::use_future).get(), i);
    taken[i] = watch.seconds();
  }
  return percentiles(std::move(taken));
}

} // namespace

int main(int argc, char** argv) {
  const auto version = std::to_string(ASIO_VERSION / 100000) + '.' + std::to_string(ASIO_VERSION / 100 % 1000)
                       + '.' + std::to_string(ASIO_VERSION % 100);
  return serve({.name = "Asio",
                .version = version,
                .works = {{"add", run_add},
                          {"gather", run_gather},
                          {"sleep", run_sleep},
                          {"thread", run_thread},
                          {"cancel", run_cancel},
                          {"memory", run_memory},
                          {"tree", run_tree},
                          {"latency", run_latency}}},
               argc, argv);
}
