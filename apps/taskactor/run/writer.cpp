#include "run/writer.hpp"

#include "base/new_thread.hpp"
#include "cli/exit_code.hpp"
#include "run/job_log.hpp"
#include "run/output.hpp"
#include "run/progress.hpp"
#include "run/run_control.hpp"
#include "run/tally.hpp"
#include "run/used_files.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

namespace taskactor::cli {

namespace {

/// Of outputs that wait to be written. What runs or has been read when it is reached comes on top.
constexpr std::size_t room = std::size_t{64} << 20;
/// Lines that have come meanwhile are written together.
constexpr std::size_t written_at_once = std::size_t{1} << 16;
/// Ends with nothing to write, which are counted together; progress doesn't wait for them.
constexpr std::size_t counted_at_once = 64;

} // namespace

writer::writer(parts with)
    : parts_(std::move(with)), writes_each_(!parts_.logs.empty() || parts_.outputs.in_files()) {
  thread_ = detail::new_thread("what is to be written", [this] { run(); });
}

writer::~writer() {
  if (!thread_.joinable())
    return;
  {
    const std::lock_guard lock{mutex_};
    last_ = true;
    posted_.notify_one();
  }
  thread_.join();
}

void writer::post(job_result ended) {
  std::unique_lock lock{mutex_};
  kept_ += ended.size();
  queue_.emplace_back(std::move(ended));
  if (can_wait())
    return;
  lock.unlock(); // the thread would wake for nothing, and wait for that
  posted_.notify_one();
}

void writer::post_line(output_stream which, std::string_view text) {
  std::unique_lock lock{mutex_};
  written_.wait(lock, [this] { return has_room() || parts_.control.level() >= stop_level::cancel; });
  auto* last = queue_.empty() ? nullptr : std::get_if<lines>(&queue_.back());
  if (!last || last->which != which || last->text.size() >= written_at_once)
    last = &std::get<lines>(queue_.emplace_back(lines{which, {}}));
  last->text.append(text) += '\n';
  kept_ += text.size() + 1;
  posted_.notify_one();
}

void writer::wait_for_room() {
  std::unique_lock lock{mutex_};
  written_.wait(lock, [this] { return has_room() || parts_.control.level() != stop_level::none; });
}

bool writer::finish(std::chrono::nanoseconds patience) {
  std::unique_lock lock{mutex_};
  last_ = true;
  posted_.notify_one();
  written_.wait(lock, [this] { return done_ || parts_.control.hurried(); });
  // Who reads may be stopped with the program, and then its patience stands still.
  constexpr std::chrono::hours longest{24 * 365};
  const auto until = parts_.control.clock().elapsed() + std::min<std::chrono::nanoseconds>(patience, longest);
  while (!done_) {
    const auto left = until - parts_.control.clock().elapsed();
    if (left.count() <= 0) {
      thread_.detach();
      return false;
    }
    written_.wait_for(lock, left, [this] { return done_; });
  }
  lock.unlock();
  thread_.join();
  return true;
}

void writer::on_stop() {
  const std::lock_guard lock{mutex_};
  written_.notify_all();
}

/// An end that leaves nothing to be written: the thread needn't wake for each of them.
bool writer::only_counts(const entry& what) const {
  const auto* ended = std::get_if<job_result>(&what);
  return ended && ended->out.empty() && ended->err.empty() && !writes_each_;
}

bool writer::can_wait() const {
  return only_counts(queue_.back()) && queue_.size() < counted_at_once
         && kept_ < room / 2; // who waits for room waits for the thread
}

bool writer::has_room() const { return kept_ < room; }

// -- the thread -------------------------------------------------------------

void writer::run() {
  std::vector<entry> batch;
  while (take(batch))
    for (auto& each : batch) {
      const bool counts_only = only_counts(each);
      std::visit([this](auto& what) { settle(what); }, each);
      if (!counts_only || &each == &batch.back()) // progress speaks of all that have only to be counted
        parts_.said.tick(parts_.ended, progress::clock::now());
    }
  order_.flush([this](const job_result& ended) { write(ended); });
  with_logs([](job_log& each) { each.close(); });
  parts_.said.end();
  const std::lock_guard lock{mutex_};
  done_ = true;
  written_.notify_all();
}

/// Waits for entries, and lets progress have its say meanwhile. False: there is nothing more to come.
bool writer::take(std::vector<entry>& batch) {
  batch.clear();
  std::unique_lock lock{mutex_};
  const auto something = [this] { return last_ || !queue_.empty(); };
  while (!something()) {
    const auto due = parts_.said.due();
    if (due == progress::clock::time_point::max())
      posted_.wait(lock, something);
    else if (!posted_.wait_until(lock, due, something)) {
      lock.unlock();
      parts_.said.tick(parts_.ended, progress::clock::now());
      lock.lock();
    }
  }
  std::swap(batch, queue_);
  return !batch.empty();
}

void writer::settle(job_result& ended) {
  parts_.ended.add(ended);
  if (ended.started)
    with_logs([&](job_log& each) { each.add(ended); });
  if (parts_.keep_order) {
    const auto turn = ended.what.turn;
    order_.add(turn, std::move(ended), [this](const job_result& next) { write(next); });
  } else {
    write(ended);
  }
}

void writer::settle(const lines& printed) {
  if (!output_broken_)
    output_broken_
        = !attempt(place_of(printed.which), [&] { parts_.outputs.put(printed.which, printed.text); });
  release(printed.text.size());
}

void writer::write(const job_result& ended) {
  if (!output_broken_)
    output_broken_ = !attempt(place_of(ended.out.empty() ? output_stream::err : output_stream::out),
                              [&] { parts_.outputs.put(ended); });
  release(ended.size());
}

const char* writer::place_of(output_stream which) const {
  if (parts_.outputs.in_files())
    return "an output's file";
  return which == output_stream::out ? "standard output" : "standard error";
}

void writer::release(std::size_t size) {
  const std::lock_guard lock{mutex_};
  kept_ -= size;
  written_.notify_all();
}

template <class F>
void writer::with_logs(F&& action) {
  std::erase_if(parts_.logs, [&](job_log* each) { return !attempt(each->what(), [&] { action(*each); }); });
}

template <class F>
bool writer::attempt(const char* place, F&& action) {
  place_ = place;
  try {
    action();
    return true;
  } catch (const no_reader&) {
    parts_.control.fail(reader_gone, stop_level::cancel, {});
  } catch (const file_in_use& error) {
    parts_.control.fail(output_unwritable, stop_level::cancel,
                        std::string{error.what()} + "; the run is ended");
  } catch (const std::system_error& error) {
    parts_.control.fail(output_unwritable, stop_level::cancel,
                        std::string{error.what()} + "; the run is ended");
  }
  return false;
}

} // namespace taskactor::cli
