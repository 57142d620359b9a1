// `taskactor retry`, `cancel`, `delete`, `pause`, `resume`, `limit` and `status`: see queue_verbs.hpp.
#include "cli/command_line.hpp"
#include "cli/quantity.hpp"
#include "cli/table.hpp"
#include "jobs/job_text.hpp"
#include "jobs/queue_line.hpp"
#include "jobs/queue_verbs.hpp"
#include "node/node_verb.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <unistd.h>

namespace taskactor::cli {

namespace {

using nlohmann::ordered_json;

// -- jobs -------------------------------------------------------------------

using call_one = store_call<control_reply> (store::*)(job_id) const;
using call_all = store_call<control_counts> (store::*)(job_filter) const;

struct control_kind {
  const char* verb;
  const char* about;
  const char* done; ///< "job 17: <done>"
  call_one one;
  call_all all;
  std::vector<job_state> states; ///< that are meant when none is named
};

const control_kind& retrying() {
  static const control_kind kind{
      "retry",
      "Makes ended jobs ready again, with all their attempts: by their ids, or all that have failed, "
      "expired or were quarantined (or are in the states that are named).",
      "is ready again",
      &store::retry,
      &store::retry_all,
      {job_state::failed, job_state::expired, job_state::quarantined}};
  return kind;
}
const control_kind& cancelling() {
  static const control_kind kind{
      "cancel",
      "Cancels jobs: by their ids, or all that wait or run. The runner of one that runs is told. With "
      "--node: a task of a node, by the id that `status --node` prints.",
      "is cancelled",
      &store::cancel,
      &store::cancel_all,
      {job_state::ready, job_state::delayed, job_state::running, job_state::blocked}};
  return kind;
}
const control_kind& deleting() {
  static const control_kind kind{
      "delete",
      "Forgets all of jobs that don't run: by their ids, or all that have ended (or are in the states "
      "that are named).",
      "is deleted",
      &store::remove,
      &store::remove_all,
      {job_state::succeeded, job_state::failed, job_state::cancelled, job_state::expired,
       job_state::quarantined}};
  return kind;
}

struct control_line : queue_line {
  explicit control_line(const control_kind& which)
      : queue_line(which.about, std::string{"taskactor "} + which.verb), kind(which) {
    add_ids(app, ids);
    chosen.add_options(app);
    app.add_flag("-y,--yes", yes, "Don't ask whether it is to be done to so many jobs");
    add_json("What has become of each, as a line of JSON; of those that options name, how many");
  }
  const control_kind& kind;
  job_choice chosen;
  std::vector<job_id> ids;
  bool yes = false;
};

std::string reply_text(const control_kind& kind, control_reply reply) {
  switch (reply) {
  case control_reply::done:
    return kind.done;
  case control_reply::requested:
    return "runs; its runner is told";
  case control_reply::ended:
    return kind.one == &store::retry ? "hasn't ended" : "has ended";
  case control_reply::duplicate:
    return "another job has its key";
  case control_reply::running:
    return "runs; cancel it before";
  default:
    return "there is none in the store";
  }
}

bool is_refusal(control_reply reply) noexcept {
  return reply != control_reply::done && reply != control_reply::requested;
}

int control_ids(const control_line& line) {
  const auto in = line.open();
  std::vector<store_call<control_reply>> calls; // together: one transaction has many of them
  calls.reserve(line.ids.size());
  for (const auto id : line.ids)
    calls.push_back((in.*line.kind.one)(id));
  int code = all_completed;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto reply = value_of(calls[i]);
    const auto id = line.ids[i];
    if (is_refusal(reply))
      code = some_failed;
    if (line.as_json)
      put_json(ordered_json{{"id", id}, {"reply", to_string(reply)}});
    else if (is_refusal(reply))
      say("job " + std::to_string(id) + ": " + reply_text(line.kind, reply), some_failed);
    else
      put("job " + std::to_string(id) + ": " + reply_text(line.kind, reply) + '\n');
  }
  return code;
}

std::string counted_jobs(std::size_t jobs) { return std::to_string(jobs) + (jobs == 1 ? " job" : " jobs"); }

/// At the terminal.
bool agrees(const std::string& question) {
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  return std::getline(std::cin, answer) && (answer == "y" || answer == "Y" || answer == "yes");
}

int control_chosen(const control_line& line) {
  const auto in = line.open();
  auto which = line.chosen.filter();
  if (line.chosen.states.empty())
    which.states = line.kind.states;
  std::size_t count = 0;
  for_each_page(in, which, [&](const auto& page) {
    count += page.size();
    return true;
  });
  std::cerr << "taskactor: " << line.kind.verb << ": " << counted_jobs(count) << std::endl;
  if (count == 0)
    return all_completed;
  if (!line.yes) {
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1)
      return say("nothing is done: say --yes if these are meant", bad_usage);
    if (!agrees(std::string{line.kind.verb} + ' ' + counted_jobs(count) + '?'))
      return say("nothing is done", some_failed);
  }
  const auto counts = value_of((in.*line.kind.all)(which));
  if (line.as_json)
    put_json(
        ordered_json{{"done", counts.done}, {"requested", counts.requested}, {"refused", counts.refused}});
  else
    put("done: " + std::to_string(counts.done)
        + (counts.requested == 0 ? "" : ", told to their runners: " + std::to_string(counts.requested))
        + (counts.refused == 0 ? "" : ", changed meanwhile: " + std::to_string(counts.refused)) + '\n');
  return all_completed;
}

int change_jobs(const control_kind& kind, std::vector<std::string> arguments) {
  control_line line{kind};
  return answer(line.app, std::move(arguments), [&] {
    if (line.ids.empty() == !line.chosen.says_anything())
      throw verb_failed{bad_usage,
                        "which jobs? Give their ids, or one of --state, --queue, --task and --tag"};
    return line.ids.empty() ? control_chosen(line) : control_ids(line);
  });
}

/// Somebody asks a node, as these verbs did before there were jobs.
bool names_node(const std::vector<std::string>& arguments) {
  bool store = false;
  for (const auto& word : arguments) {
    if (word == "--node" || word.starts_with("--node="))
      return true;
    store = store || word == "--store" || word.starts_with("--store=");
  }
  const char* const node = std::getenv("TASKACTOR_NODE");
  return !store && node && *node;
}

// -- queues and limits ------------------------------------------------------

struct queue_name_line : queue_line {
  queue_name_line(const char* about, const char* name) : queue_line(about, name) {
    app.add_option("QUEUE", queues, "Its name")->required()->type_name("");
    add_json();
  }
  std::vector<std::string> queues;
};

constexpr const char* about_pause
    = "Lets nothing of a queue begin, in any program, until it is resumed. What runs goes on.";
constexpr const char* about_resume = "Lets jobs of a paused queue begin again.";

int control_queues(const queue_name_line& line, store_call<control_reply> (store::*call)(std::string) const,
                   const char* done) {
  const auto in = line.open(true);
  int code = all_completed;
  for (const auto& each : line.queues) {
    const auto reply = value_of((in.*call)(each));
    if (is_refusal(reply))
      code = some_failed;
    if (line.as_json)
      put_json(ordered_json{{"queue", each}, {"reply", to_string(reply)}});
    else if (is_refusal(reply))
      say("queue " + each + ": there is none in the store", some_failed);
    else
      put("queue " + detail::visible(each) + ": " + done + '\n');
  }
  return code;
}

struct limit_line : queue_line {
  limit_line()
      : queue_line("Sets what a limit allows to all runners of a store together: how many jobs at once, how "
                   "many in a time. Without an option: says what it allows.",
                   "taskactor limit") {
    app.add_option("NAME", name, "Of the limit")->required()->type_name("");
    auto* at_once = app.add_option("--capacity", capacity, "At most N of its jobs at once")
                        ->type_name("N")
                        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}).description(""));
    auto* often
        = app.add_option_function<std::string>(
                 "--rate",
                 [this](const std::string& text) {
                   starts = parse_rate(text);
                   if (!starts)
                     throw CLI::ValidationError{
                         "--rate", '"' + text + "\" is not a rate above zero; write 100/s, 100/min, 1/10s"};
                 },
                 "At most N of them begin in each TIME, evenly: 100/s, 100/min, 1/10s")
              ->type_name("N/TIME");
    app.add_flag("--drop", drops, "There is no such limit any more")->excludes(at_once)->excludes(often);
    add_json("What it allows, as JSON");
  }
  std::string name;
  std::optional<std::size_t> capacity;
  std::optional<rate> starts;
  bool drops = false;
};

std::string rate_text(const rate& allowed) {
  return std::to_string(allowed.count) + " in " + limit_text(allowed.period);
}

ordered_json limit_json(const limit_info& limit) {
  ordered_json made;
  set_text(made, "name", limit.name);
  made["capacity"] = limit.capacity ? ordered_json(*limit.capacity) : ordered_json();
  if (limit.rate)
    made["rate"] = {{"count", limit.rate->count},
                    {"period", std::chrono::duration<double>(limit.rate->period).count()},
                    {"burst", limit.rate->burst}};
  made["taken"] = limit.taken;
  return made;
}

int limit_verb(const limit_line& line) {
  const auto in = line.open(true);
  control_reply reply = control_reply::done;
  if (line.drops)
    reply = value_of(in.drop_limit(line.name));
  else if (line.capacity || line.starts)
    reply = value_of(in.set_limit(line.name, {.capacity = line.capacity, .rate = line.starts}));
  const auto survey = value_of(in.survey());
  const auto found = std::find_if(survey.limits.begin(), survey.limits.end(),
                                  [&](const auto& each) { return each.name == line.name; });
  if (is_refusal(reply) || (found == survey.limits.end() && !line.drops))
    return say("limit " + line.name + ": there is none in the store", some_failed);
  if (line.drops)
    line.as_json ? put_json(ordered_json{{"name", line.name}, {"reply", to_string(reply)}})
                 : put("limit " + detail::visible(line.name) + ": dropped\n");
  else if (line.as_json)
    put_json(limit_json(*found));
  else
    put("limit " + detail::visible(line.name) + ": "
        + (found->capacity ? std::to_string(*found->capacity) + " at once"
                           : std::string{"any number at once"})
        + (found->rate ? ", " + rate_text(*found->rate) : "") + "; taken: " + std::to_string(found->taken)
        + '\n');
  return all_completed;
}

// -- status -----------------------------------------------------------------

struct store_status_line : queue_line {
  store_status_line()
      : queue_line(
          "Prints the queues, limits and runners of a store, and what it has counted. With --node: the "
          "tasks that wait and run on a node.",
          "taskactor status") {
    add_json("As one line of JSON");
  }
};

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& each : words)
    all += (all.empty() ? "" : ", ") + each;
  return all;
}

std::vector<std::pair<const char*, std::uint64_t>> counts_of(const store_counters& all) {
  return {{"pushed", all.pushed},       {"duplicates", all.duplicates},   {"claimed", all.claimed},
          {"succeeded", all.succeeded}, {"failed", all.failed},           {"cancelled", all.cancelled},
          {"expired", all.expired},     {"quarantined", all.quarantined}, {"retried", all.retried},
          {"snoozed", all.snoozed},     {"released", all.released},       {"lost", all.lost},
          {"stale", all.stale},         {"repeated", all.repeated}};
}

ordered_json survey_json(const store_survey& all) {
  ordered_json made{{"now", utc_text(all.now)}};
  made["queues"] = ordered_json::array();
  for (const auto& each : all.queues) {
    ordered_json one;
    set_text(one, "name", each.name);
    one["paused"] = each.paused;
    one["ready"] = each.ready;
    one["delayed"] = each.delayed;
    one["running"] = each.running;
    one["blocked"] = each.blocked;
    if (each.oldest_ready)
      one["oldest_ready"] = utc_text(*each.oldest_ready);
    one["unserved"] = each.unserved;
    made["queues"].push_back(std::move(one));
  }
  made["limits"] = ordered_json::array();
  for (const auto& each : all.limits)
    made["limits"].push_back(limit_json(each));
  made["runners"] = ordered_json::array();
  for (const auto& each : all.runners) {
    ordered_json one;
    set_text(one, "name", each.name);
    one["incarnation"] = each.incarnation;
    set_text(one, "host", each.host);
    one["pid"] = each.pid;
    one["seen"] = utc_text(each.seen);
    one["running"] = each.running;
    one["queues"] = each.queues;
    made["runners"].push_back(std::move(one));
  }
  for (const auto& [name, count] : counts_of(all.counters))
    made["counters"][name] = count;
  return made;
}

std::string survey_text(const store_survey& all, std::size_t width) {
  const auto ago = [&](store_time at) {
    return to_text(std::max<std::chrono::nanoseconds>(all.now - at, std::chrono::nanoseconds{0}));
  };
  std::vector<std::vector<std::string>> queues{
      {"QUEUE", "READY", "DELAYED", "RUNNING", "BLOCKED", "OLDEST", "NOTE"}};
  for (const auto& each : all.queues)
    queues.push_back(
        {each.name, std::to_string(each.ready), std::to_string(each.delayed), std::to_string(each.running),
         std::to_string(each.blocked), each.oldest_ready ? ago(*each.oldest_ready) : "-",
         std::string{each.paused ? "paused" : ""} + (each.paused && !each.unserved.empty() ? "; " : "")
             + (each.unserved.empty() ? "" : "nobody serves: " + joined(each.unserved))});
  auto text = table(std::move(queues), width);
  if (!all.limits.empty()) {
    std::vector<std::vector<std::string>> rows{{"LIMIT", "CAPACITY", "TAKEN", "RATE"}};
    for (const auto& each : all.limits)
      rows.push_back({each.name, each.capacity ? std::to_string(*each.capacity) : "-",
                      std::to_string(each.taken), each.rate ? rate_text(*each.rate) : "-"});
    text += '\n' + table(std::move(rows), width);
  }
  std::vector<std::vector<std::string>> runners{{"RUNNER", "HOST", "PID", "RUNNING", "SEEN", "QUEUES"}};
  for (const auto& each : all.runners)
    runners.push_back({each.name, each.host, std::to_string(each.pid), std::to_string(each.running),
                       ago(each.seen) + " ago", joined(each.queues)});
  if (runners.size() > 1)
    text += '\n' + table(std::move(runners), width);
  std::string counts;
  for (const auto& [name, count] : counts_of(all.counters))
    if (count != 0)
      counts += (counts.empty() ? "" : ", ") + std::string{name} + ' ' + std::to_string(count);
  return text + (counts.empty() ? "" : "\nsince the store was made: " + counts + '\n');
}

void add_missing(std::vector<option_entry>& options, const std::vector<option_entry>& more) {
  for (const auto& each : more)
    if (std::none_of(options.begin(), options.end(),
                     [&](const auto& one) { return one.names == each.names; }))
      options.push_back(each);
}

/// With what it takes for a node's.
verb_entry with_node(verb_entry made) {
  for (const auto& each : node_verb_table())
    if (each.name == made.name)
      add_missing(made.options, each.options);
  return made;
}

} // namespace

int run_retry(std::vector<std::string> arguments) { return change_jobs(retrying(), std::move(arguments)); }
int run_delete(std::vector<std::string> arguments) { return change_jobs(deleting(), std::move(arguments)); }
int run_cancel_of_jobs(std::vector<std::string> arguments) {
  if (names_node(arguments))
    return run_cancel(std::move(arguments));
  return change_jobs(cancelling(), std::move(arguments));
}

int run_pause(std::vector<std::string> arguments) {
  queue_name_line line{about_pause, "taskactor pause"};
  return answer(line.app, std::move(arguments),
                [&] { return control_queues(line, &store::pause, "paused"); });
}
int run_resume(std::vector<std::string> arguments) {
  queue_name_line line{about_resume, "taskactor resume"};
  return answer(line.app, std::move(arguments),
                [&] { return control_queues(line, &store::resume, "resumed"); });
}
int run_limit(std::vector<std::string> arguments) {
  limit_line line;
  return answer(line.app, std::move(arguments), [&] { return limit_verb(line); });
}

int run_status_of_store(std::vector<std::string> arguments) {
  if (names_node(arguments))
    return run_status(std::move(arguments));
  store_status_line line;
  return answer(line.app, std::move(arguments), [&] {
    const auto found = value_of(line.open().survey());
    line.as_json ? put_json(survey_json(found)) : put(survey_text(found, output_width()));
    return static_cast<int>(all_completed);
  });
}

std::vector<verb_entry> control_entries() {
  return {entry_of(control_line{retrying()}.app, "retry", "Make ended jobs ready again", "[ID]..."),
          with_node(entry_of(control_line{cancelling()}.app, "cancel",
                             "Cancel jobs; with --node, a task of a node", "[ID]...")),
          entry_of(control_line{deleting()}.app, "delete", "Forget jobs", "[ID]..."),
          entry_of(queue_name_line{about_pause, "taskactor pause"}.app, "pause",
                   "Let nothing of a queue begin", "QUEUE..."),
          entry_of(queue_name_line{about_resume, "taskactor resume"}.app, "resume",
                   "Let a paused queue go on", "QUEUE..."),
          entry_of(limit_line{}.app, "limit", "Set what a limit of a store allows", "NAME"),
          with_node(entry_of(store_status_line{}.app, "status",
                             "Print the state of a store; with --node, the tasks of a node", ""))};
}

} // namespace taskactor::cli
