#include "batch/batch_store.hpp"

#include "cli/text.hpp"
#include "jobs/value_of.hpp"
#include "queue/store_core.hpp"
#include "run/job.hpp"

#include <nlohmann/json.hpp>
#include <taskactor/error.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <sys/random.h>

namespace taskactor::cli {

namespace {

using json = nlohmann::json;
using detail::new_job;

/// How long the end of an item, or of a batch, can be asked for.
constexpr std::chrono::days kept{30};
/// How long a batch is known by its name, if it isn't ended before.
constexpr std::chrono::days known{3650};
constexpr std::size_t request_size = 16;

std::string new_request() {
  std::string bytes(request_size, '\0');
  for (std::size_t got = 0; got < bytes.size();) {
    const auto more = ::getrandom(bytes.data() + got, bytes.size() - got, 0);
    if (more > 0)
      got += static_cast<std::size_t>(more);
    else if (errno != EINTR)
      throw std::system_error{errno, std::generic_category(), "getrandom"};
  }
  return bytes;
}

/// A word as JSON, whatever bytes it has.
json to_json(const std::string& word) { return is_utf8(word) ? json(word) : json{{"base64", base64(word)}}; }

std::string word_in(const json& what) {
  if (what.is_string())
    return what.get<std::string>();
  auto bytes = from_base64(what.at("base64").get<std::string>());
  if (!bytes)
    throw error{errc::store_failed, "a job of the batch has no base64 where there should be some"};
  return std::move(*bytes);
}

json to_json(const batch_facts& facts) {
  auto command = json::array();
  for (const auto& each : facts.command)
    command.push_back(to_json(each));
  return {{"command", command},
          {"shell", facts.shell},
          {"place", to_json(facts.whole)},
          {"folder", to_json(facts.folder)},
          {"items", facts.items},
          {"digest", facts.digest},
          {"complete", facts.complete}};
}

batch_facts facts_in(const std::string& arguments) {
  const auto read = json::parse(arguments);
  batch_facts facts{.shell = read.at("shell").get<bool>(),
                    .whole = word_in(read.at("place")),
                    .folder = word_in(read.at("folder")),
                    .items = read.at("items").get<std::size_t>(),
                    .digest = read.at("digest").get<std::string>(),
                    .complete = read.at("complete").get<bool>()};
  for (const auto& each : read.at("command"))
    facts.command.push_back(word_in(each));
  return facts;
}

std::string counts_text(const batch_counts& how) {
  return json{{"commands", how.items},
              {"completed", how.completed()},
              {"failed", how.failed},
              {"timed_out", how.timed_out},
              {"cancelled", how.cancelled}}
      .dump();
}

new_job new_job_of(const std::string& queue, const char* task, const std::string& version) {
  new_job made;
  made.row.queue = queue;
  made.row.task = task;
  made.row.version = version;
  made.row.keep = kept;
  made.request = new_request();
  return made;
}

} // namespace

batch_item item_of(const std::string& arguments) {
  try {
    const auto read = json::parse(arguments);
    return {read.at("number").get<std::size_t>(), word_in(read.at("item"))};
  } catch (const json::exception& why) {
    throw error{errc::store_failed,
                std::string{"a job in the queue of the batch isn't one of its items: "} + why.what()};
  }
}

batch_store::batch_store(const store& in, const std::string& name, bool is_shared)
    : store_(in), name_(name), is_shared_(is_shared), queue_("run/" + name) {}

/// A key for a period outlives its job: of a batch that was forgotten, the next one is tried.
known_batch batch_store::open(const batch_facts& facts) {
  for (std::size_t tried = 1;; ++tried) {
    key_ = name_ + (tried == 1 ? std::string{} : '#' + std::to_string(tried));
    std::vector<new_job> jobs{head_job(facts)};
    jobs.front().on_taken = on_taken::keep;
    const auto replies = push(std::move(jobs));
    if (replies.front().how == push_result::pushed)
      return {.head = replies.front().id, .is_new = true, .facts = facts};
    const auto found = store_.find(replies.front().id).get();
    if (!found && found.error().code == errc::unknown_job)
      continue;
    const auto head = value_of(found);
    try {
      return {.head = head.info.id,
              .facts = facts_in(head.arguments),
              .ended = head.info.ended,
              .was_cancelled = head.info.state == job_state::cancelled};
    } catch (const json::exception& why) {
      throw error{errc::store_failed, "job " + std::to_string(head.info.id) + " of the queue " + queue_
                                          + " isn't what a batch begins with: " + why.what()};
    }
  }
}

std::vector<detail::push_reply> batch_store::push(std::vector<new_job> jobs) const {
  return value_of(detail::call_of<std::vector<detail::push_reply>>(
      [&](auto tell) { detail::core_of(store_)->push(std::move(jobs), std::move(tell)); }));
}

new_job batch_store::head_job(const batch_facts& facts) const {
  auto made = new_job_of(queue_, batch_head_task, key_);
  made.row.arguments = to_json(facts).dump();
  made.unique_scope = batch_head_task;
  made.unique_key = key_;
  made.until = unique_until::period;
  made.unique_period = known;
  made.on_taken = on_taken::replace;
  return made;
}

void batch_store::add(const batch_facts& now, const std::vector<std::string>& more) {
  std::vector<new_job> jobs{head_job(now)};
  auto number = now.items - more.size();
  const auto limit = detail::core_of(store_)->options().max_payload;
  for (const auto& each : more) {
    auto& one = jobs.emplace_back(new_job_of(queue_, batch_item_task, key_));
    one.row.arguments = json{{"number", ++number}, {"item", to_json(each)}}.dump();
    if (is_shared_) {
      one.unique_scope = batch_item_task;
      one.unique_key = key_ + '/' + std::to_string(number);
      one.until = unique_until::period;
      one.unique_period = kept;
    }
    if (one.row.arguments.size() > limit)
      throw error{errc::payload_too_large, "item " + std::to_string(number) + " has "
                                               + std::to_string(each.size())
                                               + " bytes, more than a job in a store may have"};
  }
  if (push(std::move(jobs)).front().how != push_result::replaced)
    throw error{errc::store_failed, "the batch " + name_ + " was ended or deleted by somebody else"};
}

void batch_store::forget(job_id head) {
  job_filter all;
  all.queue = queue_;
  all.task = std::string{batch_item_task};
  const auto counts = value_of(store_.remove_all(all).get());
  if (counts.refused != 0)
    throw error{errc::store_failed,
                std::to_string(counts.refused) + " jobs of the queue " + queue_ + " can't be deleted"};
  value_of(store_.remove(head).get());
}

void batch_store::reopen(job_id head) { value_of(store_.retry(head).get()); }

batch_store::open_items batch_store::look(bool head_is_open) const {
  const auto all = value_of(store_.survey().get());
  for (const auto& each : all.queues)
    if (each.name == queue_)
      return {.ready = each.ready - (head_is_open && each.ready > 0 ? 1 : 0),
              .delayed = each.delayed,
              .running = each.running,
              .paused = each.paused};
  return {};
}

batch_counts batch_store::ends_of(std::size_t ended) const {
  constexpr std::size_t page = 500;
  batch_counts counts{.items = ended};
  job_filter bad;
  bad.queue = queue_;
  bad.task = std::string{batch_item_task};
  bad.states = std::vector<job_state>{job_state::failed, job_state::cancelled, job_state::expired,
                                      job_state::quarantined};
  bad.most = page;
  for (;;) {
    const auto found = value_of(store_.list(bad).get());
    for (const auto& each : found) {
      const bool late = each.error.starts_with(ran_too_long);
      ++(each.state == job_state::cancelled ? counts.cancelled : late ? counts.timed_out : counts.failed);
    }
    if (found.size() < page)
      return counts;
    bad.before = found.back().id;
  }
}

bool batch_store::end(const detail::runner_key& runner, const batch_counts& how) {
  const auto tasks
      = std::make_shared<const detail::known_tasks>(detail::known_tasks{{batch_head_task, key_}});
  const auto& core = detail::core_of(store_);
  const auto got = value_of(detail::call_of<detail::claim_reply>([&](auto tell) {
    core->claim({.runner = runner, .shares = {{.queue = queue_, .free = 1}}, .tasks = tasks},
                std::move(tell));
  }));
  if (got.jobs.empty())
    return false;
  const auto bad = how.items - how.completed();
  detail::job_end end{.id = got.jobs.front().id,
                      .token = got.jobs.front().token,
                      .how = bad == 0 ? detail::claim_end::succeeded : detail::claim_end::failed,
                      .result = counts_text(how)};
  if (bad != 0)
    end.error = std::to_string(bad) + " of " + std::to_string(how.items) + " commands weren't completed";
  const auto ends = value_of(detail::call_of<std::vector<detail::end_reply>>(
      [&](auto tell) { core->finish(runner, {std::move(end)}, std::move(tell)); }));
  return ends.front() == detail::end_reply::done || ends.front() == detail::end_reply::repeated;
}

} // namespace taskactor::cli
