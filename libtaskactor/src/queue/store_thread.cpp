#include "queue/store_thread.hpp"

#include "base/all_signals_blocked.hpp"
#include "base/memory.hpp"
#include "base/new_thread.hpp"
#include "base/service_thread.hpp"
#include "caf_adapter/compat_threads.hpp"

#include <taskactor/detail/context.hpp>
#include <taskactor/detail/duration_text.hpp>
#include <taskactor/error.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::size_t rows_together = 500, most_together = 500;
constexpr std::size_t failed_looks = 3; // one a tick: a store that can't be read for a moment ends no wait
constexpr std::chrono::seconds longest_period{1};
constexpr int ticks_a_call = 8; // of the longest time of a call: it is late by no more than one of them

std::chrono::nanoseconds period_of(std::chrono::nanoseconds call_timeout) {
  return std::clamp<std::chrono::nanoseconds>(call_timeout / ticks_a_call, std::chrono::milliseconds{1},
                                              longest_period);
}

void refuse_each(const std::vector<std::shared_ptr<store_request>>& late, const char* begin,
                 std::chrono::nanoseconds limit, const char* end) noexcept {
  if (late.empty())
    return;
  const auto why = once_there_is_memory([&] {
    return rejection{errc::store_timed_out, begin + to_text(limit) + end};
  });
  for (const auto& each : late)
    each->refuse(why);
}

bool may_wait_here() noexcept {
  return current_context() == nullptr && !service_thread::is_this() && !is_named_as_schedulers();
}

} // namespace

store_thread::store_thread(std::unique_ptr<store_backend> backend, const store_options& options,
                           const std::string& file)
    : store_engine(failed_looks),
      backend_(std::move(backend)),
      call_timeout_(options.call_timeout),
      close_timeout_(options.close_timeout),
      watch_(file, options.watch) {}

std::shared_ptr<store_thread> store_thread::start(std::unique_ptr<store_backend> backend,
                                                  const store_options& options, const std::string& file) {
  auto made = std::make_shared<store_thread>(std::move(backend), options, file);
  auto& self = *made;
  self.current_.reserve(most_together); // its thread has no memory to wait for there
  const all_signals_blocked inherited;
  self.seen_version_ = self.backend_->version();
  self.backend_->listen([to = std::weak_ptr{made}](outside_change what) {
    if (const auto alive = to.lock(); alive && (what == outside_change::ready || !alive->ends().empty()))
      alive->want_look();
  });
  self.thread_ = new_thread("a store", [made] { made->run(); });
  try {
    self.watch_thread_ = new_thread("the watch of a store", [made] {
      const service_thread here;
      made->watch_.run(
          period_of(made->call_timeout_), [&] { made->tick(); }, [&] { made->want_look(); });
    });
  } catch (...) {
    self.close();
    throw;
  }
  return made;
}

void store_thread::post(std::shared_ptr<store_request> what) {
  const auto until = after(clock::now(), call_timeout_);
  {
    const std::lock_guard lock{mutex_};
    if (!closed_) {
      lines_[static_cast<std::size_t>(what->verb())].push_back({what, ++last_number_, until});
      wake_under_lock();
      return;
    }
  }
  what->refuse({errc::stopping, "the store is closed: its last copy is gone"});
}

void store_thread::wake_under_lock() noexcept {
  if (std::exchange(sleeps_, false))
    wanted_.post();
}

void store_thread::want_look() {
  const std::lock_guard lock{mutex_};
  look_ = true;
  wake_under_lock();
}

// -- the store's thread -----------------------------------------------------

void store_thread::run() {
  const service_thread here;
  std::vector<std::shared_ptr<store_request>> together;
  once_there_is_memory([&] { together.reserve(most_together); });
  for (;;) {
    const auto next = take(together);
    if (next == next_step::end)
      break;
    if (next == next_step::make && together.front()->verb() == store_verb::aside)
      begin_aside(together.front());
    else if (next == next_step::make)
      make(together);
    else
      look_outside();
    together.clear();
  }
  aside_.end();
  backend_.reset();
  watch_.stop();
  over_.post();
}

store_thread::next_step store_thread::take(std::vector<std::shared_ptr<store_request>>& together) {
  std::unique_lock lock{mutex_};
  current_.clear();
  for (;;) {
    if (std::exchange(look_, false) && !closed_)
      return next_step::look;
    auto* line = &lines_[static_cast<std::size_t>(store_verb::renew)];
    if (line->empty()) {
      line = nullptr;
      for (auto& each : lines_)
        if (!each.empty() && (!line || each.front().number < line->front().number))
          line = &each;
    }
    if (line) {
      std::size_t rows = 0;
      do {
        auto& first = line->front();
        rows += first.what->rows();
        together.push_back(first.what);
        current_.push_back(std::move(first));
        line->pop_front();
      } while (!line->empty() && together.size() < most_together
               && line->front().what->goes_with(*together.front())
               && rows + line->front().what->rows() <= rows_together);
      return next_step::make;
    }
    if (closed_)
      return next_step::end;
    sleeps_ = true;
    lock.unlock();
    wanted_.wait();
    lock.lock();
  }
}

/// Some that fail together for another reason than the store's are made one by one: one's memory, or what it
/// names, isn't the others' trouble.
void store_thread::make(std::span<const std::shared_ptr<store_request>> together) {
  try {
    const folder_watch::own_writes here{watch_};
    together.front()->make(*backend_, together);
  } catch (...) {
    const auto why = why_not_made();
    bool of_all = together.size() == 1;
    try {
      throw;
    } catch (const error& what) {
      of_all |= what.code() != errc::unknown_parent && what.code() != errc::invalid_argument;
    } catch (...) { // NOLINT: looked at above
    }
    if (of_all) {
      for (const auto& each : together)
        each->refuse(why);
    } else {
      for (std::size_t i = 0; i < together.size(); ++i)
        make(together.subspan(i, 1));
    }
    return;
  }
  auto news = news_of(together);
  news.some_ended |= backend_->ended_others();
  for (const auto& each : together)
    each->tell();
  tell_of(news);
}

/// It has begun in time; from now on it takes as long as it takes.
void store_thread::begin_aside(const std::shared_ptr<store_request>& what) {
  try {
    if (auto open = backend_->beside()) {
      aside_.add(std::move(open), what);
      return;
    }
  } catch (...) {
    what->refuse(why_not_made());
    return;
  }
  make({&what, 1});
}

/// Without memory who waits hears of it at the next tick.
void store_thread::tell_of(const store_news& news) noexcept {
  try {
    publish(news);
  } catch (const std::exception&) { // NOLINT: see above
  }
}

void store_thread::look_outside() {
  std::uint64_t version = 0;
  try {
    version = backend_->version();
  } catch (...) {
    return; // the calls themselves will say so
  }
  if (std::exchange(seen_version_, version) == version)
    return;
  watch_.saw_others();
  tell_of({.changed = true, .some_ended = true, .is_others = true});
}

// -- the watch's thread -----------------------------------------------------

void store_thread::tick() {
  std::vector<std::shared_ptr<store_request>> waited, made;
  once_there_is_memory([&] { // what was taken stays so
    const std::lock_guard lock{mutex_};
    const auto now = clock::now();
    made.clear();
    for (auto& line : lines_)
      while (!line.empty() && line.front().until <= now) {
        waited.push_back(std::move(line.front().what));
        line.pop_front();
      }
    for (const auto& each : current_)
      if (each.until <= now)
        made.push_back(each.what);
  });
  refuse_each(waited, "the store has been busy for ", call_timeout_, ": the call wasn't made");
  refuse_each(made, "no answer within ", call_timeout_, ": whether the call is made isn't known");
  if (!ends().empty())
    tell_of({.some_ended = true, .is_others = true});
}

// -- its end ----------------------------------------------------------------

void store_thread::close() noexcept {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    wake_under_lock();
  }
  const bool over = may_wait_here() && over_.wait_until(after(clock::now(), close_timeout_));
  for (auto* const each : {&thread_, &watch_thread_})
    if (each->joinable()) {
      if (over)
        each->join();
      else
        each->detach();
    }
}

} // namespace taskactor::detail
