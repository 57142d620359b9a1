// `taskactor schedule add`, `list`, `preview`, `pause`, `resume`, `run`, `delete`: see queue_verbs.hpp.
#include "cli/command_line.hpp"
#include "cli/table.hpp"
#include "jobs/job_spec_line.hpp"
#include "jobs/queue_verbs.hpp"
#include "schedule/preview_verb.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>
#include <taskactor/queue/job_schedules.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <system_error>

namespace taskactor::cli {

namespace {

using nlohmann::ordered_json;

constexpr const char* about_add
    = "Writes a schedule into a store: at each time of the trigger `taskactor work` pushes the command "
      "behind "
      "`--`, or the task, as a job. What a trigger is, and when it fires, `taskactor preview` says.\n\n"
      "Of a command the store has what `taskactor push` writes of it. Commands are run from the default "
      "store, and by `taskactor work --commands`.";

const std::map<std::string, overlap_policy> overlaps{{"skip", overlap_policy::skip},
                                                     {"queue-one", overlap_policy::queue_one},
                                                     {"cancel-old", overlap_policy::cancel_old},
                                                     {"allow", overlap_policy::allow}};
const std::map<std::string, missed_policy> misses{
    {"latest", missed_policy::latest}, {"all", missed_policy::all}, {"none", missed_policy::none}};

template <class Value>
std::vector<std::string> names_of(const std::map<std::string, Value>& all) {
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const auto& [name, value] : all)
    names.push_back(name);
  return names;
}

struct add_line : job_spec_line {
  add_line() : job_spec_line(about_add, "taskactor schedule add") {
    app.add_option("NAME", name, "Of the schedule")->required()->type_name("");
    app.add_option("TRIGGER", trigger_text, "When: a trigger's text, or a line of cron, in quotes")
        ->required()
        ->type_name("");
    app.add_option("--zone", zone, "The zone of a trigger that names none (UTC): Europe/Berlin")
        ->type_name("ZONE");
    add_job_options();
    app.add_option("--overlap", overlap,
                   "What a fire does when --max-instances of its jobs haven't ended (default: skip)")
        ->type_name("skip|queue-one|cancel-old|allow")
        ->check(CLI::IsMember(names_of(overlaps)).description(""));
    app.add_option("--max-instances", most, "So many of its jobs at once (default: 1)")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20).description(""));
    app.add_option("--missed", missed,
                   "Which of the fires that nobody made in time are made up (default: latest)")
        ->type_name("latest|all|none")
        ->check(CLI::IsMember(names_of(misses)).description(""));
    add_time(app, "--missed-window", window, "Make none up that is later (default: whatever its time)");
    add_time(app, "--on-time", on_time, "One so late isn't missed (default: 10s)");
    add_time(app, "--jitter", jitter, "Each fire is up to so much later, each time the same");
    app.add_flag("--paused", paused, "It begins with a pause");
    add_run_options();
    add_share_options();
    add_json("What there is now, as a line of JSON");
    app.add_option("ARGUMENT", words, "Of the task, each as JSON")->type_name("");
    app.footer("Examples:\n"
               "  taskactor schedule add backup '0 3 * * *' --zone Europe/Berlin -- ./backup.sh\n"
               "  taskactor schedule add poll 'every 90s' --overlap queue-one --task poll '\"ann\"'");
  }

  job_schedule_options options() const {
    job_schedule_options made{.name = name,
                              .overlap = overlaps.at(overlap),
                              .max_instances = most,
                              .missed = misses.at(missed),
                              .paused = paused,
                              .job = job_options()};
    made.missed_window = window.value_or(made.missed_window);
    made.on_time = on_time.value_or(made.on_time);
    made.jitter = jitter;
    return made;
  }

  std::string name, trigger_text, zone, overlap = "skip", missed = "latest";
  std::optional<std::chrono::nanoseconds> window, on_time, jitter;
  std::size_t most = 1;
  bool paused = false;
};

// -- what is said of them ---------------------------------------------------

/// In the trigger's zone.
std::string time_text(fire_time when, const std::string& trigger_text) {
  const auto of = trigger::parse(trigger_text);
  return of ? to_rfc3339(when, of->zone()) : to_rfc3339(when);
}

std::string next_text(const job_schedule_info& of) {
  if (!of.unreadable.empty())
    return of.unreadable;
  if (of.paused)
    return "paused";
  return of.next ? time_text(of.next->nominal, of.trigger) : std::string{to_string(of.next.why)};
}

ordered_json json_of(const job_schedule_info& of) {
  ordered_json made{{"name", of.name}};
  if (!of.unreadable.empty()) {
    made["unreadable"] = of.unreadable;
    return made;
  }
  made["trigger"] = of.trigger;
  made["queue"] = of.queue;
  made["task"] = of.task;
  made["paused"] = of.paused;
  if (of.next)
    made["next"] = {{"nominal", to_rfc3339(of.next->nominal)}, {"due", to_rfc3339(of.next->due)}};
  else
    made["never"] = std::string{to_string(of.next.why)};
  if (of.last)
    made["last"] = to_rfc3339(*of.last);
  made["open"] = of.open;
  made["waiting"] = of.waiting;
  made["fired"] = of.counts.fired;
  made["made_up"] = of.counts.made_up;
  made["missed"] = of.counts.missed;
  made["skipped"] = of.counts.skipped;
  return made;
}

void print(const queue_line& line, const job_schedule_info& of) {
  if (line.as_json)
    put_json(json_of(of));
  else
    put("schedule " + detail::visible(of.name) + (of.paused ? ": " : ": next ") + next_text(of) + '\n');
}

int add_schedule(const add_line& line) {
  const auto when = trigger::parse(line.trigger_text, line.zone);
  if (!when)
    throw verb_failed{bad_usage, when.error().message};
  if (line.task.empty()) {
    const auto command = line.command_form();
    const job_schedules in{line.open(true)};
    print(line, value_of(detail::add_command_schedule(in, line.options(), *when, line.queue, command)));
    return all_completed;
  }
  const auto arguments = line.argument_form();
  const bool known = line.is_known_task();
  const job_schedules in{line.open(true)};
  print(line, value_of(known ? in.add_named(line.options(), *when, line.queue, line.task, arguments)
                             : in.add_unchecked(line.options(), *when, line.queue, line.task, arguments)));
  return all_completed;
}

// -- list -------------------------------------------------------------------

struct list_line : queue_line {
  list_line() : queue_line("Prints the schedules of a store, by name.", "taskactor schedule list") {
    add_json();
  }
};

int list_schedules(const list_line& line) {
  const job_schedules in{line.open()};
  std::vector<std::vector<std::string>> rows{
      {"NAME", "NEXT", "OPEN", "FIRED", "MISSED", "SKIPPED", "TRIGGER", "JOB"}};
  for (std::string after;;) {
    constexpr std::size_t at_once = 500;
    const auto page = value_of(in.list(after, at_once));
    for (const auto& each : page) {
      if (line.as_json)
        put_json(json_of(each));
      else
        rows.push_back({each.name, next_text(each), std::to_string(each.open.size()),
                        std::to_string(each.counts.fired), std::to_string(each.counts.missed),
                        std::to_string(each.counts.skipped), each.trigger, each.task});
    }
    if (page.size() < at_once)
      break;
    after = page.back().name;
  }
  if (!line.as_json && rows.size() > 1)
    put(table(std::move(rows), output_width()));
  return all_completed;
}

// -- one by its name --------------------------------------------------------

struct named_line : queue_line {
  named_line(const char* about, const char* name) : queue_line(about, name) {
    app.add_option("NAME", names, "Of the schedule")->required()->type_name("");
    add_json();
  }
  std::vector<std::string> names;
};

/// `act` says what has become of one; what it throws is said of it, and the others go on.
int for_each_name(const named_line& line,
                  const std::function<std::string(const job_schedules&, const std::string&)>& act) {
  const job_schedules in{line.open()};
  int code = all_completed;
  for (const auto& each : line.names)
    try {
      const auto said = act(in, each);
      if (line.as_json)
        put_json(ordered_json{{"name", each}, {"reply", said}});
      else
        put("schedule " + detail::visible(each) + ": " + said + '\n');
    } catch (const std::system_error& why) {
      // `store_failed`: this one can't be read, or the store can't, which the next one says as well.
      if (why.code() != errc::unknown_id && why.code() != errc::overlapping
          && why.code() != errc::store_failed)
        throw;
      say(detail::message_of(why), some_failed);
      code = std::max<int>(code, why.code() == errc::store_failed ? input_unreadable : some_failed);
    }
  return code;
}

struct schedule_line {
  schedule_line() {
    app.add_option("ACTION", action, "add, list, preview, pause, resume, run or delete")
        ->required()
        ->type_name("")
        ->check(CLI::IsMember(
                    std::vector<std::string>{"add", "list", "preview", "pause", "resume", "run", "delete"})
                    .description(""));
  }

  CLI::App app{"Looks after the schedules of a store, whose jobs `taskactor work` pushes:\n\n"
               "  add      writes one\n"
               "  list     prints them\n"
               "  preview  prints when one fires next\n"
               "  pause    lets them fire no more\n"
               "  resume   lets them fire again\n"
               "  run      pushes a job of them now\n"
               "  delete   deletes them; their jobs stay\n\n"
               "Each has its own help: taskactor schedule add --help",
               "taskactor schedule"};
  std::string action;
};

constexpr const char* about_schedule_pause
    = "Lets schedules fire no more until they are resumed. What they have pushed goes on.";
constexpr const char* about_schedule_resume
    = "Lets paused schedules fire again. The fires of the pause are skipped.";
constexpr const char* about_schedule_run
    = "Pushes a job of schedules now, beside those of their triggers; also of a paused one.";
constexpr const char* about_schedule_delete = "Deletes schedules. Their jobs stay.";

struct resume_line : named_line {
  resume_line() : named_line(about_schedule_resume, "taskactor schedule resume") {
    app.add_flag("--make-up", make_up, "The fires of the pause are missed ones, as --missed of `add` says");
  }
  bool make_up = false;
};

struct preview_of_line : queue_line {
  preview_of_line()
      : queue_line("Prints when a schedule fires next, as `taskactor preview` does of a trigger.",
                   "taskactor schedule preview") {
    app.add_option("NAME", name, "Of the schedule")->required()->type_name("");
    app.add_option("-n", count, "How many fires (5)")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}).description(""));
    app.add_flag("--utc", utc, "Times in UTC, not as the zone's clocks show them");
  }
  std::string name;
  std::size_t count = 5;
  bool utc = false;
};

} // namespace

int run_schedule_add(std::vector<std::string> arguments) {
  add_line line;
  line.take_command(arguments);
  return answer(line.app, std::move(arguments), [&] {
    line.check_job("taskactor schedule add NAME TRIGGER");
    return add_schedule(line);
  });
}

int run_schedule_list(std::vector<std::string> arguments) {
  list_line line;
  return answer(line.app, std::move(arguments), [&] { return list_schedules(line); });
}

int run_schedule_preview(std::vector<std::string> arguments) {
  preview_of_line line;
  return answer(line.app, std::move(arguments), [&] {
    const auto found = value_of(job_schedules{line.open()}.find(line.name));
    std::vector<std::string> words{found.trigger, "--name", line.name, "-n", std::to_string(line.count)};
    if (line.utc)
      words.emplace_back("--utc");
    return run_preview(std::move(words));
  });
}

int run_schedule_pause(std::vector<std::string> arguments) {
  named_line line{about_schedule_pause, "taskactor schedule pause"};
  return answer(line.app, std::move(arguments), [&] {
    return for_each_name(line, [](const job_schedules& in, const std::string& name) {
      return std::string{value_of(in.pause(name)) ? "paused" : "was paused before"};
    });
  });
}

int run_schedule_resume(std::vector<std::string> arguments) {
  resume_line line;
  return answer(line.app, std::move(arguments), [&] {
    return for_each_name(line, [&](const job_schedules& in, const std::string& name) {
      const auto how = line.make_up ? on_resume::make_up : on_resume::skip;
      return std::string{value_of(in.resume(name, how)) ? "resumed" : "wasn't paused"};
    });
  });
}

int run_schedule_run(std::vector<std::string> arguments) {
  named_line line{about_schedule_run, "taskactor schedule run"};
  return answer(line.app, std::move(arguments), [&] {
    return for_each_name(line, [](const job_schedules& in, const std::string& name) {
      const auto id = value_of(in.run_now(name));
      return id == 0 ? std::string{"waits for a job to end"} : "job " + std::to_string(id);
    });
  });
}

int run_schedule_delete(std::vector<std::string> arguments) {
  named_line line{about_schedule_delete, "taskactor schedule delete"};
  return answer(line.app, std::move(arguments), [&] {
    return for_each_name(line, [](const job_schedules& in, const std::string& name) {
      (void)value_of(in.remove(name));
      return std::string{"deleted"};
    });
  });
}

int run_schedule(std::vector<std::string> arguments) {
  schedule_line line;
  if (const auto code = parse(line.app, std::move(arguments)))
    return *code;
  return say("ACTION is the first word: taskactor schedule " + line.action, bad_usage);
}

std::vector<verb_entry> schedule_entries() {
  std::vector<verb_entry> all{
      entry_of(schedule_line{}.app, "schedule",
               "Look after the schedules of a store, whose jobs `work` pushes", "ACTION"),
      entry_of(add_line{}.app, "schedule add", "Write a schedule into a store",
               "NAME TRIGGER -- CMD [ARG]... | NAME TRIGGER --task TASK [JSON]..."),
      entry_of(list_line{}.app, "schedule list", "Print the schedules of a store", ""),
      entry_of(preview_of_line{}.app, "schedule preview", "Print when a schedule fires next", "NAME"),
      entry_of(named_line{about_schedule_pause, ""}.app, "schedule pause", "Let schedules fire no more",
               "NAME..."),
      entry_of(resume_line{}.app, "schedule resume", "Let paused schedules fire again", "NAME..."),
      entry_of(named_line{about_schedule_run, ""}.app, "schedule run", "Push a job of schedules now",
               "NAME..."),
      entry_of(named_line{about_schedule_delete, ""}.app, "schedule delete", "Delete schedules", "NAME...")};
  all[1].takes_command = true; // add
  for (auto& each : all)
    each.section = verb_section::schedules;
  return all;
}

} // namespace taskactor::cli
