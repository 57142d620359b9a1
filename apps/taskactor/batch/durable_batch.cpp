#include "batch/durable_batch.hpp"

#include "batch/item_spool.hpp"
#include "cli/exit_code.hpp"
#include "cli/screen.hpp"
#include "cli/text.hpp"
#include "jobs/default_store.hpp"
#include "jobs/job_text.hpp"
#include "run/items.hpp"
#include "run/opening.hpp"
#include "run/run_control.hpp"
#include "run/run_options.hpp"

#include <nlohmann/json.hpp>
#include <taskactor/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

/// Items that are written before their turn has come, about.
constexpr std::size_t most_ahead = 2000;
constexpr std::size_t most_at_once = 256;
/// How often it is looked whether a queue is still paused.
constexpr int look_interval = 250; // ms

std::string this_folder() {
  const std::unique_ptr<char, void (*)(void*)> path{::getcwd(nullptr, 0), std::free};
  if (!path)
    throw std::system_error{errno, std::generic_category(), "the current folder"};
  return path.get();
}

batch_facts facts_of(const run_options& options) {
  return {.command = options.command,
          .shell = options.words.shell,
          .whole = options.words.whole,
          .folder = this_folder()};
}

void add_to(batch_digest& digest, const batch_facts& facts) {
  digest.add(std::to_string(facts.command.size()));
  for (const auto& each : facts.command)
    digest.add(each);
  for (const auto& each : {std::string{facts.shell ? "shell" : ""}, facts.whole, facts.folder})
    digest.add(each);
}

std::string file_of(const run_options& options) {
  const char* const set = std::getenv("TASKACTOR_STORE");
  const auto chosen = choose_store(!options.store->empty() ? *options.store : set ? set : "");
  if (!chosen.is_default)
    check_own_store(chosen.file);
  return chosen.file;
}

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
    : options_(options), control_(control), screen_(messages), facts_(facts_of(options)) {
  const auto file = file_of(options);
  source_ = open_items(options, control, files);
  if (!options.batch.empty()) {
    name_ = options.batch;
  } else {
    batch_digest all;
    add_to(all, facts_);
    source_ = keep_items(*source_, all, options, control);
    name_ = all.text();
  }
  store_.emplace(file);
  lock_.emplace(store_->file(), name_);
  batch_.emplace(*store_, name_);
  identify();
  compare();
}

durable_batch::~durable_batch() = default;

/// What is known of the batch by now.
void durable_batch::identify() {
  facts_.digest = digest_.text();
  known_ = batch_->open(facts_);
  runner_.emplace(*store_, batch_->queue(), batch_->version());
  if (options_.again && !known_.is_new) {
    batch_->forget(known_.head);
    known_ = batch_->open(facts_);
    runner_.emplace(*store_, batch_->queue(), batch_->version());
  }
  goes_on_ = !known_.is_new;
  if (!known_.facts.same_command(facts_))
    throw bad_batch{"the batch " + name_ + " is of another command, " + shell_quoted(known_.facts.command)
                    + (known_.facts.shell ? " (--shell)" : "") + " in " + shell_quoted(known_.facts.folder)
                    + "; say that one, or another name (--batch), or have it begin anew (--again)"};
}

/// Reads what was read before, and finds out whether it is the same.
void durable_batch::compare() {
  const auto& before = known_.facts;
  const auto refuse = [&](const std::string& why) {
    throw bad_batch{"the batch " + name_ + " had other items before: " + why
                    + "; give it the same ones, or another name (--batch), or have it begin anew (--again)"};
  };
  std::size_t read = 0;
  while (read < before.items) {
    const auto item = source_->next();
    if (!item && !control_.may_start())
      throw stopped_early{};
    if (!item)
      refuse("there were " + std::to_string(before.items) + (before.complete ? "" : " or more")
             + ", now there " + (read == 1 ? "is 1" : "are " + std::to_string(read)));
    digest_.add(*item);
    ++read;
  }
  if (digest_.text() != before.digest)
    refuse("the first " + std::to_string(before.items) + " aren't the same");
  if (before.complete && source_->next())
    refuse("there were " + std::to_string(before.items) + ", now there are more");
  if (!control_.may_start())
    throw stopped_early{};
  facts_.items = before.items;
  facts_.digest = before.digest;
  facts_.complete = has_all_ = before.complete;

  const auto open = batch_->look(!known_.ended);
  if (known_.ended && open.all() != 0 && !known_.was_cancelled) {
    batch_->reopen(known_.head);
    known_.ended.reset();
  }
  ahead_ = open.ready;
  ended_before_ = facts_.items - std::min(facts_.items, open.all());
  counts_ = batch_->ends_of(ended_before_);
  skipped_ = counts_.completed();
}

std::optional<std::string> durable_batch::finished() const {
  if (!known_.ended)
    return {};
  auto text = "the batch " + name_ + (known_.was_cancelled ? " was cancelled at " : " was finished at ")
              + local_text(*known_.ended) + ": " + counted(counts_.items, "command", "commands") + ", "
              + std::to_string(counts_.completed()) + " completed";
  const auto add = [&](std::size_t count, const char* what) {
    if (count != 0)
      text += ", " + std::to_string(count) + ' ' + what;
  };
  add(counts_.failed, "failed");
  add(counts_.timed_out, "timed out");
  add(counts_.cancelled, "cancelled");
  return text + "; to run it anew say --again";
}

void durable_batch::start(std::size_t jobs, std::function<void(std::size_t turn)> cancel) {
  at_once_ = std::clamp<std::size_t>(jobs, 1, most_at_once);
  runner_->start({.cancel = std::move(cancel), .fail = [this](const std::string& why) { fail(why); }});
}

void durable_batch::fail(const std::string& why) {
  control_.fail(output_unwritable, stop_level::cancel,
                "the store can't be written: " + why + "; the run is ended");
}

std::optional<std::size_t> durable_batch::total() const noexcept {
  const auto all = source_->total();
  return all ? std::optional{*all - std::min(*all, ended_before_.load())} : std::nullopt;
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
    runner_->wait_for_room();
    while (!has_all_ && ahead_ < most_ahead && take_in(false) != 0)
      continue;
    claim();
    if (!claimed_.empty())
      continue;
    if (!has_all_)
      take_in(true);
    else if (!wait_for_others())
      return {};
  }
  return {};
}

/// Reads items, and writes them into the store; how many. Waits for the first one only if it may.
std::size_t durable_batch::take_in(bool may_wait) {
  std::vector<std::string> more;
  while (more.size() < batch_store::items_at_once && ((may_wait && more.empty()) || source_->at_hand())) {
    auto item = source_->next();
    if (!item) {
      has_all_ = control_.may_start();
      break;
    }
    digest_.add(*item);
    more.push_back(std::move(*item));
  }
  if (more.empty() && !has_all_)
    return 0;
  facts_.items += more.size();
  facts_.digest = digest_.text();
  facts_.complete = has_all_;
  batch_->add(facts_, more);
  ahead_ += more.size();
  return more.size();
}

void durable_batch::claim() {
  std::size_t got = 0;
  for (auto& each : runner_->claim(at_once_, got))
    claimed_.push_back(std::move(each));
  ahead_ = got == 0 ? 0 : ahead_ - std::min(ahead_, got);
}

/// Of the items in the store that can't be had now. False: there are none to wait for.
bool durable_batch::wait_for_others() {
  const auto open = batch_->look(true);
  if (open.ready == 0)
    return false;
  if (open.paused && !std::exchange(says_paused_, true))
    screen_.note("the queue " + batch_->queue() + " is paused (taskactor resume "
                 + shell_quoted(batch_->queue()) + ")");
  pollfd stopped{control_.notifier().stopped_fd(), POLLIN, 0};
  ::poll(&stopped, 1, look_interval);
  return true;
}

// -- ends -------------------------------------------------------------------

/// What was ended by the end of this run, not by itself, isn't over: the next run goes on with it.
void durable_batch::on_written(const job_result& ended) {
  detail::job_end end{
      .how = detail::claim_end::succeeded, .begun = ended.started, .result = kept_of(ended)};
  if (ended.state == state::cancelled || !ended.started) {
    if (!runner_->is_unwanted(ended.what.number))
      return;
    end.how = detail::claim_end::cancelled;
  } else if (ended.state != state::completed) {
    if (ended.cut)
      return;
    end.how = detail::claim_end::failed;
    end.word = ended.state == state::timed_out ? "timed out" : "failed";
    end.error = ended.error;
  }
  runner_->end(ended.what.number, std::move(end));
}

std::string durable_batch::finish() {
  try {
    if (!runner_->flush())
      return "some ends of commands couldn't be written into the store: those are run again";
    const auto open = batch_->look(true);
    counts_ = batch_->ends_of(facts_.items - std::min(facts_.items, open.all()));
    if (facts_.complete && open.all() == 0 && batch_->end(runner_->key(), counts_))
      return {};
    return "the batch " + name_ + " isn't finished; the same command line goes on with it";
  } catch (const std::system_error& error) {
    return "the store can't be used: " + detail::message_of(error);
  }
}

} // namespace taskactor::cli
