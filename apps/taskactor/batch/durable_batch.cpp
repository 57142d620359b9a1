#include "batch/durable_batch.hpp"

#include "cli/exit_code.hpp"
#include "cli/screen.hpp"
#include "cli/text.hpp"
#include "jobs/job_text.hpp"
#include "run/items.hpp"
#include "run/run_control.hpp"

#include <nlohmann/json.hpp>
#include <taskactor/error.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

#include <poll.h>

namespace taskactor::cli {

namespace {

/// Items that are written before their turn has come, about.
constexpr std::size_t most_ahead = 2000;
constexpr std::size_t most_at_once = 256;
/// How often it is looked whether a queue is still paused.
constexpr int batch_look_interval = 250; // ms

std::string counted(std::size_t count, const char* one, const char* many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

/// What of a result is kept: the output is not.
std::string kept_of(const job_result& ended) {
  return nlohmann::json{{"exit_code", ended.exit_code}, {"signal", ended.signal}}.dump();
}

} // namespace

durable_batch::durable_batch(const run_options& options, run_control& control, screen& messages,
                             used_files& files)
    : control_(control),
      screen_(messages),
      batch_(open_batch(options, control, messages, files)),
      ahead_(batch_->ready),
      skipped_(batch_->counts.completed()) {}

durable_batch::~durable_batch() = default;

std::optional<std::string> durable_batch::finished() const {
  if (!batch_->known.ended)
    return {};
  auto text = "the batch " + batch_->name
              + (batch_->known.was_cancelled ? " was cancelled at " : " was finished at ")
              + local_text(*batch_->known.ended) + ": " + counted(batch_->counts.items, "command", "commands")
              + ", " + std::to_string(batch_->counts.completed()) + " completed";
  const auto add = [&](std::size_t count, const char* what) {
    if (count != 0)
      text += ", " + std::to_string(count) + ' ' + what;
  };
  add(batch_->counts.failed, "failed");
  add(batch_->counts.timed_out, "timed out");
  add(batch_->counts.cancelled, "cancelled");
  return text + "; to run it anew say --again";
}

void durable_batch::start(std::size_t jobs, std::function<void(std::size_t turn)> cancel) {
  at_once_ = std::clamp<std::size_t>(jobs, 1, most_at_once);
  batch_->runner->start({.cancel = std::move(cancel), .fail = [this](const std::string& why) { fail(why); }});
}

void durable_batch::fail(const std::string& why) {
  control_.fail(output_unwritable, stop_level::cancel,
                "the store can't be written: " + why + "; the run is ended");
}

std::optional<std::size_t> durable_batch::total() const noexcept {
  const auto all = batch_->source->total();
  return all ? std::optional{*all - std::min(*all, batch_->ended_before)} : std::nullopt;
}

// -- items ------------------------------------------------------------------

std::optional<job> durable_batch::next() {
  try {
    return find_next();
  } catch (const unreadable_items&) {
    throw;
  } catch (const std::system_error& error) {
    fail(detail::message_of(error));
    return {};
  }
}

std::optional<job> durable_batch::find_next() {
  while (control_.may_start()) {
    if (!claimed_.empty()) {
      auto next = std::move(claimed_.front());
      claimed_.pop_front();
      return job{.number = next.number, .turn = next.turn, .item = std::move(next.item)};
    }
    batch_->runner->wait_for_room();
    while (!batch_->facts.complete && ahead_ < most_ahead && take_in(false) != 0)
      continue;
    claim();
    if (!claimed_.empty())
      continue;
    if (!batch_->facts.complete)
      take_in(true);
    else if (!wait_for_others())
      return {};
  }
  return {};
}

/// Reads items, and writes them into the store; how many. Waits for the first one only if it may.
std::size_t durable_batch::take_in(bool may_wait) {
  std::vector<std::string> more;
  while (more.size() < batch_store::items_at_once
         && ((may_wait && more.empty()) || batch_->source->at_hand())) {
    auto item = batch_->source->next();
    if (!item) {
      batch_->facts.complete = control_.may_start();
      break;
    }
    batch_->digest.add(*item);
    more.push_back(std::move(*item));
  }
  if (more.empty() && !batch_->facts.complete)
    return 0;
  batch_->facts.items += more.size();
  batch_->facts.digest = batch_->digest.text();
  batch_->jobs->add(batch_->facts, more);
  ahead_ += more.size();
  return more.size();
}

void durable_batch::claim() {
  std::size_t got = 0;
  for (auto& each : batch_->runner->claim(at_once_, got))
    claimed_.push_back(std::move(each));
  ahead_ = got == 0 ? 0 : ahead_ - std::min(ahead_, got);
}

/// Of the items in the store that can't be had now. False: there are none to wait for.
bool durable_batch::wait_for_others() {
  const auto open = batch_->jobs->look(true);
  if (open.ready == 0)
    return false;
  if (open.paused && !std::exchange(says_paused_, true))
    screen_.note("the queue " + batch_->jobs->queue() + " is paused (taskactor resume "
                 + shell_quoted(batch_->jobs->queue()) + ")");
  pollfd stopped{control_.notifier().stopped_fd(), POLLIN, 0};
  ::poll(&stopped, 1, batch_look_interval);
  return true;
}

// -- ends -------------------------------------------------------------------

/// What was ended by the end of this run, not by itself, isn't over: the next run goes on with it.
void durable_batch::on_written(const job_result& ended) {
  detail::job_end end{.how = detail::claim_end::succeeded, .begun = ended.started, .result = kept_of(ended)};
  if (ended.state == state::cancelled || !ended.started) {
    if (!batch_->runner->is_unwanted(ended.what.number))
      return;
    end.how = detail::claim_end::cancelled;
  } else if (ended.state != state::completed) {
    if (ended.cut)
      return;
    end.how = detail::claim_end::failed;
    end.word = ended.state == state::timed_out ? "timed out" : "failed";
    end.error = ended.error;
  }
  batch_->runner->end(ended.what.number, std::move(end));
}

std::string durable_batch::finish() {
  try {
    if (!batch_->runner->flush())
      return "some ends of commands couldn't be written into the store: those are run again";
    const auto open = batch_->jobs->look(true);
    batch_->counts = batch_->jobs->ends_of(batch_->facts.items - std::min(batch_->facts.items, open.all()));
    if (batch_->facts.complete && open.all() == 0 && batch_->jobs->end(batch_->runner->key(), batch_->counts))
      return {};
    return "the batch " + batch_->name + " isn't finished; the same command line goes on with it";
  } catch (const std::system_error& error) {
    return "the store can't be used: " + detail::message_of(error);
  }
}

} // namespace taskactor::cli
