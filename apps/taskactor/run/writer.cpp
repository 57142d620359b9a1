#include "run/writer.hpp"

#include "base/new_thread.hpp"
#include "cli/exit_code.hpp"
#include "run/job_log.hpp"
#include "run/run_control.hpp"
#include "run/tally.hpp"
#include "run/used_files.hpp"

#include <string>
#include <system_error>
#include <utility>
#include <variant>

namespace taskactor::cli {

writer::writer(parts with)
    : parts_(std::move(with)),
      writes_each_(!parts_.logs.empty() || parts_.outputs.in_files() || parts_.on_written),
      queue_(parts_.control) {
  thread_ = detail::new_thread("what is to be written", [this] { run(); });
}

writer::~writer() {
  if (!thread_.joinable())
    return;
  queue_.close();
  thread_.join();
}

void writer::post(job_result ended) {
  const bool counts = only_counts(ended);
  queue_.post(std::move(ended), counts);
}

bool writer::finish(std::chrono::nanoseconds patience) {
  queue_.close();
  if (!queue_.wait_all_written(patience)) {
    thread_.detach();
    return false;
  }
  thread_.join();
  return true;
}

bool writer::only_counts(const job_result& ended) const {
  return ended.out.empty() && ended.err.empty() && !writes_each_;
}

// -- the thread -------------------------------------------------------------

void writer::run() {
  std::vector<write_queue::entry> batch;
  while (take(batch))
    for (auto& each : batch) {
      const auto* ended = std::get_if<job_result>(&each);
      const bool counts_only = ended && only_counts(*ended);
      std::visit([this](auto& what) { settle(what); }, each);
      if (!counts_only || &each == &batch.back()) // progress speaks of all that have only to be counted
        parts_.said.tick(parts_.ended, progress::clock::now());
    }
  order_.flush([this](const job_result& ended) { write(ended); });
  with_logs([](job_log& each) { each.close(); });
  parts_.said.end();
  queue_.note_all_written();
}

/// Waits for entries, and lets progress have its say meanwhile. False: there is nothing more to come.
bool writer::take(std::vector<write_queue::entry>& batch) {
  while (!queue_.take(batch, parts_.said.due()))
    parts_.said.tick(parts_.ended, progress::clock::now());
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

void writer::settle(const printed_lines& printed) {
  if (!output_broken_)
    output_broken_
        = !attempt(place_of(printed.which), [&] { parts_.outputs.put(printed.which, printed.text); });
  queue_.release(printed.text.size());
}

void writer::write(const job_result& ended) {
  if (!output_broken_)
    output_broken_ = !attempt(place_of(ended.out.empty() ? output_stream::err : output_stream::out),
                              [&] { parts_.outputs.put(ended); });
  if (!output_broken_ && parts_.on_written)
    parts_.on_written(ended);
  queue_.release(ended.size());
}

const char* writer::place_of(output_stream which) const {
  if (parts_.outputs.in_files())
    return "an output's file";
  return which == output_stream::out ? "standard output" : "standard error";
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
