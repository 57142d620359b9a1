#include "batch/opened_batch.hpp"

#include "batch/item_spool.hpp"
#include "cli/screen.hpp"
#include "cli/store_address.hpp"
#include "cli/text.hpp"
#include "jobs/default_store.hpp"
#include "run/items.hpp"
#include "run/opening.hpp"
#include "run/run_control.hpp"
#include "run/run_options.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <poll.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

std::string current_folder() {
  const std::unique_ptr<char, void (*)(void*)> path{::getcwd(nullptr, 0), std::free};
  if (!path)
    throw std::system_error{errno, std::generic_category(), "the current folder"};
  return path.get();
}

batch_facts facts_of(const run_options& options) {
  return {.command = options.command,
          .shell = options.words.shell,
          .whole = options.words.whole,
          .folder = current_folder()};
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
  const std::string named = !options.former.store->empty() ? *options.former.store : set ? set : "";
  const auto chosen = choose_store(named, true);
  if (!chosen.is_default && !is_server(chosen.file))
    check_own_store(chosen.file);
  return chosen.file;
}

/// From now on it is this process' alone.
void take(opened_batch& batch, run_control& control, screen& messages) {
  if (batch.lock) {
    batch.runner.emplace(*batch.in, batch.jobs->queue(), batch.jobs->version());
    return;
  }
  constexpr int look_again = 500; // ms
  const auto wait = [&] {
    pollfd stopped{control.notifier().stopped_fd(), POLLIN, 0};
    ::poll(&stopped, 1, look_again);
    return control.may_start();
  };
  batch.runner.emplace(
      *batch.in, batch.name, batch.jobs->queue(), batch.jobs->version(),
      takeover_hooks{.note = [&](const std::string& text) { messages.note(text); }, .wait = wait});
  const bool is_new = batch.known.is_new;
  batch.known = batch.jobs->open(batch.facts); // another run may have gone on with it until now
  batch.known.is_new = is_new;
}

/// What is known of the batch by now.
void identify(opened_batch& batch, const run_options& options, run_control& control, screen& messages) {
  batch.facts.digest = batch.digest.text();
  batch.known = batch.jobs->open(batch.facts);
  take(batch, control, messages);
  if (options.former.again && !batch.known.is_new) {
    batch.jobs->forget(batch.known.head);
    batch.known = batch.jobs->open(batch.facts);
    batch.runner.reset();
    take(batch, control, messages);
  }
  batch.goes_on = !batch.known.is_new;
  if (!batch.known.facts.same_command(batch.facts))
    throw bad_batch{"the batch " + batch.name + " is of another command, "
                    + shell_quoted(batch.known.facts.command) + (batch.known.facts.shell ? " (--shell)" : "")
                    + " in " + shell_quoted(batch.known.facts.folder)
                    + "; say that one, or another name (--batch), or have it begin anew (--again)"};
}

/// Reads what was read before, and finds out whether it is the same.
void compare(opened_batch& batch, run_control& control) {
  const auto& before = batch.known.facts;
  const auto refuse = [&](const std::string& why) {
    throw bad_batch{"the batch " + batch.name + " had other items before: " + why
                    + "; give it the same ones, or another name (--batch), or have it begin anew (--again)"};
  };
  std::size_t read = 0;
  while (read < before.items) {
    const auto item = batch.source->next();
    if (!item && !control.may_start())
      throw stopped_early{};
    if (!item)
      refuse("there were " + std::to_string(before.items) + (before.complete ? "" : " or more")
             + ", now there " + (read == 1 ? "is 1" : "are " + std::to_string(read)));
    batch.digest.add(*item);
    ++read;
  }
  if (batch.digest.text() != before.digest)
    refuse("the first " + std::to_string(before.items) + " aren't the same");
  if (before.complete && batch.source->next())
    refuse("there were " + std::to_string(before.items) + ", now there are more");
  if (!control.may_start())
    throw stopped_early{};
  batch.facts.items = before.items;
  batch.facts.digest = before.digest;
  batch.facts.complete = before.complete;

  const auto open = batch.jobs->look(!batch.known.ended);
  if (batch.known.ended && open.all() != 0 && !batch.known.was_cancelled) {
    batch.jobs->reopen(batch.known.head);
    batch.known.ended.reset();
  }
  batch.ready = open.ready;
  batch.ended_before = batch.facts.items - std::min(batch.facts.items, open.all());
  batch.counts = batch.jobs->ends_of(batch.ended_before);
}

} // namespace

opened_batch::~opened_batch() = default;

std::unique_ptr<opened_batch> open_batch(const run_options& options, run_control& control, screen& messages,
                                         used_files& files) {
  auto batch = std::make_unique<opened_batch>();
  batch->facts = facts_of(options);
  const auto file = file_of(options);
  batch->source = open_items(options, control, files);
  batch->name = options.former.batch;
  if (batch->name.empty()) {
    batch_digest all;
    add_to(all, batch->facts);
    batch->source = keep_items(*batch->source, all, options, control);
    batch->name = all.text();
  }
  batch->in.emplace(open_store(file));
  const bool is_shared = is_server(file);
  if (!is_shared)
    batch->lock.emplace(batch->in->file(), batch->name);
  batch->jobs.emplace(*batch->in, batch->name, is_shared);
  identify(*batch, options, control, messages);
  compare(*batch, control);
  return batch;
}

} // namespace taskactor::cli
