#include "run/write_queue.hpp"

#include "run/run_control.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::cli {

namespace {

/// Of outputs that wait to be written. What runs or has been read when it is reached comes on top.
constexpr std::size_t most_waiting = std::size_t{64} << 20;
/// Lines that have come meanwhile are written together.
constexpr std::size_t written_at_once = std::size_t{1} << 16;
/// Ends with nothing to write, which are counted together; progress doesn't wait for them.
constexpr std::size_t counted_at_once = 64;

} // namespace

void write_queue::post(job_result ended, bool only_counts) {
  std::unique_lock lock{mutex_};
  kept_ += ended.size();
  entries_.emplace_back(std::move(ended));
  if (only_counts && entries_.size() < counted_at_once
      && kept_ < most_waiting / 2) // who waits for room waits for the thread
    return;
  lock.unlock(); // the thread would wake for nothing, and wait for that
  posted_.notify_one();
}

void write_queue::post_line(output_stream which, std::string_view text) {
  std::unique_lock lock{mutex_};
  written_.wait(lock, [this] { return has_room() || control_.level() >= stop_level::cancel; });
  auto* last = entries_.empty() ? nullptr : std::get_if<printed_lines>(&entries_.back());
  if (!last || last->which != which || last->text.size() >= written_at_once)
    last = &std::get<printed_lines>(entries_.emplace_back(printed_lines{which, {}}));
  last->text.append(text) += '\n';
  kept_ += text.size() + 1;
  posted_.notify_one();
}

void write_queue::wait_for_room() {
  std::unique_lock lock{mutex_};
  written_.wait(lock, [this] { return has_room() || control_.level() != stop_level::none; });
}

bool write_queue::has_room() const noexcept { return kept_ < most_waiting; }

void write_queue::on_stop() {
  const std::lock_guard lock{mutex_};
  written_.notify_all();
}

void write_queue::close() {
  const std::lock_guard lock{mutex_};
  last_ = true;
  posted_.notify_one();
}

bool write_queue::wait_all_written(std::chrono::nanoseconds patience) {
  std::unique_lock lock{mutex_};
  written_.wait(lock, [this] { return done_ || control_.hurried(); });
  // Who reads may be stopped with the program, and then its patience stands still.
  constexpr std::chrono::hours longest{24 * 365};
  const auto until = control_.clock().elapsed() + std::min<std::chrono::nanoseconds>(patience, longest);
  while (!done_) {
    const auto left = until - control_.clock().elapsed();
    if (left.count() <= 0)
      return false;
    written_.wait_for(lock, left, [this] { return done_; });
  }
  return true;
}

bool write_queue::take(std::vector<entry>& into, std::chrono::steady_clock::time_point until) {
  into.clear();
  std::unique_lock lock{mutex_};
  const auto something = [this] { return last_ || !entries_.empty(); };
  if (until == std::chrono::steady_clock::time_point::max())
    posted_.wait(lock, something);
  else if (!posted_.wait_until(lock, until, something))
    return false;
  std::swap(into, entries_);
  return true;
}

void write_queue::release(std::size_t size) {
  const std::lock_guard lock{mutex_};
  kept_ -= size;
  written_.notify_all();
}

void write_queue::note_all_written() {
  const std::lock_guard lock{mutex_};
  done_ = true;
  written_.notify_all();
}

} // namespace taskactor::cli
