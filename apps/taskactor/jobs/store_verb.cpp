// `taskactor store`: see queue_verbs.hpp.
#include "jobs/default_store.hpp"
#include "jobs/job_text.hpp"
#include "jobs/queue_line.hpp"
#include "jobs/queue_verbs.hpp"

#include <taskactor/detail/visible_text.hpp>

namespace taskactor::cli {

namespace {

struct store_line : queue_line {
  store_line()
      : queue_line(
          "Looks after a store:\n\n"
          "  check        says what is wrong with its tables; exit code 1 if anything is\n"
          "  migrate      brings it up to date, as any other verb does; makes it, if need be\n"
          "  backup FILE  writes a copy of it as it is now; jobs may go on meanwhile. Of a store on "
          "PostgreSQL pg_dump makes one\n"
          "  restored     to be said once a copy has been put in the store's place, before any worker "
          "runs: no token and no id that was given out since is given out again, and what workers "
          "had when the copy was made is ready\n"
          "  prune        forgets ended jobs whose time is over, as workers do by and by\n"
          "  export       prints all of each job as a line of JSON, the newest first",
          "taskactor store") {
    app.add_option("ACTION", action, "check, migrate, backup, restored, prune or export")
        ->required()
        ->type_name("")
        ->check(CLI::IsMember(
                    std::vector<std::string>{"check", "migrate", "backup", "restored", "prune", "export"})
                    .description(""));
    app.add_option("COPY", copy, "Of `backup`: a file that isn't there yet")->type_name("");
    add_json("As JSON");
  }
  std::string action, copy;
};

using nlohmann::ordered_json;

int check_store(const store_line& line) {
  const auto faults = value_of(line.open().check());
  if (line.as_json)
    put_json(ordered_json{{"faults", faults}});
  else if (faults.empty())
    put("all is well\n");
  for (const auto& each : faults)
    if (!line.as_json)
      put(detail::visible(each) + '\n');
  return faults.empty() ? all_completed : some_failed;
}

int migrate_store(const store_line& line) {
  const auto in = line.open(true);
  if (line.as_json)
    put_json(ordered_json{{"file", in.file()}});
  else
    put(detail::visible(in.file()) + " is up to date\n");
  return all_completed;
}

int back_up_store(const store_line& line) {
  if (line.copy.empty())
    throw verb_failed{bad_usage, "into which file? Say taskactor store backup FILE"};
  const auto made = value_of(line.open().backup(line.copy));
  if (line.as_json)
    put_json(ordered_json{{"file", made}});
  else
    put(detail::visible(made) + '\n');
  return all_completed;
}

int prune_store(const store_line& line) {
  const auto gone = value_of(line.open().prune());
  if (line.as_json)
    put_json(ordered_json{{"gone", gone}});
  else
    put(std::to_string(gone) + " forgotten\n");
  return all_completed;
}

int store_restored(const store_line& line) {
  const auto claims = value_of(line.open().restored());
  if (line.as_json)
    put_json(ordered_json{{"released", claims}});
  else
    put("tokens and ids begin anew above all that were given out; claims that are ready again: "
        + std::to_string(claims) + '\n');
  return all_completed;
}

/// Of a job that goes meanwhile there is no line.
int export_store(const store_line& line) {
  const auto from = line.open();
  for_each_page(from, {}, [&](const std::vector<job_info>& page) {
    std::vector<store_call<job_details>> calls;
    calls.reserve(page.size());
    for (const auto& each : page)
      calls.push_back(from.find(each.id));
    for (const auto& each : calls)
      if (const auto found = each.get())
        put_json(json_of(*found));
      else if (found.error().code != errc::unknown_job)
        throw error{found.error().code, found.error().message};
    return true;
  });
  return all_completed;
}

int act(const store_line& line) {
  if (!line.copy.empty() && line.action != "backup")
    throw verb_failed{bad_usage, line.action + " takes no file: \"" + line.copy + '"'};
  return line.action == "check"      ? check_store(line)
         : line.action == "migrate"  ? migrate_store(line)
         : line.action == "backup"   ? back_up_store(line)
         : line.action == "restored" ? store_restored(line)
         : line.action == "prune"    ? prune_store(line)
                                     : export_store(line);
}

} // namespace

int run_store(std::vector<std::string> arguments) {
  store_line line;
  return answer(line.app, std::move(arguments), [&] { return act(line); });
}

verb_entry push_entry();
verb_entry work_entry();
std::vector<verb_entry> job_entries();
std::vector<verb_entry> control_entries();
std::vector<verb_entry> schedule_entries();

std::vector<verb_entry> queue_verb_table() {
  std::vector<verb_entry> all{push_entry(), work_entry()};
  for (auto& more : {job_entries(), control_entries(), schedule_entries()})
    all.insert(all.end(), more.begin(), more.end());
  auto& store = all.emplace_back(entry_of(store_line{}.app, "store",
                                          "Check, migrate, back up, prune or export a store",
                                          "check | migrate | backup FILE | restored | prune | export"));
  store.words = {"check", "migrate", "backup", "restored", "prune", "export"};
  return all;
}

} // namespace taskactor::cli
